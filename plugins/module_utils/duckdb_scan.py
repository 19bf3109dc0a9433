# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read every value of a DuckDB database through its application's interpreter, and say what happened."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable

from .duckdb_program import kind_of_error
from .duckdb_reader import completed_program
from .duckdb_scan_program import MARK, scan
from .probe import Completed, Context

_LINE_CHARACTERS = 300
#: Words of DuckDB when the write-ahead log does not fit the file.
_REPLAY = "replaying WAL"


@dataclass(frozen=True)
class Scan:
    """What a scan said.

    Args:
        verdict: ``ok``, ``corrupt``, ``replay_failed``, ``crashed``, ``budget_exceeded``, ``in_use``,
            ``other_version``, ``not_a_database``, ``unreadable``, ``not_installed`` or ``interpreter_failed``.
        messages: what went wrong.
        rows: table to number of rows.
        damaged_tables: tables of which something could not be read.
        views: names of the views.
        pid: process that has the database open.
        duckdb_version: of the library.
    """

    verdict: str
    messages: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    damaged_tables: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    pid: int | None = None
    duckdb_version: str | None = None


def scan_file(python: str, database: str, context: Context) -> Scan:
    """Scan a database; what takes the interpreter down is tried once more, on one thread.

    A crash of the interpreter may be a fault of DuckDB's threads: only one that comes again belongs to the file.

    Raises:
        CheckError: ``duckdb_interpreter_missing`` or ``permission_denied``.
    """
    found = _scan_once(python, database, 2, context)
    if found.verdict != "crashed" or not context.remaining():
        return found
    again = _scan_once(python, database, 1, context)
    return again if again.verdict != "ok" else found_after_crash(again, found)


def found_after_crash(again: Scan, crashed: Scan) -> Scan:
    """Return the second scan with the first one's crash among its messages."""
    return Scan(
        again.verdict,
        (*again.messages, f"the first scan ended: {crashed.messages[0]}; the second one, on one thread, did not"),
        again.rows,
        again.damaged_tables,
        again.views,
        again.pid,
        again.duckdb_version,
    )


def _scan_once(python: str, database: str, threads: int, context: Context) -> Scan:
    request = {"database": database, "threads": threads}
    completed = completed_program(scan, python, request, context)
    return read_messages(_messages(completed.stdout), completed)


def _messages(text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        if line.startswith(MARK):
            try:
                found.append(json.loads(line[len(MARK) :]))
            except ValueError:
                continue  # The last line of a program that died while it wrote.
    return found


def read_messages(messages: list[dict[str, Any]], completed: Completed) -> Scan:
    """Turn what the program said, and how it ended, into a Scan."""
    rows: dict[str, int] = {}
    lines: list[str] = []
    damaged: list[str] = []
    views: tuple[str, ...] = ()
    place, version, finished, error, absent = "the interpreter's start", None, False, None, None
    for message in messages:
        place = message.get("at", place)
        version = message.get("duckdb_version", version)
        views = tuple(message.get("views", views))
        error = message.get("error", error) if "table" not in message else error
        absent = message.get("no_duckdb", absent)
        finished = finished or "done" in message
        if "rows" in message:
            rows[message["table"]] = message["rows"]
        elif "table" in message:
            damaged.append(message["table"])
            where = message["table"] + ("." + message["column"] if message["column"] else "")
            lines.append(_line(f"{where}: {message['error']}"))
    tables = tuple(dict.fromkeys(damaged))

    def ended(verdict: str, line: str = "", pid: int | None = None) -> Scan:
        return Scan(verdict, (*((_line(line),) if line else ()), *lines), rows, tables, views, pid, version)

    if absent:
        return ended("not_installed", absent)
    if error:
        named = kind_of_error(error)
        return ended(_verdict_of_error(named["kind"], error), error, named.get("pid"))
    if finished:
        return ended("corrupt" if lines else "ok")
    if completed.timed_out:
        return ended("budget_exceeded", f"the time was over at {place}")
    return _died(completed, place, ended)


def _died(completed: Completed, place: str, ended: Callable[[str, str], Scan]) -> Scan:
    number = -completed.returncode if completed.returncode < 0 else max(0, completed.returncode - 128)
    if number:
        return ended("crashed", f"signal {number} at {place}")
    last = completed.stderr.splitlines()[-1:] or [f"exit status {completed.returncode}"]
    return ended("interpreter_failed", last[0])


def _verdict_of_error(kind: str, error: str) -> str:
    if _REPLAY in error:
        return "replay_failed"
    if kind in ("in_use", "other_version", "not_a_database"):
        return kind
    return "unreadable" if kind == "permission_denied" else "corrupt"


def _line(text: object) -> str:
    return " ".join(str(text).split())[:_LINE_CHARACTERS]
