# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of all check kinds, and how one of them is imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import Any, Mapping

from ..errors import ProfileError
from .parameters import did_you_mean

KINDS = (
    "access_log",
    "backup_set",
    "certificate",
    "command",
    "command_in_container",
    "compose_service",
    "cpu",
    "database_lock",
    "diagnosis",
    "directory_size",
    "disk",
    "drift",
    "duckdb_integrity",
    "duckdb_query",
    "duckdb_tempdir",
    "durations",
    "error_log",
    "file",
    "file_stability",
    "http",
    "journal",
    "json_file",
    "json_records",
    "jsonl_log",
    "lock",
    "log_size",
    "memory",
    "metrics_names",
    "metrics_query",
    "model_files",
    "model_recency",
    "personal_data",
    "process_usage",
    "rate_limit_probe",
    "recent_lines",
    "retention",
    "security_updates",
    "service",
    "settings",
    "sqlite",
    "sqlite_query",
    "table_header",
    "text_encoding",
    "text_log",
    "trial_run",
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


def kinds_asked(kind: str, parameters: Mapping[str, Any]) -> set[str]:
    """Return a kind and those of the checks that it asks in turn: all of them have to be where it looks."""
    inner = getattr(load(kind), "probes", None)
    return {kind, *(str(check["kind"]) for check in (inner(parameters) if inner else ()))}
