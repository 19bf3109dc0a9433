# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove rows whose time is over from an SQLite database: planned, copied aside, counted, all or none (SBX-18)."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Iterable, Mapping, Sequence

from .errors import RunbooksError
from .rows_prune_copies import finished_copy, remove_old_copies
from .rows_prune_plan import Outcome, Rule, Settings, count_due, moments, named_error, number, plan, require_whole
from .sqlite_shapes import quoted, sql

if TYPE_CHECKING:
    import sqlite3

_COPIES = 3
_VACUUM_ROOM = 2
_POLL_SECONDS = 0.001


def prune(path: str, rules: Sequence[Rule], settings: Settings, now: float) -> Outcome:
    """Remove what is due.

    The database is copied aside first, while the application goes on, and the copy is read to its end. In one
    transaction the rows are compared with that copy, removed and counted: what is removed is in the copy, as it was.

    Args:
        path: the database.
        rules: what may go.
        settings: how.
        now: the host's clock, seconds since the epoch.

    Raises:
        RunbooksError: nothing was removed; says why.
        CheckError: the database cannot be read or copied.
        OSError: such as a full disk.
    """
    import sqlite3

    begun = time.monotonic()
    outcome = plan(path, rules, settings, now)
    if not any(outcome.planned.values()):
        return outcome
    values = moments(now, settings.timezone)
    deadline = begun + settings.seconds
    try:
        for _attempt in range(_COPIES):
            outcome.copy = finished_copy(path, settings.copy_directory, now, deadline, settings.busy_timeout_seconds)
            outcome.removed = _remove(path, rules, values, outcome, settings, deadline)
            if outcome.removed:
                break
        else:
            raise RunbooksError(
                f"The rows of {path} that are due change all the time", "Correct the condition: rows at rest are meant"
            )
        outcome.vacuum = _vacuum(path, settings, deadline)
    except sqlite3.Error as error:
        raise named_error(error, path, rules) from None
    require_whole(path, settings)
    outcome.removed_copies = remove_old_copies(path, settings.copy_directory, settings.keep_copies)
    outcome.size_after_bytes = os.stat(path).st_size
    outcome.seconds = round(time.monotonic() - begun, 3)
    return outcome


def _remove(
    path: str,
    rules: Sequence[Rule],
    values: Mapping[str, str],
    outcome: Outcome,
    settings: Settings,
    deadline: float,
) -> dict[str, int]:
    """Remove the rows in one transaction; nothing when they are not all in the copy as they are."""
    from contextlib import closing

    with closing(_connect(path, settings, deadline)) as connection:
        connection.execute("ATTACH DATABASE ? AS copy", (_uri(outcome.copy, "mode=ro&immutable=1"),))
        _begin(connection, settings)
        try:
            count_due(connection, rules, values, outcome)
            for rule in rules:
                table = quoted(rule.table)
                due = sql("SELECT * FROM main .", table, "WHERE (", rule.where, ")")
                missing = sql("SELECT count(*) FROM (", due, "EXCEPT SELECT * FROM copy .", table, ")")
                if number(connection, missing, values):
                    connection.execute("ROLLBACK")
                    return {}
            removed = _delete(connection, rules, values)
            if removed != outcome.planned:
                raise RunbooksError(f"{removed} rows would be removed of {path}, {outcome.planned} were planned")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    return removed


def _begin(connection: sqlite3.Connection, settings: Settings) -> None:
    """Take the writer's lock. SQLite itself asks too seldom to ever get it beside a program that writes all the time.

    Raises:
        sqlite3.OperationalError: it was never free.
    """
    import sqlite3

    patience = time.monotonic() + settings.busy_timeout_seconds
    connection.execute("PRAGMA busy_timeout = 0")
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= patience:
                raise
        time.sleep(_POLL_SECONDS)


def _delete(connection: sqlite3.Connection, rules: Iterable[Rule], values: Mapping[str, str]) -> dict[str, int]:
    removed: dict[str, int] = {}
    before = connection.total_changes
    for rule in rules:
        statement = sql("DELETE FROM main .", quoted(rule.table), "WHERE (", rule.where, ")")
        cursor = connection.execute(statement, dict(values))
        removed[rule.table] = removed.get(rule.table, 0) + cursor.rowcount
    others = connection.total_changes - before - sum(removed.values())
    if others:
        raise RunbooksError(
            f"A trigger or a reference would change {others} other rows",
            "Name their tables in the rules, too, and first",
        )
    return removed


def _connect(path: str, settings: Settings, deadline: float) -> sqlite3.Connection:
    import sqlite3

    connection = sqlite3.connect(
        _uri(path, "mode=rw"), uri=True, timeout=settings.busy_timeout_seconds, isolation_level=None
    )
    connection.set_progress_handler(lambda: int(time.monotonic() >= deadline), 10000)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _uri(path: str, parameters: str) -> str:
    from urllib.parse import quote

    return f"file:{quote(os.fsencode(os.path.abspath(path)))}?{parameters}"


def _vacuum(path: str, settings: Settings, deadline: float) -> str:
    """Make the file smaller when much of it is unused, there is room for it, and nobody is kept waiting for long."""
    import sqlite3
    from contextlib import closing

    with closing(_connect(path, settings, deadline)) as connection:
        pages, free = (number(connection, f"PRAGMA {figure}", {}) for figure in ("page_count", "freelist_count"))
        size = os.stat(path).st_size
        if 100.0 * free / max(1, pages) < settings.vacuum_free_percent:
            return "not_needed"
        if size > settings.vacuum_limit_bytes:
            return f"left out: {size} bytes would be rewritten while nobody can write"
        there = os.statvfs(os.path.dirname(os.path.realpath(path)))
        if there.f_bavail * there.f_frsize < _VACUUM_ROOM * size:
            return f"left out: {there.f_bavail * there.f_frsize} bytes are free, {_VACUUM_ROOM * size} are needed"
        try:
            connection.execute("VACUUM")
        except sqlite3.OperationalError as error:
            return f"left out: {error}"
    return "done"
