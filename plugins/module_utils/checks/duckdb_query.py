# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``duckdb_query``: figures from an application's DuckDB database (AIMO-16, AIMO-17)."""

from __future__ import annotations

from typing import Any

from ..duckdb_reader import ask
from ..model import Observation
from ..probe import Context
from ..query_result import observe

PARAMETERS: dict[str, dict[str, Any]] = {
    "python": {"type": "path", "required": True, "description": "The application's interpreter, which has duckdb."},
    "database": {"type": "path", "required": True, "description": "The database file; it is never created."},
    "sql": {
        "type": "str",
        "required": True,
        "description": "The question. The first column of the first row is the value, further columns are metrics.",
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
    "time_zone": {
        "type": "str",
        "default": "UTC",
        "description": "Zone of CURRENT_DATE in the SQL; applications write naive UTC.",
    },
}
METRICS = {"value": ""}
#: The columns of the SQL are metrics, whatever they are called.
OPEN_METRICS = True


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Run the queries in one process of the application's interpreter.

    Raises:
        CheckError: see :func:`duckdb_reader.ask`.
    """
    answers = ask(
        parameters["python"], parameters["database"], questions(parameters), context, time_zone=parameters["time_zone"]
    )
    return observe(answers, parameters["value_unit"], parameters["database"])


def questions(parameters: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all queries of a check by the names under which their answers are observed."""
    asked: dict[str, dict[str, Any]] = {"sql": {"sql": parameters["sql"], "maximum_rows": 1}}
    for name, sql in parameters["queries"].items():
        asked["queries." + name] = {"sql": sql, "maximum_rows": 1}
    if parameters["coverage_sql"]:
        asked["coverage_sql"] = {"sql": parameters["coverage_sql"], "maximum_rows": 1}
    if parameters["evidence_sql"]:
        asked["evidence_sql"] = {"sql": parameters["evidence_sql"], "maximum_rows": parameters["maximum_rows"]}
    return asked
