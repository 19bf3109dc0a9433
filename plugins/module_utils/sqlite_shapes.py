# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables of a damaged database are: read from its schema, made anew, and recognised by their rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, Sequence

from .sqlite_records import RawText
from .sqlite_trees import Map, Tree, orphans, rows_of, sample

if TYPE_CHECKING:
    import sqlite3

SAMPLED_ROWS = 50
_TYPES = ("table", "index", "view", "trigger")
_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\s+TABLE\b", re.IGNORECASE)
_MADE_BY_SQLITE = ("sqlite_stat", "sqlite_autoindex")


@dataclass(frozen=True)
class Entry:
    """A row of the schema.

    Args:
        kind: ``table``, ``index``, ``view`` or ``trigger``.
        name: of the object.
        table: that it belongs to.
        root: page of its tree; 0 when it has none.
        sql: the statement that makes it; None for the index of a constraint.
    """

    kind: str
    name: str
    table: str
    root: int
    sql: str | None

    @property
    def virtual(self) -> bool:
        """Whether this is a virtual table: what it holds is in other tables."""
        return bool(self.sql and _VIRTUAL.match(self.sql))


@dataclass(frozen=True)
class Shape:
    """A table as its rows are stored.

    Args:
        name: of the table.
        stored: the columns in the order of a record: name, affinity, whether NULL is refused.
        generated: positions in a record whose values cannot be inserted.
        alias: position of the column that is the rowid; None when there is none.
        without_rowid: the table's tree is one of an index.
        rowid_name: under which the rowid can be inserted; None when all its names are columns, or there is no rowid.
    """

    name: str
    stored: tuple[tuple[str, str, bool], ...]
    generated: frozenset[int]
    alias: int | None
    without_rowid: bool
    rowid_name: str | None


def read_schema(there: Map) -> tuple[list[Entry], Tree]:
    """Return the schema: from the first page on, and from pages that look like parts of it when that one is damaged."""
    tree = Tree(1)
    found = [entry for entry in map(_entry, (values for _rowid, values in rows_of(there, tree))) if entry]
    if tree.broken_pages:
        for root in orphans(there):
            rows = sample(there, root, SAMPLED_ROWS)
            if rows and all(_entry(values) for _rowid, values in rows):
                found += [entry for entry in map(_entry, (row[1] for row in rows_of(there, Tree(root)))) if entry]
    unique: dict[tuple[str, str], Entry] = {}
    for entry in found:
        unique.setdefault(("" if entry.kind in ("table", "view") else entry.kind, entry.name), entry)
    return list(unique.values()), tree


def _entry(values: Sequence[Any]) -> Entry | None:
    if len(values) != 5 or values[0] not in _TYPES:
        return None
    kind, name, table, root, sql = values
    texts = all(isinstance(text, str) for text in (name, table)) and (sql is None or isinstance(sql, str))
    if not texts or not (root is None or isinstance(root, int)) or "\x00" in str(name) + str(sql or ""):
        return None
    if sql is not None and not re.match(rf"\s*CREATE\b[^(]*\b{kind}\b", sql, re.IGNORECASE):
        return None
    return Entry(kind, name, table, root or 0, sql)


def make_tables(connection: sqlite3.Connection, entries: Iterable[Entry]) -> dict[str, str]:
    """Create the ordinary tables and return those that could not be created, with the reason."""
    import sqlite3

    failed = {}
    for entry in entries:
        if entry.kind != "table" or entry.virtual or not entry.sql or entry.name.startswith("sqlite_"):
            continue
        try:
            connection.execute(entry.sql)
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            failed[entry.name] = str(error)
    return failed


