# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways out of a corrupt database, each with what it would lose: restore, salvage, reset."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from typing import Any, Mapping

from . import duckdb_integrity, sqlite_file
from .backup_items import BackupSet, find_sets
from .backup_manifest import has_manifest, read_manifest
from .backup_records import ManifestError
from .database_recovery import RESET, RESTORE, SALVAGE, Place
from .errors import CheckError, RunbooksError
from .probe import Context
from .scratch_directory import scratch_directory
from .sqlite_salvage import salvage

#: Verdicts that prove that the content is damaged or gone. What nobody could look at is no proof.
CORRUPT = frozenset(
    (
        "missing",
        "empty",
        "not_a_database",
        "truncated",
        "corrupt",
        "tables_missing",
        "wal_corrupt",
        "wal_foreign",
        "scan_crashed",
    )
)
WHOLE = frozenset(("ok", "foreign_key_violations", "wal_torn"))
_NAMED = 8
#: There is something of the content left to be read.
_READABLE = frozenset(("truncated", "corrupt", "not_a_database", "tables_missing"))


def look(place: Place, tables: list[str], python: str | None, seconds: float) -> dict[str, Any]:
    """Return what the database is: ``verdict``, ``messages``, and the figures of its kind.

    Args:
        place: of the database.
        tables: that must exist.
        python: the application's interpreter, for DuckDB.
        seconds: how long it may take.
    """
    if place.type == "duckdb":
        context = Context(time.time(), time.monotonic() + seconds)
        found: Any = duckdb_integrity.inspect(place.path, python or "python3", context, tables)
    else:
        found = sqlite_file.inspect(place.path, "full", tables, time_budget_seconds=seconds, foreign_keys=False)
    return {name: value for name, value in asdict(found).items() if value is not None}


def ways_of(
    place: Place,
    found: Mapping[str, Any],
    backup: Mapping[str, Any],
    now: float,
    seconds: float,
    schema_from: str | None,
    timezone: str,
) -> list[dict[str, Any]]:
    """Return the ways in their order of preference, with what each of them would lose.

    Args:
        place: of the database.
        found: what :func:`look` has found.
        backup: ``directory`` of the sets and ``item``, the database's name in them; empty without backups.
        now: the clock, seconds since the epoch.
        seconds: how long trying a salvage may take.
        schema_from: a whole database of the same application.
        timezone: IANA name of the zone of the sets' names.
    """
    return [
        _restore(backup, now, timezone),
        _salvage(place, str(found["verdict"]), seconds, schema_from) if place.type == "sqlite" else _no_salvage(found),
        {"way": RESET, "possible": True, "loses": "everything: the application begins with an empty database"},
    ]


def newest_copy(backup: Mapping[str, Any], timezone: str) -> str | None:
    """Return the database of the newest backup set that has it and is an SQLite database, None without one.

    Args:
        backup: ``directory`` of the sets and ``item``.
        timezone: IANA name of the zone of the sets' names.
    """
    for one in _sets(backup, timezone):
        path = os.path.join(one.path, str(backup["item"]))
        if sqlite_file.inspect(path, "header").verdict == "ok":
            return path
    return None


def _sets(backup: Mapping[str, Any], timezone: str) -> list[BackupSet]:
    try:
        return find_sets(str(backup["directory"]), r"\d{8}_\d{6}", "%Y%m%d_%H%M%S", timezone)[0]
    except (CheckError, RunbooksError, OSError, KeyError):
        return []


def _restore(backup: Mapping[str, Any], now: float, timezone: str) -> dict[str, Any]:
    directory, item = backup.get("directory"), backup.get("item")
    if not directory or not item:
        return {"way": RESTORE, "possible": False, "loses": "the profile names no backup of it"}
    for one in _sets(backup, timezone):
        # A DuckDB that was exported is a directory there.
        if not os.path.exists(os.path.join(one.path, str(item))):
            continue
        hours = round((now - one.made) / 3600, 1)
        found = {"way": RESTORE, "possible": True, "set": one.name, "age_hours": hours}
        found["loses"] = f"what was written in the last {hours} hours: the newest set is {one.name}"
        found["rows"] = _rows_of_set(one.path, str(item))
        return found
    return {"way": RESTORE, "possible": False, "loses": f"{directory} holds no set with {item}"}


def _rows_of_set(path: str, item: str) -> dict[str, int | None]:
    """Return the rows that a set says it has of each table; nothing where it does not say."""
    if not has_manifest(path):
        return {}
    try:
        return {name: table.rows for name, table in read_manifest(path).item(item).tables.items()}
    except ManifestError:
        return {}


def _no_salvage(found: Mapping[str, Any]) -> dict[str, Any]:
    """Say that a DuckDB database is not salvaged, and what of it can be read nevertheless."""
    rows = dict(found.get("rows") or {})
    words = "a DuckDB database is not salvaged: no tool reads what its checksums refuse"
    if rows:
        tables = ", ".join(f"{name} ({count} rows)" for name, count in sorted(rows.items())[:_NAMED])
        words += f"; whole tables go into Parquet files beside the copy, whichever way is chosen: {tables}"
        words += f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    lost = ", ".join(list(found.get("damaged_tables") or ())[:_NAMED])
    words += f"; damaged: {lost}" if lost else ""
    return {"way": SALVAGE, "possible": False, "loses": words, "rows": rows}


def _salvage(place: Place, verdict: str, seconds: float, schema_from: str | None) -> dict[str, Any]:
    if verdict not in _READABLE:
        return {"way": SALVAGE, "possible": False, "loses": f"the database is {verdict}"}
    try:
        with scratch_directory("aiops-recover-") as folder:
            report = salvage(place.path, os.path.join(folder, "tried.db"), seconds, schema_from)
    except (RunbooksError, OSError) as error:
        return {"way": SALVAGE, "possible": False, "loses": str(error)}
    lost = sum(one.rows_lost for one in report.tables.values())
    more = sorted(name for name, one in report.tables.items() if one.more_lost)
    words = f"{lost} rows that are known" + (f", and more of {', '.join(more)} that nobody can count" if more else "")
    return {
        "way": SALVAGE,
        "possible": report.rows > 0 or report.lost_and_found > 0,
        "loses": f"{words}; {report.rows} rows come back, {report.lost_and_found} more without a table",
        "rows": {name: one.rows for name, one in report.tables.items()},
        "rows_lost": {name: one.rows_lost for name, one in report.tables.items() if one.rows_lost},
        "more_lost": more,
        "lost_and_found": report.lost_and_found,
    }
