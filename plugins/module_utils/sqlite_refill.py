# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put recovered rows into a new database; what a table refuses is kept in a table of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Iterator, Sequence

from .sqlite_records import RawText
from .sqlite_shapes import Shape, quoted, sql

if TYPE_CHECKING:
    import sqlite3

#: Where rows go that no table takes; a name that no application has.
LOST_AND_FOUND = "aiops_lost_and_found"
_BATCH = 500
_MOST_COLUMNS = 1900
_FIXED = ("origin", "root_page", "row_id", "value_count")


def insert_rows(
    connection: sqlite3.Connection, shape: Shape, rows: Iterable[tuple[int | None, Sequence[Any]]]
) -> tuple[int, int]:
    """Insert rows into a table as they were stored.

    Args:
        connection: to the new database.
        shape: of the table.
        rows: rowid (None without rowids) and values of each row.

    Returns:
        The number of rows inserted, and of those that the table refused and :func:`keep_aside` has taken. A row whose
        rowid is already there is neither: it is an older copy.
    """
    done = refused = 0
    for width, batch in _batches(rows):
        statement = _insert_statement(shape, width)
        prepared = [_bound(shape, rowid, values) for rowid, values in batch]
        ordinary = not any(isinstance(value, RawText) for row in prepared for value in row)
        if ordinary and _insert_many(connection, statement, prepared):
            done += len(batch)
            continue
        for (rowid, values), row in zip(batch, prepared):
            if _insert_one(connection, shape, width, row):
                done += 1
            elif not _exists(connection, shape, rowid):
                keep_aside(connection, shape.name, [(rowid, values)])
                refused += 1
    return done, refused


def _insert_many(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> bool:
    """Insert all rows or none."""
    import sqlite3

    connection.execute("SAVEPOINT batch")
    try:
        connection.executemany(statement, rows)
        return True
    except (sqlite3.Error, OverflowError, ValueError):
        connection.execute("ROLLBACK TO batch")
        return False
    finally:
        connection.execute("RELEASE batch")


def _insert_one(connection: sqlite3.Connection, shape: Shape, width: int, row: Sequence[Any]) -> bool:
    import sqlite3

    raw = frozenset(place for place, value in enumerate(row) if isinstance(value, RawText))
    try:
        connection.execute(
            _insert_statement(shape, width, raw), [bytes(v) if isinstance(v, RawText) else v for v in row]
        )
    except (sqlite3.Error, OverflowError, ValueError):
        return False
    return True


def _exists(connection: sqlite3.Connection, shape: Shape, rowid: int | None) -> bool:
    if rowid is None:
        return False
    word = shape.rowid_name or (shape.stored[shape.alias][0] if shape.alias is not None else None)
    if word is None:
        return False
    question = sql("SELECT 1 FROM", quoted(shape.name), "WHERE", quoted(word), "= ?")
    return connection.execute(question, (rowid,)).fetchone() is not None


def _batches(
    rows: Iterable[tuple[int | None, Sequence[Any]]],
) -> Iterator[tuple[int, list[tuple[int | None, Sequence[Any]]]]]:
    """Yield rows of the same number of values together."""
    width = -1
    batch: list[tuple[int | None, Sequence[Any]]] = []
    for row in rows:
        if len(row[1]) != width or len(batch) >= _BATCH:
            if batch:
                yield width, batch
            width, batch = len(row[1]), []
        batch.append(row)
    if batch:
        yield width, batch


def _columns(shape: Shape, width: int) -> list[tuple[int, str]]:
    """Return position and name of the columns that rows of this width fill; older rows lack the newer columns."""
    used = list(enumerate(shape.stored[:width]))
    return [(place, column[0]) for place, column in used if place not in shape.generated]


def _insert_statement(shape: Shape, width: int, raw: frozenset[int] = frozenset()) -> str:
    names = [quoted(name) for _place, name in _columns(shape, width)]
    if shape.rowid_name:
        names.append(shape.rowid_name)
    # Bytes that are no text of the database's encoding remain text, as they were.
    marks = ["CAST(? AS TEXT)" if place in raw else "?" for place in range(len(names))]
    return sql("INSERT INTO", quoted(shape.name), _listed(names), "VALUES", _listed(marks))


def _listed(words: Iterable[str]) -> str:
    return "(" + ", ".join(words) + ")"


def _bound(shape: Shape, rowid: int | None, values: Sequence[Any]) -> list[Any]:
    row = [rowid if place == shape.alias else values[place] for place, _name in _columns(shape, len(values))]
    return [*row, rowid] if shape.rowid_name else row


def keep_aside(
    connection: sqlite3.Connection, origin: str, rows: Iterable[tuple[int | None, Sequence[Any]]], root: int = 0
) -> int:
    """Keep rows that belong to no table, or that their table refuses, and return their number.

    Args:
        connection: to the new database.
        origin: the table that refused them, or empty.
        rows: rowid and values.
        root: page that led to them.
    """
    count = 0
    for rowid, values in rows:
        kept = values[:_MOST_COLUMNS]
        _widen(connection, len(kept))
        columns = [f"c{place}" for place in range(len(kept))]
        raw = [isinstance(value, RawText) for value in kept]
        marks = ["CAST(? AS TEXT)" if text else "?" for text in raw]
        connection.execute(
            sql(
                "INSERT INTO",
                LOST_AND_FOUND,
                _listed([*_FIXED, *columns]),
                "VALUES",
                _listed(["?"] * len(_FIXED) + marks),
            ),
            [origin, root, rowid, len(values), *(bytes(v) if isinstance(v, RawText) else v for v in kept)],
        )
        count += 1
    return count


def _widen(connection: sqlite3.Connection, width: int) -> None:
    connection.execute(sql("CREATE TABLE IF NOT EXISTS", LOST_AND_FOUND, _listed(_FIXED)))
    there = len(connection.execute(f"PRAGMA table_info({LOST_AND_FOUND})").fetchall()) - len(_FIXED)
    for place in range(there, width):
        connection.execute(f"ALTER TABLE {LOST_AND_FOUND} ADD COLUMN c{place}")
