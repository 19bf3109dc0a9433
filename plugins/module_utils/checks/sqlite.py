# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``sqlite``: is the database whole (EST-17)?"""

from __future__ import annotations

from typing import Any

from ..model import Observation, Reason
from ..probe import Context
from ..sqlite_file import inspect
from ..sqlite_inspection import DEPTHS, STATE_OF_VERDICT, SqliteInspection

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True, "description": "The database file."},
    "depth": {
        "type": "str",
        "choices": list(DEPTHS),
        "default": "quick",
        "description": "How deep to look: the header only, every page, or every page and every index.",
    },
    "tables": {"type": "list", "elements": "str", "default": [], "description": "Tables or views that must exist."},
    "foreign_keys": {"type": "bool", "default": True, "description": "Count references that lead nowhere."},
    "busy_timeout_seconds": {"type": "float", "default": 5.0, "description": "How long to wait for a writer."},
    "time_budget_seconds": {
        "type": "float",
        "description": "How long the look may take; the check's own time limit when not given.",
    },
}
METRICS = {
    "size_bytes": "B",
    "wal_bytes": "B",
    "freelist_percent": "%",
    "page_count": "count",
    "user_version": "",
    "foreign_key_violations": "count",
}
# The engine gives up at the deadline; looking must end a little earlier to be able to say why.
_RESERVE_SECONDS = 0.3


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Inspect the database within the check's time."""
    available = max(0.0, context.remaining() - _RESERVE_SECONDS)
    asked = parameters["time_budget_seconds"]
    inspection = inspect(
        parameters["path"],
        depth=parameters["depth"],
        tables=parameters["tables"],
        foreign_keys=parameters["foreign_keys"],
        busy_timeout_seconds=parameters["busy_timeout_seconds"],
        time_budget_seconds=available if asked is None else min(asked, available),
    )
    return observe(inspection)


def observe(inspection: SqliteInspection) -> Observation:
    """Turn an inspection into an Observation: every verdict has its reason and state."""
    pages, free = inspection.page_count, inspection.freelist_count
    return Observation(
        value=inspection.size_bytes,
        state=STATE_OF_VERDICT[inspection.verdict],
        reason=Reason(
            "sqlite_" + inspection.verdict,
            {
                "path": inspection.path,
                "first_message": inspection.messages[0] if inspection.messages else "",
                "tables": ", ".join(inspection.missing_tables),
                "violations": inspection.foreign_key_violations,
                "depth": inspection.depth,
            },
        ),
        metrics={
            "size_bytes": inspection.size_bytes,
            "wal_bytes": inspection.wal_bytes,
            "freelist_percent": round(100.0 * free / pages, 2) if pages and free is not None else None,
            "page_count": pages,
            "user_version": inspection.user_version,
            "foreign_key_violations": inspection.foreign_key_violations,
            "journal_mode": inspection.journal_mode,
        },
        evidence=list(inspection.messages),
        source=inspection.path,
    )
