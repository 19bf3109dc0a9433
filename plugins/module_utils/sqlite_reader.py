# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an SQLite database, with SQL that can only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import CheckError
from .probe import Context
from .query_result import Answer, table_answer
from .sqlite_open import read, verdict_of_error

if TYPE_CHECKING:
    import sqlite3

# The engine gives up at the deadline; SQLite must be interrupted a little earlier to be able to say why.
_RESERVE_SECONDS = 0.3
_ERROR_CHARACTERS = 300
# Numbers of SQLite's authorizer: read a column, select, call a function, recurse.
_READ, _SELECT, _FUNCTION, _RECURSIVE = 20, 21, 31, 33
_FORBIDDEN_FUNCTIONS = frozenset(("load_extension", "writefile", "edit", "fts3_tokenizer"))


def ask(
    path: str, queries: dict[str, dict[str, Any]], context: Context, busy_timeout_seconds: float = 5.0
) -> dict[str, Answer]:
    """Run all queries in one read transaction.

    Args:
        path: the database; it is never created, nothing beside it either.
        queries: name to {``sql``, ``parameters``, ``maximum_rows``}.
        context: bounds the time.
        busy_timeout_seconds: how long to wait for a writer's lock.

    Raises:
        CheckError: ``sqlite_query_failed {query, error}`` (a missing table, wrong SQL), ``sqlite_query_denied`` (SQL
            that does not only read), or the reason that kind ``sqlite`` would give for the state of the file.
    """
    import sqlite3

    seconds = max(0.0, context.remaining() - _RESERVE_SECONDS)
    asking = ""

    def use(connection: sqlite3.Connection) -> dict[str, Answer]:
        nonlocal asking
        connection.set_authorizer(only_reads)
        answers = {}
        for asking, query in queries.items():
            answers[asking] = _answer(connection, path, asking, query)
        return answers

    try:
        return read(path, seconds, busy_timeout_seconds, use)
    except sqlite3.Error as error:
        raise _named(error, path, asking, context.remaining() <= _RESERVE_SECONDS) from None


def only_reads(action: int, first: str | None, second: str | None, _database: str | None, _source: str | None) -> int:
    """Let SQLite prepare statements that read and no others (an authorizer: 0 allows, 1 denies)."""
    if action == _FUNCTION and str(second).lower() in _FORBIDDEN_FUNCTIONS:
        return 1
    return 0 if action in (_READ, _SELECT, _FUNCTION, _RECURSIVE) else 1


def _answer(connection: sqlite3.Connection, path: str, name: str, query: dict[str, Any]) -> Answer:
    import sqlite3

    try:
        cursor = connection.execute(query["sql"], query["parameters"])
        rows = cursor.fetchmany(query["maximum_rows"])
    except (sqlite3.Warning, OverflowError, ValueError) as error:
        raise CheckError("sqlite_query_failed", path=path, query=name, error=str(error)[:_ERROR_CHARACTERS]) from None
    if cursor.description is None:
        raise CheckError("sqlite_query_denied", path=path, query=name)
    return table_answer([column[0] for column in cursor.description], rows)


def _named(error: sqlite3.Error, path: str, query: str, past_deadline: bool) -> CheckError:
    """Name what went wrong: with the question, or with the database."""
    text = " ".join(str(error).split())[:_ERROR_CHARACTERS]
    if "not authorized" in text or "prohibited" in text:
        return CheckError("sqlite_query_denied", path=path, query=query)
    verdict = verdict_of_error(error, path, past_deadline)
    if verdict == "unreadable" and "unable to open" not in text:
        return CheckError("sqlite_query_failed", path=path, query=query, error=text)
    state = "critical" if verdict == "corrupt" else "unknown"
    return CheckError("sqlite_" + verdict, state=state, path=path, first_message=text)
