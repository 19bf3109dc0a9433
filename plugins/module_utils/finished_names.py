# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an application's database which of its runs are finished."""

from __future__ import annotations

from typing import Any, Mapping

from .errors import CheckError
from .probe import Context
from .query_result import Answer

#: More runs than any database of a batch pipeline keeps; an answer that is cut off here is none.
MAXIMUM_NAMES = 100000
#: The parameter in Ansible's vocabulary, the same for the check and the module.
FINISHED_FROM: dict[str, Any] = {
    "type": "dict",
    "required": True,
    "description": "Query whose first column names the finished runs, which may go; nothing else may.",
    "options": {
        "python": {
            "type": "path",
            "description": "The application's interpreter with duckdb; without it the database is an SQLite one.",
        },
        "database": {"type": "path", "required": True, "description": "The database file."},
        "sql": {"type": "str", "required": True, "description": "The query."},
    },
}


def finished_names(source: Mapping[str, Any], context: Context) -> frozenset[str]:
    """Return the names of all finished runs.

    Args:
        source: ``database``, ``sql``, and ``python`` for a DuckDB one.
        context: bounds the time.

    Raises:
        CheckError: the database could not be asked, for the reasons that kinds ``duckdb_query`` and ``sqlite_query``
            name, or ``work_too_many_names``.
    """
    answer = _duckdb(source, context) if source.get("python") else _sqlite(source, context)
    if len(answer.rows) > MAXIMUM_NAMES:
        raise CheckError("work_too_many_names", database=source["database"])
    return frozenset(str(row[0]) for row in answer.rows if row and row[0] is not None)


def _duckdb(source: Mapping[str, Any], context: Context) -> Answer:
    from .duckdb_reader import ask

    query = {"sql": source["sql"], "maximum_rows": MAXIMUM_NAMES + 1}
    return ask(source["python"], source["database"], {"finished_from": query}, context)["finished_from"]


def _sqlite(source: Mapping[str, Any], context: Context) -> Answer:
    from .sqlite_reader import ask

    query = {"sql": source["sql"], "parameters": [], "maximum_rows": MAXIMUM_NAMES + 1}
    return ask(source["database"], {"finished_from": query}, context)["finished_from"]
