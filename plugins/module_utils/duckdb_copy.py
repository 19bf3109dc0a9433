# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a DuckDB database, or read a copy as a whole, through the interpreter of the application that owns it."""

from __future__ import annotations

import os
import time
from typing import Any, Callable

from .backup_records import Table
from .duckdb_copy_program import answer as _program_entry
from .duckdb_reader import run_program
from .errors import CheckError
from .probe import Context

_ERROR_CHARACTERS = 300
_PAUSE_SECONDS = 1.0
_STATE_OF_FAULT = {"missing": "critical", "not_a_database": "critical", "damaged": "critical", "differs": "critical"}


def copy_database(
    python: str,
    database: str,
    target: str,
    method: str,
    remaining: Callable[[], float],
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, Table], str]:
    """Copy a database; the copy is read as a whole and compared with the original.

    Args:
        python: the application's interpreter, one that can import ``duckdb``.
        database: the file; it is only read.
        target: what is made: a file for ``copy``, a directory of Parquet files for ``export``.
        method: ``copy`` or ``export``.
        remaining: seconds that are left for all of it.
        wait_seconds: how long to wait for a program that holds the database for writing.
        sleep: waits.

    Returns:
        The tables, and DuckDB's version.

    Raises:
        CheckError: ``duckdb_in_use {pid}`` when the wait was in vain, ``duckdb_missing``, ``duckdb_damaged``,
            ``duckdb_differs``, ``duckdb_not_a_database``, ``duckdb_other_version``, ``duckdb_not_installed``,
            ``duckdb_interpreter_missing``, ``duckdb_crashed``, ``duckdb_timed_out``.
        OSError: such as a full disk.
    """
    request = {"do": method, "database": os.path.abspath(database), "target": os.path.abspath(target)}
    waited_until = time.monotonic() + wait_seconds
    while True:
        reply = _ask(python, request, remaining)
        error = reply.get("error")
        if error is None:
            return _tables(reply), str(reply["version"])
        if error["kind"] != "in_use" or time.monotonic() >= waited_until:
            raise _fault(error, python, database, target)
        sleep(min(_PAUSE_SECONDS, max(0.0, waited_until - time.monotonic())))


def survey(python: str, path: str, method: str, remaining: Callable[[], float]) -> dict[str, Table]:
    """Read every column of every table of a copy and return its tables.

    Args:
        python: the application's interpreter.
        path: of the copy.
        method: how it was made, ``copy`` or ``export``.
        remaining: seconds that are left.

    Raises:
        CheckError: as :func:`copy_database`.
        OSError: it cannot be read.
    """
    reply = _ask(python, {"do": "survey", "method": method, "database": os.path.abspath(path)}, remaining)
    if reply.get("error"):
        raise _fault(reply["error"], python, path)
    return _tables(reply)


def import_database(
    python: str, directory: str, target: str, remaining: Callable[[], float]
) -> tuple[dict[str, Table], str]:
    """Make a database of an export, read every column of every table of it, and return its tables and DuckDB's version.

    The statements of the export are run: whoever calls this knows that they are what a backup has written.

    Args:
        python: the application's interpreter.
        directory: of the export.
        target: the new database; nothing may be there.
        remaining: seconds that are left.

    Raises:
        CheckError: as :func:`copy_database`.
        OSError: such as a full disk.
    """
    request = {"do": "import", "database": os.path.abspath(directory), "target": os.path.abspath(target)}
    reply = _ask(python, request, remaining)
    if reply.get("error"):
        raise _fault(reply["error"], python, directory)
    return _tables(reply), str(reply["version"])


def export_tables(
    python: str, database: str, names: list[str], directory: str, remaining: Callable[[], float]
) -> tuple[dict[str, int], dict[str, str]]:
    """Copy tables of a damaged database into Parquet files, as far as they can be read.

    Args:
        python: the application's interpreter.
        database: the file, or a copy of it; it is only read.
        names: of the tables, each ``SCHEMA.TABLE``.
        directory: for the files; it exists.
        remaining: seconds that are left.

    Returns:
        Rows of each table that was copied, and why each other one was not.

    Raises:
        CheckError: as :func:`copy_database`.
        OSError: such as a full disk.
    """
    request = {"do": "tables", "database": database, "target": directory, "names": names}
    reply = _ask(python, request, remaining)
    if reply.get("error"):
        raise _fault(reply["error"], python, database)
    return reply["rows"], reply["failed"]


def _tables(reply: dict[str, Any]) -> dict[str, Table]:
    import hashlib

    return {
        name: Table(found["rows"], hashlib.sha256(found["schema"].encode()).hexdigest(), found["newest"])
        for name, found in reply["tables"].items()
    }


def _ask(python: str, request: dict[str, Any], remaining: Callable[[], float]) -> dict[str, Any]:
    context = Context(now=time.time(), deadline=time.monotonic() + remaining())
    return run_program(_program_entry, python, request, context)


def _fault(error: dict[str, Any], python: str, database: str, written: str | None = None) -> Exception:
    message = " ".join(str(error.get("message", "")).split())[:_ERROR_CHARACTERS]
    if error["kind"] == "system":
        return OSError(error.get("errno"), message, written or database)
    if error["kind"] == "no_duckdb":
        return CheckError("duckdb_not_installed", python=python, error=message)
    if error["kind"] == "permission_denied":
        return CheckError("permission_denied", path=database)
    state = _STATE_OF_FAULT.get(error["kind"], "unknown")
    return CheckError("duckdb_" + error["kind"], state=state, database=database, error=message, pid=error.get("pid"))
