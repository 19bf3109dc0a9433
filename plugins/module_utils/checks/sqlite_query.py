# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``sqlite_query``: a figure from an application's SQLite database, read and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import CheckError
from ..model import Observation
from ..probe import Context
from ..query_result import Answer, observe, table_answer
from ..sqlite_open import reading, verdict_of_error

if TYPE_CHECKING:
    import sqlite3

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True, "description": "The database file."},
    "sql": {
        "type": "str",
        "required": True,
        "description": "The question. The first column of the first row is the value, further columns are metrics.",
    },
    "parameters": {"type": "list", "elements": "raw", "default": [], "description": "Values for the ? of the SQL."},
    "queries": {
        "type": "dict",
        "default": {},
        "description": "More questions, metric name to SQL; the first column of the first row is the metric.",
    },
    "evidence_sql": {"type": "str", "description": "Rows that a person would want to see, one line of evidence each."},
    "coverage_sql": {"type": "str", "description": "Share of the data that the question could use, 0 to 1."},
    "maximum_rows": {"type": "int", "default": 20, "description": "Most rows of evidence."},
    "value_unit": {"type": "str", "default": "", "description": "Unit of the value."},
    "busy_timeout_seconds": {"type": "float", "default": 5.0, "description": "How long to wait for a writer."},
}
METRICS = {"value": ""}
#: The columns of the SQL are metrics, whatever they are called.
OPEN_METRICS = True
_RESERVE_SECONDS = 0.3
# Numbers of SQLite's authorizer: read a column, select, call a function, recurse.
_READING = frozenset((20, 21, 31, 33))
_FORBIDDEN_FUNCTIONS = frozenset(("load_extension", "writefile", "edit", "fts3_tokenizer"))


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Run the queries in one read transaction.

    Raises:
        CheckError: ``sqlite_query_failed`` (a missing table, wrong SQL), ``sqlite_query_denied`` (SQL that does not
            only read), or the reason that kind ``sqlite`` would give for the state of the file.
    """
    import sqlite3

    path = parameters["path"]
    seconds = max(0.0, context.remaining() - _RESERVE_SECONDS)
    try:
        with reading(path, seconds, parameters["busy_timeout_seconds"]) as connection:
            try:
                answers = ask(connection, parameters)
            except (sqlite3.Warning, OverflowError, ValueError) as error:
                raise CheckError("sqlite_query_failed", path=path, error=str(error)[:300]) from None
    except sqlite3.Error as error:
        raise named(error, path, context.remaining() <= _RESERVE_SECONDS) from None
    return observe(answers, parameters["value_unit"], path)


def ask(connection: sqlite3.Connection, parameters: dict[str, Any]) -> dict[str, Answer]:
    """Return the answer of each query: ``sql``, ``evidence_sql``, ``coverage_sql`` and those of ``queries``."""
    connection.set_authorizer(only_reads)
    questions: list[tuple[str, str, list[Any], int]] = [("sql", parameters["sql"], parameters["parameters"], 1)]
    questions += [("queries." + name, sql, [], 1) for name, sql in parameters["queries"].items()]
    if parameters["coverage_sql"]:
        questions.append(("coverage_sql", parameters["coverage_sql"], [], 1))
    if parameters["evidence_sql"]:
        questions.append(("evidence_sql", parameters["evidence_sql"], [], parameters["maximum_rows"]))
    answers = {}
    for name, sql, values, rows in questions:
        cursor = connection.execute(sql, values)
        if cursor.description is None:
            raise CheckError("sqlite_query_denied", query=name)
        answers[name] = table_answer([column[0] for column in cursor.description], cursor.fetchmany(rows))
    return answers


def only_reads(action: int, first: str | None, second: str | None, _database: str | None, _source: str | None) -> int:
    """Let SQLite prepare statements that read and no others (an authorizer: 0 allows, 1 denies)."""
    if action == 31 and str(second).lower() in _FORBIDDEN_FUNCTIONS:
        return 1
    return 0 if action in _READING else 1


def named(error: sqlite3.Error, path: str, past_deadline: bool) -> CheckError:
    """Name what went wrong: with the question, or with the database."""
    text = " ".join(str(error).split())
    if "not authorized" in text or "prohibited" in text:
        return CheckError("sqlite_query_denied", query="sql")
    verdict = verdict_of_error(error, path, past_deadline)
    if verdict == "unreadable" and "unable to open" not in text:
        return CheckError("sqlite_query_failed", path=path, error=text[:300])
    state = "critical" if verdict == "corrupt" else "unknown"
    return CheckError("sqlite_" + verdict, state=state, path=path, first_message=text[:300])
