# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be read of a damaged DuckDB: its whole tables as Parquet files beside the copy of it; no salvage."""

from __future__ import annotations

import os
import time
from typing import Any, Mapping

from .database_recovery import KEPT, READY, Place, Record, note_report, read_record
from .errors import CheckError

DIRECTORY = "readable"


def save_readable(place: Place, python: str, found: Mapping[str, Any], seconds: float) -> Record:
    """Export the tables that were read to their end; nothing of a recovery depends on it, and it fails nothing.

    Args:
        place: of the database, which was copied aside.
        python: the application's interpreter.
        found: what was found wrong with it: ``rows`` has those tables.
        seconds: how long it may take.

    Returns:
        The record; its report has ``directory``, ``rows`` and ``not_exported`` by table.
    """
    from .duckdb_copy import export_tables

    record, names = read_record(place), sorted(found.get("rows") or {})
    if record.phase not in (KEPT, READY) or record.report or not names:
        return record
    deadline = time.monotonic() + seconds
    directory = os.path.join(record.aside, DIRECTORY)
    copy = os.path.join(record.aside, os.path.basename(place.path))
    report: dict[str, Any] = {"directory": directory, "rows": {}, "not_exported": {}}
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        report["rows"], report["not_exported"] = export_tables(
            python, copy, names, directory, lambda: deadline - time.monotonic()
        )
    except (CheckError, OSError) as error:
        report["not_exported"] = {name: str(error) for name in names}
    return note_report(place, report)
