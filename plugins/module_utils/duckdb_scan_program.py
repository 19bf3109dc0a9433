# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that an application's own interpreter runs to read every value of its DuckDB database.

The text of this file is sent as that process's program; it therefore uses nothing of the library, and only what every
interpreter with DuckDB has. It says what it is about to read before it reads it: what takes the interpreter down, or
takes too long, is known by name.
"""

from __future__ import annotations

import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

#: Applications greet on standard output; what the program says are the lines that start with this.
MARK = "AIOPS-DUCKDB-SCAN "
_ADDRESS_SPACE_BYTES = 8 << 30
_TABLES = """SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary
AND database_name = current_database() ORDER BY 1, 2"""
_COLUMNS = """SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?
AND database_name = current_database() ORDER BY column_index"""
_VIEWS = "SELECT view_name FROM duckdb_views() WHERE NOT internal AND database_name = current_database()"


def scan(request: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    """Read all columns of all tables on one read-only connection.

    Args:
        request: ``database`` and ``threads``.
        say: gets ``{"at": place}`` before a step, ``{"table", "rows"}`` for a whole table, ``{"table", "column",
            "error"}`` for a damaged one, ``{"views": names}``, ``{"error": message}`` when the database cannot be
            opened or listed, and ``{"done": true}`` at the end.
    """
    try:
        import duckdb
    except ImportError as error:
        say({"no_duckdb": str(error)})
        return
    # What DuckDB raises, and what its binding makes of values that no type has.
    faults = (duckdb.Error, ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
    say({"duckdb_version": duckdb.__version__, "at": "opening"})
    settings = {"temp_directory": "", "autoinstall_known_extensions": "false", "threads": str(request["threads"])}
    try:
        connection = duckdb.connect(request["database"], read_only=True, config=settings)
        say({"at": "the list of tables"})
        tables = connection.execute(_TABLES).fetchall()
        say({"views": [row[0] for row in connection.execute(_VIEWS).fetchall()]})
    except faults as error:
        say({"error": str(error)})
        return
    for schema, table in tables:
        try:
            _read_table(connection, schema, table, say, faults)
        except faults as error:
            say({"table": schema + "." + table, "column": "", "error": str(error)})
    say({"done": True})


def _read_table(
    connection: Any, schema: str, table: str, say: Callable[[dict[str, Any]], None], faults: tuple[Any, ...]
) -> None:
    place = schema + "." + table
    say({"at": place})
    columns = [row[0] for row in connection.execute(_COLUMNS, [schema, table]).fetchall()]
    source = " FROM " + _quoted(schema) + "." + _quoted(table)
    # A hash of each value: nothing of a column can be left unread, and nothing of it is kept.
    sums = ["bit_xor(hash(" + _quoted(column) + "))" for column in columns]
    try:
        row = connection.execute("SELECT " + ", ".join(["count(*)", *sums]) + source).fetchone()
        say({"table": place, "rows": row[0]})
        return
    except faults as error:
        whole = str(error)
    blamed = 0
    for column, expression in zip(columns, sums):
        say({"at": place + "." + column})
        try:
            connection.execute("SELECT " + expression + source).fetchone()
        except faults as error:
            blamed += 1
            say({"table": place, "column": column, "error": str(error)})
    if not blamed:
        say({"table": place, "column": "", "error": whole})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _bound_memory() -> None:
    """Let an absurd size in a damaged file end in an error, not in the host's memory."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES))
    except (ImportError, OSError, ValueError):
        return


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write("\n" + MARK + json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _bound_memory()
    scan(json.loads(sys.stdin.readline()), _say)
