# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rows of an SQLite database are due to be removed: counted by conditions that can only read (SBX-18)."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence

from .errors import CheckError, RunbooksError
from .sqlite_file import inspect
from .sqlite_open import read
from .sqlite_reader import only_reads
from .sqlite_shapes import quoted, sql
from .zones import zone

if TYPE_CHECKING:
    import sqlite3

_WELL = ("ok", "foreign_key_violations")


@dataclass(frozen=True)
class Rule:
    """Rows that may go.

    Args:
        table: that they are in.
        where: SQL condition; it may use ``:now_utc`` and ``:now_local``, texts such as 2026-01-31 23:59:59.
        never: SQL condition of rows that must not go, whatever ``where`` says; empty for none.
    """

    table: str
    where: str
    never: str = ""


@dataclass(frozen=True)
class Settings:
    """How to go about it.

    Args:
        timezone: IANA name of the zone of ``:now_local``.
        copy_directory: where the database is copied to before anything is removed.
        keep_copies: how many of these copies stay.
        busy_timeout_seconds: how long to wait for a writer.
        vacuum_free_percent: share of unused pages from which the file is made smaller; 100 never does it.
        vacuum_limit_bytes: largest database for that: nobody can write meanwhile.
        seconds: how long all of it may take.
    """

    timezone: str
    copy_directory: str
    keep_copies: int = 3
    busy_timeout_seconds: float = 10.0
    vacuum_free_percent: float = 25.0
    vacuum_limit_bytes: int = 256 * 1024 * 1024
    seconds: float = 600.0


@dataclass
class Outcome:
    """What is due, and what was done.

    Attributes:
        planned: table to number of rows due.
        kept: table to number of rows of the table that stay.
        removed: table to number of rows removed.
        copy: the database as it was before.
        removed_copies: older copies that were removed.
        vacuum: what became of the unused pages: ``not_needed``, ``when_worth_it`` in a plan, ``done``, or why it was
            left out.
        size_before_bytes: of the database file.
        size_after_bytes: of the database file.
        seconds: how long it took.
    """

    planned: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    copy: str = ""
    removed_copies: list[str] = field(default_factory=list)
    vacuum: str = "not_needed"
    size_before_bytes: int = 0
    size_after_bytes: int = 0
    seconds: float = 0.0


def moments(now: float, timezone: str) -> dict[str, str]:
    """Return the values of ``:now_utc`` and ``:now_local``.

    Args:
        now: seconds since the epoch.
        timezone: IANA name.

    Raises:
        CheckError: ``timezone_unknown``.
    """
    offset = zone(timezone).offset(now)
    return {
        "now_utc": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)),
        "now_local": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now + offset)),
    }


def plan(path: str, rules: Sequence[Rule], settings: Settings, now: float) -> Outcome:
    """Count what is due. Nothing on the disk changes.

    Args:
        path: the database.
        rules: what may go.
        settings: how.
        now: the host's clock, seconds since the epoch.

    Raises:
        RunbooksError: the database is not whole, a rule is wrong, or would remove what must not go.
        CheckError: the database cannot be read.
    """
    import sqlite3

    begun = time.monotonic()
    require_whole(path, settings)
    values = moments(now, settings.timezone)
    outcome = Outcome(size_before_bytes=os.stat(path).st_size, size_after_bytes=os.stat(path).st_size)

    def use(connection: sqlite3.Connection) -> None:
        # Conditions come from a profile: whatever they say, they read.
        connection.set_authorizer(only_reads)
        count_due(connection, rules, values, outcome)

    try:
        read(path, settings.seconds, settings.busy_timeout_seconds, use)
    except sqlite3.Error as error:
        raise named_error(error, path, rules) from None
    if any(outcome.planned.values()):
        outcome.vacuum = "when_worth_it"
    outcome.seconds = round(time.monotonic() - begun, 3)
    return outcome


def require_whole(path: str, settings: Settings) -> None:
    """Refuse a database that is not whole.

    Raises:
        RunbooksError: says what it is.
    """
    found = inspect(path, "quick", busy_timeout_seconds=settings.busy_timeout_seconds, foreign_keys=False)
    if found.verdict not in _WELL:
        raise RunbooksError(
            "{} is {}: {}".format(path, found.verdict, "; ".join(found.messages[:3]) or "nothing was removed"),
            "Rows are removed from a whole database only",
        )


def count_due(
    connection: sqlite3.Connection, rules: Iterable[Rule], values: Mapping[str, str], outcome: Outcome
) -> None:
    """Note how many rows of each table are due, and how many stay.

    Raises:
        RunbooksError: rows are due that must never go.
    """
    outcome.planned, outcome.kept = {}, {}
    for rule in rules:
        due = number(connection, sql("SELECT count(*) FROM", quoted(rule.table), "WHERE (", rule.where, ")"), values)
        everything = number(connection, sql("SELECT count(*) FROM", quoted(rule.table)), {})
        if rule.never:
            both = sql("SELECT count(*) FROM", quoted(rule.table), "WHERE (", rule.where, ") AND (", rule.never, ")")
            protected = number(connection, both, values)
            if protected:
                raise RunbooksError(
                    f"{protected} rows of {rule.table} that are due must never go: {rule.never}",
                    "Correct the condition",
                )
        outcome.planned[rule.table] = outcome.planned.get(rule.table, 0) + due
        outcome.kept[rule.table] = everything - outcome.planned[rule.table]


def number(connection: sqlite3.Connection, statement: str, values: Mapping[str, str]) -> int:
    """Return the figure that a statement has."""
    return int(connection.execute(statement, dict(values)).fetchone()[0])


def named_error(error: Exception, path: str, rules: Sequence[Rule]) -> RunbooksError:
    """Say what SQLite refused to do."""
    text = " ".join(str(error).split())[:300]
    if "locked" in text or "busy" in text:
        return RunbooksError(f"{path} is being written to: {text}", "Nothing was removed; try again later")
    if "interrupted" in text:
        return RunbooksError(f"{path}: the time was over", "Nothing was removed; allow more time")
    if "disk I/O" in text or "disk is full" in text or "readonly" in text or "unable to open" in text:
        return RunbooksError(f"{path}: {text}{_room_beside(path)}", "Nothing was removed; look at the file system")
    tables = ", ".join(rule.table for rule in rules)
    return RunbooksError(f"{path}: {text}", f"Nothing was removed; compare the rules ({tables}) with the tables")


def _room_beside(path: str) -> str:
    """Say what SQLite does not: the journal and the shared memory beside a database need room, too."""
    try:
        there = os.statvfs(os.path.dirname(os.path.realpath(path)))
    except OSError as error:
        return f" ({os.strerror(error.errno or 0)})"
    if there.f_flag & os.ST_RDONLY:
        return " (Read-only file system)"
    return f" ({there.f_bavail * there.f_frsize} bytes are free)"


def explain(error: Exception) -> str:
    """Return one line for an error of the library."""
    if isinstance(error, CheckError):
        fields = ", ".join("{} {}".format(*pair) for pair in sorted(error.fields.items()) if pair[1])
        return "{}: {}".format(error.reason_id.replace("_", " ").capitalize(), fields)
    return str(error)


def parse_rules(rules: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """Return the rules of a profile."""
    return [Rule(str(one["table"]), str(one["where"]), str(one.get("never") or "")) for one in rules]
