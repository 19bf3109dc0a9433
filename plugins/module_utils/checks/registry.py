# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of all check kinds, and how one of them is imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import ProfileError
from .parameters import did_you_mean

KINDS = (
    "access_log",
    "backup_set",
    "certificate",
    "command",
    "cpu",
    "directory_size",
    "disk",
    "duckdb_query",
    "file",
    "http",
    "jsonl_log",
    "lock",
    "log_size",
    "memory",
    "model_recency",
    "retention",
    "security_updates",
    "service",
    "sqlite",
    "sqlite_query",
    "work_directories",
)


def load(kind: str) -> Any:
    """Import one kind.

    Only what is asked for is imported: on a host, imports are most of what a look costs.

    Raises:
        ProfileError: names the kind and the choices.
    """
    if kind not in KINDS:
        raise ProfileError(
            f"There is no check kind {kind!r}{did_you_mean(kind, KINDS)}", "Kinds: {}".format(", ".join(KINDS))
        )
    return importlib.import_module("{}.{}".format(__name__.rpartition(".")[0], kind))
