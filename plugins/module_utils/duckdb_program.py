# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that an application's own interpreter runs to answer queries on its DuckDB database.

DuckDB files are read by the version of DuckDB that wrote them, so the application's interpreter looks, in a process
of its own: a crash in there is an answer. The text of this file is sent as that process's program; it therefore uses
nothing of the library, and only what every interpreter with DuckDB has.
"""

from __future__ import annotations

import json
import math
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Applications greet on standard output; the answer is the line that starts with this.
MARK = "AIOPS-DUCKDB-ANSWER "
_CONFLICT = re.compile(r"Conflicting lock is held in (.*?) \(PID (\d+)\)")


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run the queries of a request on one read-only connection.

    Args:
        request: ``database``, ``time_zone``, and ``queries``: name to {``sql``, ``maximum_rows``}.

    Returns:
        ``answers`` (name to {``columns``, ``rows``}), and ``error`` ({``kind``, ``message``, and ``query`` or
        ``pid``}) for the first thing that went wrong.
    """
    try:
        import duckdb
    except ImportError as error:
        return {"error": {"kind": "no_duckdb", "message": str(error)}}
    # Read-only never creates the database or replays its log to disk, and spills of large queries go nowhere.
    settings = {
        "temp_directory": "",
        "autoinstall_known_extensions": "false",
        "threads": "2",
        # An old DuckDB cannot tell what kind of statement it is given; it may then use no other files at all.
        "enable_external_access": "true" if hasattr(duckdb, "extract_statements") else "false",
    }
    answers: dict[str, Any] = {}
    name = ""
    try:
        connection = duckdb.connect(request["database"], read_only=True, config=settings)
        try:
            _set_time_zone(duckdb, connection, request["time_zone"])
            connection.execute("SET lock_configuration = true")
            for name, query in request["queries"].items():
                if not _only_reads(duckdb, query["sql"]):
                    return {"error": {"kind": "denied", "message": "one SELECT and nothing else", "query": name}}
                cursor = connection.execute(query["sql"])
                columns = [column[0] for column in cursor.description or []]
                rows = cursor.fetchmany(query["maximum_rows"]) if columns else []
                answers[name] = {"columns": columns, "rows": [[_plain(cell) for cell in row] for row in rows]}
        finally:
            connection.close()
    except duckdb.Error as error:
        return {
            "answers": answers,
            "error": dict(kind_of_error(str(error)), query=name),
        }
    return {"answers": answers}


def _only_reads(duckdb: Any, sql: str) -> bool:
    if not hasattr(duckdb, "extract_statements"):
        return True
    statements = duckdb.extract_statements(sql)
    return len(statements) == 1 and str(statements[0].type).rpartition(".")[2] == "SELECT"


def _set_time_zone(duckdb: Any, connection: Any, time_zone: str) -> None:
    try:
        connection.execute("SET TimeZone = '{}'".format(time_zone.replace("'", "''")))
    except duckdb.Error:
        # A build without time zones has no columns that could depend on one.
        return


def kind_of_error(message: str) -> dict[str, Any]:
    """Return ``kind``, ``message`` and, when another process is named, its ``pid``."""
    conflict = _CONFLICT.search(message)
    if conflict:
        return {"kind": "in_use", "message": message, "pid": int(conflict.group(2))}
    for words, kind in (
        ("database does not exist", "missing"),
        ("not a valid DuckDB database", "not_a_database"),
        ("Could not set lock", "in_use"),
        ("we can only read version", "other_version"),
        ("attached in read-only mode", "denied"),
        ("Permission Error", "denied"),
    ):
        if words in message:
            return {"kind": kind, "message": message}
    if message.startswith("Permission denied") or "Permission denied" in message:
        return {"kind": "permission_denied", "message": message}
    return {"kind": "failed", "message": message}


def _plain(cell: Any) -> Any:
    """Return a cell as a JSON value; exact decimals and large integers become numbers, times become text."""
    if cell is None or isinstance(cell, (bool, int, str)):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if type(cell).__name__ == "Decimal":
        return float(cell)
    return str(cell)


if __name__ == "__main__":
    sys.stdout.write("\n" + MARK + json.dumps(answer(json.loads(sys.stdin.readline()))) + "\n")
