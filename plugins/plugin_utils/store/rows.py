# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements that both databases understand and that several transactions share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .requirements import sa

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table

Item = TypeVar("Item")

#: Older SQLite accepts 999 parameters in one statement.
CHUNK = 400


def fetch(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    """Return the rows of a query by the names of their columns."""
    return [row._asdict() for row in connection.execute(query)]


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield the items in pieces that fit into one statement's list of parameters."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def conflict_insert(connection: Connection, table: Table) -> Any:
    """Return the INSERT of the connection's database that can say what happens on a conflict."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet."""
    if rows:
        connection.execute(conflict_insert(connection, table).on_conflict_do_nothing(), [dict(row) for row in rows])


def lock_leases(connection: Connection, leases: Table, column: str, values: Sequence[str]) -> list[dict[str, Any]]:
    """Read the leases with these values and keep them locked; always in one order, so that two plays cannot deadlock.

    On SQLite the transaction already holds the only write lock.
    """
    found: list[dict[str, Any]] = []
    for part in chunks(sorted(values)):
        query = sa.select(leases).where(leases.c[column].in_(part)).order_by(leases.c.host, leases.c.system)
        found += fetch(connection, query.with_for_update())
    return found
