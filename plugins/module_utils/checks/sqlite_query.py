# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``sqlite_query``: a figure from an application's SQLite database, read and nothing else."""

from __future__ import annotations

import time
from typing import Any

from ..logs.window import window_of
from ..model import Observation
from ..probe import Context
from ..query_result import observe
from ..sqlite_reader import ask

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True, "description": "The database file."},
    "sql": {
        "type": "str",
        "required": True,
        "description": "The question. The first column of the first row is the value, further columns are metrics.",
    },
    "parameters": {"type": "list", "elements": "raw", "default": [], "description": "Values for the ? of the SQL."},
    "window": {
        "type": "str",
        "description": "Stretch of time: today, yesterday, day, week, month, or a number of hours. Its beginning and "
        "its end, in UTC as YYYY-MM-DD HH:MM:SS, are the first values for the ? of the SQL.",
    },
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


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Run the queries in one read transaction.

    Raises:
        CheckError: see :func:`sqlite_reader.ask`; ``timezone_unknown``.
        ProfileError: the window cannot be used.
    """
    path = parameters["path"]
    if parameters.get("window"):
        edges = edges_of(parameters["window"], context.now, context.timezone)
        parameters = {**parameters, "parameters": [*edges, *parameters["parameters"]]}
    answers = ask(path, questions(parameters), context, parameters["busy_timeout_seconds"])
    return observe(answers, parameters["value_unit"], path)


def edges_of(window: str, now: float, timezone: str) -> list[str]:
    """Return the beginning and the end of a window of the system's own time, as a database in UTC writes them.

    Raises:
        CheckError: ``timezone_unknown``.
        ProfileError: the window cannot be used.
    """
    edges = window_of(window, now, timezone)
    return [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(edge)) for edge in (edges.start, edges.end)]


def questions(parameters: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all queries of a check by the names under which their answers are observed."""
    asked: dict[str, dict[str, Any]] = {
        "sql": {"sql": parameters["sql"], "parameters": parameters["parameters"], "maximum_rows": 1}
    }
    for name, sql in parameters["queries"].items():
        asked["queries." + name] = {"sql": sql, "parameters": [], "maximum_rows": 1}
    if parameters["coverage_sql"]:
        asked["coverage_sql"] = {"sql": parameters["coverage_sql"], "parameters": [], "maximum_rows": 1}
    if parameters["evidence_sql"]:
        rows = parameters["maximum_rows"]
        asked["evidence_sql"] = {"sql": parameters["evidence_sql"], "parameters": [], "maximum_rows": rows}
    return asked
