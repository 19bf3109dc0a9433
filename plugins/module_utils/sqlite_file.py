# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this file a whole SQLite database? Any bytes at all are an answer; nothing on the disk changes."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Sequence

from .scratch_directory import LeftBehindError
from .sqlite_header import Header, HeaderError, read_header
from .sqlite_inspection import DEPTHS, MESSAGES, SqliteInspection
from .sqlite_open import ATTEMPTS, DEFAULT_COPY_LIMIT_BYTES, connected, turn, verdict_of_error
from .sqlite_sidecars import COPY, SHARED_INDEX, Sidecars, choose_way, fingerprint, read_sidecars, still_valid

if TYPE_CHECKING:
    import sqlite3

DEFAULT_TIME_BUDGET_SECONDS = 60.0
_MESSAGE_CHARACTERS = 300
_MOMENT_SECONDS = 0.02


def inspect(
    path: str,
    depth: str = "quick",
    tables: Sequence[str] = (),
    foreign_keys: bool = True,
    busy_timeout_seconds: float = 5.0,
    time_budget_seconds: float | None = None,
    copy_limit_bytes: int = DEFAULT_COPY_LIMIT_BYTES,
) -> SqliteInspection:
    """Look at an SQLite database without changing it, its sidecars or their directory.

    A reader of a database in rollback mode holds a shared lock while it looks, so a writer's commit waits: the time
    budget bounds that wait. In WAL mode nobody waits.

    Args:
        path: the file; anything may be there.
        depth: ``header`` reads 100 bytes, ``quick`` runs ``PRAGMA quick_check``, ``full`` compares indexes as well.
        tables: names that must exist (tables or views).
        foreign_keys: look for references that lead nowhere, whether or not the application enforces them.
        busy_timeout_seconds: how long to wait for a writer's lock.
        time_budget_seconds: how long the look may take; None means 60 seconds.
        copy_limit_bytes: largest database that may be copied to the temporary directory, which is necessary only for
            a write-ahead log without its index.

    Raises:
        ValueError: for a depth that does not exist, nothing else.
    """
    if depth not in DEPTHS:
        raise ValueError("depth is {!r}, not one of {}".format(depth, ", ".join(DEPTHS)))
    begun = time.monotonic()
    deadline = begun + (DEFAULT_TIME_BUDGET_SECONDS if time_budget_seconds is None else time_budget_seconds)
    seen = SqliteInspection(path=path, verdict="unreadable", depth=depth)
    try:
        real = os.path.realpath(path)
        question = _Question(real, depth, tuple(tables), foreign_keys, busy_timeout_seconds, copy_limit_bytes)
        seen = _kind_of_file(seen, real)
        if seen.verdict == "ok":
            with turn(real, deadline - time.monotonic()) as taken:
                # The turn does not come when another check's look at the same file takes too long.
                seen = _inspect_file(seen, question, deadline) if taken else replace(seen, verdict="budget_exceeded")
    except FileNotFoundError:
        seen = replace(seen, verdict="missing")
    except (OSError, ValueError) as error:
        seen = replace(seen, verdict="unreadable", messages=(_line(error),))
    return replace(seen, seconds=round(time.monotonic() - begun, 3))


@dataclass(frozen=True)
class _Question:
    path: str
    depth: str
    tables: tuple[str, ...]
    foreign_keys: bool
    busy_timeout_seconds: float
    copy_limit_bytes: int


def _kind_of_file(seen: SqliteInspection, path: str) -> SqliteInspection:
    """Refuse everything that is not a regular file with content; verdict ``ok`` means: go on."""
    try:
        status = os.stat(path)
    except NotADirectoryError:
        return replace(seen, verdict="missing")
    if stat.S_ISDIR(status.st_mode):
        return replace(seen, verdict="is_directory")
    if not stat.S_ISREG(status.st_mode):
        return replace(seen, verdict="not_a_regular_file")
    return replace(seen, verdict="ok" if status.st_size else "empty", size_bytes=status.st_size)


def _inspect_file(seen: SqliteInspection, question: _Question, deadline: float) -> SqliteInspection:
    """Look at the file; look again when somebody opened it while it was read without locks."""
    found = seen
    for _attempt in range(ATTEMPTS):
        before = fingerprint(question.path)
        sidecars = read_sidecars(question.path)
        try:
            header = read_header(question.path)
        except HeaderError as reason:
            messages = (reason.message,) if reason.message else ()
            return replace(seen, verdict=reason.verdict, wal_bytes=sidecars.wal_bytes or 0, messages=messages)
        found = replace(
            seen,
            wal_bytes=sidecars.wal_bytes or 0,
            page_size=header.page_size,
            page_count=header.page_count,
            freelist_count=header.freelist_count,
            user_version=header.user_version,
            encoding=header.encoding,
            journal_mode="wal" if header.wal else "delete",
        )
        if sidecars.journal_hot and header.wal:
            # Without locks SQLite would read past this journal; it is what a crashed change of journal mode leaves.
            return _hot(found)
        if question.depth == "header":
            return _cut_short(found, header, sidecars)
        way = choose_way(header.wal, sidecars)
        found = _from_sqlite(replace(found, way=way), question, way, deadline)
        if found.verdict == "corrupt":
            found = _cut_short(found, header, sidecars)
        # A writer that opens or closes the database at this moment makes the shared index come and go.
        moment = way == SHARED_INDEX and found.verdict == "unreadable"
        if still_valid(way, before, question.path) and not moment:
            break
        time.sleep(_MOMENT_SECONDS if moment else 0)
    if sidecars.wal_bytes and not sidecars.wal_valid and found.verdict == "ok":
        return replace(found, messages=(f"SQLite ignores the {sidecars.wal_bytes} bytes of the write-ahead log",))
    return found