def make_rest(connection: sqlite3.Connection, entries: Iterable[Entry]) -> dict[str, str]:
    """Create indexes, views, triggers and virtual tables; return those that could not be created, with the reason."""
    import sqlite3

    failed = {}
    for kind in ("virtual", "index", "view", "trigger"):
        for entry in entries:
            if (kind != "virtual" or not entry.virtual) and entry.kind != kind:
                continue
            if not entry.sql or entry.name.startswith(_MADE_BY_SQLITE):
                continue
            try:
                if kind == "virtual":
                    _enter(connection, entry)
                else:
                    connection.execute(entry.sql)
            except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
                failed[entry.name] = str(error)
    return failed


def _enter(connection: sqlite3.Connection, entry: Entry) -> None:
    """Enter a virtual table into the schema; its module would make the tables anew that hold what it has."""
    connection.execute("PRAGMA writable_schema = ON")
    try:
        connection.execute(
            "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('table', ?, ?, 0, ?)",
            (entry.name, entry.table, entry.sql),
        )
    finally:
        connection.execute("PRAGMA writable_schema = OFF")


def shape_of(connection: sqlite3.Connection, name: str) -> Shape:
    """Return how the rows of an existing table are stored."""
    rows = connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    columns = [(str(row[1]), str(row[2] or ""), bool(row[3]), int(row[5]), int(row[6])) for row in rows]
    keys = sorted((column[3], index) for index, column in enumerate(columns) if column[3])
    without = _without_rowid(connection, name)
    order = [index for index, column in enumerate(columns) if column[4] != 2]
    alias = None
    if without is not None:
        order = without
    elif len(keys) == 1 and columns[keys[0][1]][1].upper() == "INTEGER" and not _key_index(connection, name):
        alias = order.index(keys[0][1])
    taken = {column[0].lower() for column in columns}
    free = [word for word in ("rowid", "_rowid_", "oid") if word not in taken]
    return Shape(
        name,
        tuple((columns[index][0], affinity(columns[index][1]), columns[index][2]) for index in order),
        frozenset(place for place, index in enumerate(order) if columns[index][4] == 3),
        alias,
        without is not None,
        free[0] if free and without is None and alias is None else None,
    )


def _key_index(connection: sqlite3.Connection, name: str) -> str | None:
    """Return the index of the primary key; the rowid itself has none."""
    for row in connection.execute(f"PRAGMA index_list({quoted(name)})"):
        if row[3] == "pk":
            return str(row[1])
    return None


def _without_rowid(connection: sqlite3.Connection, name: str) -> list[int] | None:
    """Return the columns in the order of the records, None for a table with rowids."""
    index = _key_index(connection, name)
    if index is None:
        return None
    columns = [int(row[1]) for row in connection.execute(f"PRAGMA index_xinfo({quoted(index)})")]
    return None if -1 in columns else list(dict.fromkeys(columns))


def affinity(declared: str) -> str:
    """Return the affinity of a column by SQLite's rules for its declared type."""
    text = declared.upper()
    if "INT" in text:
        return "INTEGER"
    if any(word in text for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in text or not text:
        return "BLOB"
    return "REAL" if any(word in text for word in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


def fits(shape: Shape, rows: Sequence[tuple[int, Sequence[Any]]]) -> bool:
    """Tell whether rows could be those of a table: by their number of values, and by what its columns can hold."""
    return bool(rows) and all(_row_fits(shape, values) for _rowid, values in rows)


def _row_fits(shape: Shape, values: Sequence[Any]) -> bool:
    if shape.without_rowid or not 0 < len(values) <= len(shape.stored):
        return False
    for place, (value, (_name, kind, required)) in enumerate(zip(values, shape.stored)):
        if place == shape.alias:
            if value is not None:
                return False
        elif value is None:
            if required:
                return False
        elif isinstance(value, (str, RawText)):
            if kind in ("INTEGER", "REAL"):
                return False
        elif isinstance(value, (int, float)) and kind == "TEXT":
            return False
    return True


def quoted(name: str) -> str:
    """Return a name as SQL takes it literally."""
    return '"' + name.replace('"', '""') + '"'


def sql(*parts: str) -> str:
    """Return a statement made of words and of names that :func:`quoted` has made harmless."""
    return " ".join(parts)
