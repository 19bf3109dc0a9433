# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of one look do together when some of them read logs."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ..probe import Context
from .shared import SharedLogs, shared_logs
from .workers import Worker, start_for


def prepare(
    asked: Sequence[tuple[Any, Mapping[str, Any]]], context: Context
) -> tuple[dict[int, list[Worker]], SharedLogs | None]:
    """Start the processes that count large logs, and find the logs that several checks read.

    A kind that reads logs has this function as its ``TOGETHER``. It is called while the process has one thread only.

    Args:
        asked: kind and parameters of each check of the look.
        context: of the look.
    """
    return start_for(asked, context), shared_logs([parameters for _kind, parameters in asked])
