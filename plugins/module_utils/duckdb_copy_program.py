# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that an application's own interpreter runs to copy its DuckDB database, or to read a copy as a whole.

The production database is only ever opened read-only: DuckDB's shared lock then keeps every writer out, in any
process, so file and write-ahead log belong together while they are copied. The log is worked into the copy, not into
the original. Like :mod:`duckdb_program`, this file is sent as text and uses nothing of the library.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Applications greet on standard output; the answer is the line that starts with this.
MARK = "AIOPS-DUCKDB-ANSWER "
_CONFLICT = re.compile(r"Conflicting lock is held in (.*?) \(PID (\d+)\)")
_BLOCK = 1 << 20
#: What DuckDB passes on from the system: it says nothing about the database.
_OF_THE_SYSTEM = {
    "No space left on device": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "Read-only file system": errno.EROFS,
    "Input/output error": errno.EIO,
    "Out of Memory Error": errno.ENOMEM,
}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request says.

    Args:
        request: ``do`` (``copy``, ``export``, ``survey`` a copy, or ``import`` an export), ``method`` of a copy that is
            surveyed, ``database``, and ``target`` (an absolute path that does not exist). ``tables`` copies each of
            ``names`` into a Parquet file in the directory ``target``, as far as it can be read.

    Returns:
        ``version``, and ``tables`` (name to {``rows``, ``schema``, ``newest``, ``content``}) or ``error`` ({``kind``,
        ``message``, and ``pid``}).
    """
    try:
        import duckdb
    except ImportError as error:
        return {"error": {"kind": "no_duckdb", "message": str(error)}}
    try:
        if request["do"] == "survey":
            return {"version": duckdb.__version__, "tables": _survey_copy(duckdb, request)}
        if request["do"] == "import":
            return {"version": duckdb.__version__, "tables": _import(duckdb, request)}
        connection = _connect(duckdb, request["database"], True)
        if request["do"] == "tables":
            return {"version": duckdb.__version__, **_tables(duckdb, connection, request)}
        try:
            before = _survey(connection)
            if request["do"] == "copy":
                _copy(duckdb, request["database"], request["target"])
            else:
                _export(connection, request["target"])
        finally:
            connection.close()
        copied = {"database": request["target"], "method": request["do"]}
        after = _survey_copy(duckdb, copied)
        if after != before:
            names = sorted(name for name in set(before) | set(after) if before.get(name) != after.get(name))
            return {"error": {"kind": "differs", "message": "not the same in the copy: " + ", ".join(names)}}
        return {"version": duckdb.__version__, "tables": after}
    except duckdb.Error as error:
        return {"error": _kind_of_error(str(error))}
    except OSError as error:
        return {"error": {"kind": "system", "message": error.strerror or str(error), "errno": error.errno}}


def _connect(duckdb: Any, path: str, read_only: bool) -> Any:
    # Spills of large tables go nowhere, and memory is bounded: nothing of the application's own directory is used.
    settings = {"temp_directory": "", "autoinstall_known_extensions": "false", "threads": "2", "memory_limit": "1GB"}
    return duckdb.connect(path, read_only=read_only, config=settings)


def _copy(duckdb: Any, database: str, target: str) -> None:
    import shutil

    for suffix in ("", ".wal"):
        if suffix and not os.path.exists(database + suffix):
            continue
        with open(database + suffix, "rb") as reading, open(target + suffix, "xb") as writing:
            shutil.copyfileobj(reading, writing, _BLOCK)
    copy = _connect(duckdb, target, False)
    try:
        copy.execute("CHECKPOINT")
    finally:
        copy.close()
    _refuse_log(target)


def _refuse_log(target: str) -> None:
    if os.path.exists(target + ".wal"):
        raise OSError(None, f"{target}.wal is left after a checkpoint")


def _import(duckdb: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Make a database of an export, and read all of it from the file that it is now."""
    target = request["target"]
    connection = _connect(duckdb, target, False)
    try:
        _load(connection, request["database"])
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    _refuse_log(target)
    return _survey_copy(duckdb, {"database": target})


def _load(connection: Any, directory: str) -> None:
    """Run the statements of an export; they name its files without their directory."""
    os.chdir(directory)
    for name in ("schema.sql", "load.sql"):
        with open(name, encoding="utf-8") as stream:
            statements = stream.read()
        if statements.strip():
            connection.execute(statements)


