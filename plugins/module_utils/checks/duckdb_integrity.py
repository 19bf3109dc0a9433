# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``duckdb_integrity``: is the database whole, every value of it and its write-ahead log (AIMO-21)?"""

from __future__ import annotations

from typing import Any

from ..duckdb_inspection import STATE_OF_VERDICT, DuckdbInspection
from ..duckdb_integrity import DEFAULT_COPY_LIMIT_BYTES, inspect
from ..model import Observation, Reason
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True, "description": "The database file; it is never created."},
    "python": {"type": "path", "required": True, "description": "The application's interpreter, which has duckdb."},
    "tables": {"type": "list", "elements": "str", "default": [], "description": "Tables or views that must exist."},
    "copy_limit_bytes": {
        "type": "int",
        "default": DEFAULT_COPY_LIMIT_BYTES,
        "description": "Largest database that is copied and scanned in the copy; a larger one is scanned in place.",
    },
}
METRICS = {
    "size_bytes": "B",
    "wal_bytes": "B",
    "wal_transactions": "count",
    "block_count": "count",
    "damaged_blocks": "count",
    "damaged_tables": "count",
    "tables": "count",
    "rows": "count",
}
# The engine gives up at the deadline; looking must end a little earlier to be able to say why.
_RESERVE_SECONDS = 0.5


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Inspect the database within the check's time."""
    bounded = Context(context.now, context.deadline - _RESERVE_SECONDS, context.timezone)
    return observe(
        inspect(
            parameters["path"], parameters["python"], bounded, parameters["tables"], parameters["copy_limit_bytes"]
        ),
        parameters["python"],
    )


def observe(inspection: DuckdbInspection, python: str) -> Observation:
    """Turn an inspection into an Observation: every verdict has its reason and state."""
    scanned = inspection.duckdb_version is not None
    first = inspection.messages[0] if inspection.messages else ""
    return Observation(
        value=inspection.size_bytes,
        state=STATE_OF_VERDICT[inspection.verdict],
        reason=Reason(
            "duckdb_" + inspection.verdict,
            {
                "database": inspection.path,
                "first_message": first,
                "error": first,
                "tables": ", ".join(inspection.missing_tables or inspection.damaged_tables),
                "pid": inspection.pid,
                "python": python,
            },
        ),
        metrics={
            "size_bytes": inspection.size_bytes,
            "wal_bytes": inspection.wal_bytes,
            "wal_transactions": inspection.wal_transactions,
            "wal_state": inspection.wal_state,
            "block_count": inspection.block_count,
            "damaged_blocks": inspection.damaged_blocks,
            "damaged_tables": len(inspection.damaged_tables) if scanned else None,
            "tables": len(inspection.rows) + len(inspection.damaged_tables) if scanned else None,
            "rows": sum(inspection.rows.values()) if scanned else None,
        },
        evidence=list(inspection.messages),
        source=inspection.path,
    )