def _cut_short(seen: SqliteInspection, header: Header, sidecars: Sidecars) -> SqliteInspection:
    """Name a file that ends before its own header says it does."""
    expected, size = header.expected_bytes(), os.stat(os.path.realpath(seen.path)).st_size
    # A crashed checkpoint leaves the missing pages in the write-ahead log, a crashed commit leaves them in the journal.
    if expected is None or size >= expected or sidecars.wal_bytes or sidecars.journal_hot:
        return seen
    message = f"the file has {size} bytes, its header says {expected}"
    return replace(seen, verdict="truncated", messages=(message, *seen.messages[: MESSAGES - 1]))


def _from_sqlite(seen: SqliteInspection, question: _Question, way: str, deadline: float) -> SqliteInspection:
    import sqlite3

    seen = found = replace(seen, sqlite_version=sqlite3.sqlite_version)
    try:
        with connected(
            question.path, way, deadline, question.busy_timeout_seconds, question.copy_limit_bytes
        ) as connection:
            found = _ask(seen, question, way, connection)
    except LeftBehindError as left:
        # What is wrong with the database is said first. Nothing is well while a copy of its data lies about.
        if found.verdict == "ok":
            raise
        return replace(found, messages=(*found.messages[: MESSAGES - 1], _line(left)))
    except OverflowError:
        message = f"a write-ahead log without its index, and a copy would exceed {question.copy_limit_bytes} bytes"
        return replace(seen, verdict="wal_unread", messages=(message,))
    except TimeoutError:
        return replace(seen, verdict="budget_exceeded")
    except sqlite3.Error as error:
        verdict = verdict_of_error(error, question.path, time.monotonic() >= deadline)
        return _hot(seen) if verdict == "hot_journal" else replace(seen, verdict=verdict, messages=(_line(error),))
    return found


def _ask(seen: SqliteInspection, question: _Question, way: str, connection: sqlite3.Connection) -> SqliteInspection:
    """Run the checks in one read transaction, so that all figures belong to one moment."""
    connection.execute("BEGIN")
    names = {
        str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    }
    seen = replace(
        seen,
        page_size=_number(connection, "page_size"),
        page_count=_number(connection, "page_count"),
        freelist_count=_number(connection, "freelist_count"),
        user_version=_number(connection, "user_version"),
        missing_tables=tuple(name for name in question.tables if name not in names),
    )
    if not seen.wal_bytes and way != COPY and seen.page_count and seen.page_size:
        # Under the lock the figures cannot move; SQLite itself takes a cut last page for one that ends in zeros.
        size, expected = os.stat(question.path).st_size, seen.page_count * seen.page_size
        if size < expected:
            message = f"the file has {size} bytes, its {seen.page_count} pages need {expected}"
            return replace(seen, verdict="truncated", messages=(message,))
    pragma = "integrity_check" if question.depth == "full" else "quick_check"
    rows = [_line(row[0]) for row in connection.execute(f"PRAGMA {pragma}({MESSAGES})")]
    if rows != ["ok"]:
        return replace(seen, verdict="corrupt", messages=tuple(rows[:MESSAGES]))
    if seen.missing_tables:
        return replace(seen, verdict="tables_missing", messages=seen.missing_tables[:MESSAGES])
    if question.foreign_keys:
        count, examples = _foreign_key_violations(connection)
        verdict = "foreign_key_violations" if count else "ok"
        return replace(seen, verdict=verdict, foreign_key_violations=count, messages=tuple(examples))
    return replace(seen, verdict="ok")


def _foreign_key_violations(connection: sqlite3.Connection) -> tuple[int, list[str]]:
    count, examples = 0, []
    for table, rowid, parent, _index in connection.execute("PRAGMA foreign_key_check"):
        if count < MESSAGES:
            examples.append(_line(f"{table} row {rowid} refers to a row of {parent} that does not exist"))
        count += 1
    return count, examples


def _hot(seen: SqliteInspection) -> SqliteInspection:
    message = "a rollback journal holds an unfinished transaction: its writer ended in the middle of it"
    return replace(seen, verdict="hot_journal", messages=(message,))


def _number(connection: sqlite3.Connection, pragma: str) -> int | None:
    row = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(row[0]) if row else None


def _line(text: object) -> str:
    return " ".join(str(text).split())[:_MESSAGE_CHARACTERS]