def _export(connection: Any, target: str) -> None:
    parent, name = os.path.split(target)
    os.chdir(parent)
    connection.execute("EXPORT DATABASE '{}' (FORMAT PARQUET)".format(name.replace("'", "''")))
    # The statements name the directory, which is going to have another name.
    path = os.path.join(target, "load.sql")
    with open(path, encoding="utf-8") as stream:
        statements = stream.read()
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(statements.replace("FROM '{}/".format(name.replace("'", "''")), "FROM '"))


def _tables(duckdb: Any, connection: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Copy tables of a damaged database into files; what cannot be read is named, and costs no other table anything."""
    rows, failed = {}, {}
    for name in request["names"]:
        schema, _dot, table = name.partition(".")
        path = os.path.join(request["target"], name.replace("/", "_") + ".parquet")
        source, goal = _quoted(schema) + "." + _quoted(table), path.replace("'", "''")
        try:
            connection.execute(f"COPY {source} TO '{goal}' (FORMAT PARQUET)")
            rows[name] = connection.execute("SELECT count(*) FROM read_parquet(?)", [path]).fetchone()[0]
        except duckdb.Error as error:
            failed[name] = str(error)[:300]
            if os.path.exists(path):
                os.unlink(path)
    return {"rows": rows, "failed": failed}


def _survey_copy(duckdb: Any, request: dict[str, Any]) -> dict[str, Any]:
    if request.get("method") != "export":
        connection = _connect(duckdb, request["database"], True)
    else:
        connection = _connect(duckdb, ":memory:", False)
        _load(connection, request["database"])
    try:
        return _survey(connection)
    finally:
        connection.close()


def _survey(connection: Any) -> dict[str, Any]:
    """Read every column of every table: most damaged databases open cleanly and list their tables."""
    definitions: dict[tuple[str, str], list[str]] = {}
    sql = (
        "SELECT schema_name, table_name, coalesce(sql, '') FROM duckdb_tables() WHERE NOT internal AND NOT temporary"
        " UNION ALL SELECT schema_name, table_name, coalesce(sql, '') FROM duckdb_indexes()"
    )
    for schema, table, definition in connection.execute(sql).fetchall():
        definitions.setdefault((schema, table), []).append(definition.strip())
    tables = {}
    for (schema, table), lines in sorted(definitions.items()):
        columns = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
            " ORDER BY column_index",
            [schema, table],
        ).fetchall()
        tables[table if schema == "main" else f"{schema}.{table}"] = dict(
            _read(connection, schema, table, columns), schema="\n".join(sorted(lines))
        )
    return tables


def _read(connection: Any, schema: str, table: str, columns: list[Any]) -> dict[str, Any]:
    times = [name for name, kind in columns if kind.startswith(("TIMESTAMP", "DATE"))]
    figures = ["count(*)", "bit_xor(hash({}))".format(", ".join(_quoted(name) for name, _kind in columns))]
    figures += [f"CAST(max({_quoted(name)}) AS VARCHAR)" for name in times]
    select = "SELECT " + ", ".join(figures)
    row = connection.execute(f"{select} FROM {_quoted(schema)}.{_quoted(table)}").fetchone()
    return {"rows": row[0], "content": str(row[1]), "newest": max((one for one in row[2:] if one), default=None)}


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _kind_of_error(message: str) -> dict[str, Any]:
    if "No space left on device" in message:
        return {"kind": "system", "message": message, "errno": errno.ENOSPC}
    conflict = _CONFLICT.search(message)
    if conflict:
        return {"kind": "in_use", "message": message, "pid": int(conflict.group(2))}
    for words, number in _OF_THE_SYSTEM.items():
        if words in message:
            return {"kind": "system", "message": message, "errno": number}
    for words, kind in (
        ("database does not exist", "missing"),
        ("not a valid DuckDB database", "not_a_database"),
        ("Could not set lock", "in_use"),
        ("we can only read version", "other_version"),
        ("Permission denied", "permission_denied"),
    ):
        if words in message:
            return {"kind": kind, "message": message}
    return {"kind": "damaged", "message": message}


if __name__ == "__main__":
    sys.stdout.write("\n" + MARK + json.dumps(answer(json.loads(sys.stdin.readline()))) + "\n")
