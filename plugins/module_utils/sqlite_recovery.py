# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the tables of a damaged SQLite database into a new one: along their trees, then from pages nothing leads to."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Sequence

from . import sqlite_refill as refill
from .sqlite_pages import INDEX_INTERIOR, INDEX_LEAF, Pages
from .sqlite_salvage_report import Report, TableReport
from .sqlite_shapes import SAMPLED_ROWS, Entry, Shape, fits, make_rest, make_tables, quoted, read_schema, shape_of, sql
from .sqlite_trees import Map, Tree, entries_of, orphans, rows_of, sample, survey

if TYPE_CHECKING:
    import sqlite3

_PARTIAL_INDEX = " where "
_SEQUENCE = "sqlite_sequence"
_HAS_SEQUENCE = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"


def recover(
    connection: sqlite3.Connection, pages: Pages, report: Report, other: Sequence[Entry], free_pages: bool
) -> None:
    """Fill a new database.

    Args:
        connection: to the new database, which is empty.
        pages: of the damaged one.
        report: is filled, too.
        other: schema of another database of the application; empty without one.
        free_pages: recover rows of free pages into the lost and found.

    Raises:
        TimeoutError: the time is over.
        sqlite3.Error: the new database cannot be written.
    """
    there = survey(pages)
    report.pages, report.free_pages = pages.count, len(there.free)
    entries, tree = read_schema(there)
    entries = _completed(entries, other, tree, report)
    connection.execute("BEGIN")
    report.not_created.update(make_tables(connection, entries))
    shapes = _shapes(connection, entries, report)
    trees = {entry.name: Tree(entry.root) for entry in entries if entry.name in shapes}
    # The counters come last: filling their tables moves them.
    for entry in sorted(entries, key=lambda one: one.name == _SEQUENCE):
        if entry.name in shapes and entry.kind == "table":
            _refill_table(connection, there, shapes[entry.name], trees[entry.name], report)
    _count_lost(connection, there, entries, shapes, trees, report)
    schema_lost = bool(tree.broken_pages or tree.damaged_cells)
    _give_back(connection, there, shapes, trees, report, schema_lost)
    _settle(connection, shapes, trees, report)
    if free_pages:
        _recover_free(connection, there, report)
    report.not_created.update(make_rest(connection, entries))
    _copy_figures(connection, pages)
    connection.execute("COMMIT")
    report.rows = sum(one.rows for one in report.tables.values())
    report.notes += pages.notes
    if not there.freelist_whole:
        report.notes.append("the list of free pages is damaged: what nothing leads to may have been deleted before")


def _completed(entries: list[Entry], other: Sequence[Entry], tree: Tree, report: Report) -> list[Entry]:
    """Add what the schema has lost from that of another database, which may lie elsewhere in its file."""
    if not tree.broken_pages and not tree.damaged_cells:
        return entries
    names = {entry.name for entry in entries}
    added = [entry for entry in other if entry.name not in names]
    report.schema_from = "other" if added else "none" if not entries else "damaged"
    return [*entries, *added]


def _shapes(connection: sqlite3.Connection, entries: Iterable[Entry], report: Report) -> dict[str, Shape]:
    shapes = {}
    for entry in entries:
        ordinary = entry.kind == "table" and not entry.virtual and entry.name not in report.not_created
        if not ordinary or entry.name.startswith("sqlite_stat"):
            continue
        if entry.name == _SEQUENCE and not connection.execute(_HAS_SEQUENCE).fetchone():
            continue
        shapes[entry.name] = shape_of(connection, entry.name)
        report.tables[entry.name] = TableReport()
    return shapes


def _refill_table(connection: sqlite3.Connection, there: Map, shape: Shape, tree: Tree, report: Report) -> None:
    rows: Iterable[tuple[int | None, list[Any]]]
    if shape.name == _SEQUENCE:
        rows = list(rows_of(there, tree))
        if not _damaged(tree):
            connection.execute("DELETE FROM sqlite_sequence")
    elif shape.without_rowid:
        rows = ((None, values) for values in entries_of(there, tree))
    else:
        rows = _fitting(shape, rows_of(there, tree), tree)
    done, refused = refill.insert_rows(connection, shape, rows)
    one = report.tables[shape.name]
    one.rows, one.rows_refused = done, refused
    report.lost_and_found += refused


def _fitting(shape: Shape, rows: Iterable[tuple[int, list[Any]]], tree: Tree) -> Iterator[tuple[int | None, list[Any]]]:
    """Yield the rows that the table has columns for."""
    for rowid, values in rows:
        if 0 < len(values) <= len(shape.stored):
            yield rowid, values
        else:
            tree.damaged_cells += 1


def _count_lost(
    connection: sqlite3.Connection,
    there: Map,
    entries: Iterable[Entry],
    shapes: dict[str, Shape],
    trees: dict[str, Tree],
    report: Report,
) -> None:
    """Read the indexes: their pages belong to nobody else, and those of damaged tables tell which rows there were."""
    connection.execute("CREATE TEMP TABLE known (name TEXT, row INTEGER, PRIMARY KEY (name, row)) WITHOUT ROWID")
    whole: dict[str, int] = {}
    for entry in entries:
        if entry.kind != "index" or not entry.root:
            continue
        tree, table = Tree(entry.root), entry.table
        shape = shapes.get(table)
        damaged = shape is not None and not shape.without_rowid and _damaged(trees[table])
        rowids = (values[-1] for values in entries_of(there, tree))
        if damaged:
            known = ((table, row) for row in rowids if isinstance(row, int))
            connection.executemany("INSERT OR IGNORE INTO temp.known VALUES (?, ?)", known)
        else:
            for _row in rowids:
                pass
        if shape is not None and not _damaged(tree) and tree.cells and _PARTIAL_INDEX not in (entry.sql or "").lower():
            whole[table] = tree.cells
    for name, tree in trees.items():
        one = report.tables[name]
        one.more_lost = bool(tree.broken_pages) and name not in whole
        # A page that has lost entries without a trace: only the index remembers them.
        one.rows_lost = max(0, whole.get(name, 0) - one.rows - one.rows_refused) if not _damaged(tree) else 0


def _damaged(tree: Tree) -> bool:
    return bool(tree.broken_pages or tree.damaged_cells)


def _give_back(
    connection: sqlite3.Connection,
    there: Map,
    shapes: dict[str, Shape],
    trees: dict[str, Tree],
    report: Report,
    schema_lost: bool,
) -> None:
    """Give the pages that nothing leads to back to damaged tables, when exactly one of them can have had their rows."""
    wanting = [shapes[name] for name, tree in trees.items() if tree.broken_pages and not name.startswith("sqlite_")]
    if not wanting and not schema_lost:
        # All tables are complete: such pages hold what was deleted.
        return
    for root in orphans(there):
        rows = sample(there, root, SAMPLED_ROWS)
        if not rows:
            continue
        fitting = [shape for shape in wanting if fits(shape, rows)]
        exact = [shape for shape in fitting if len(rows[0][1]) == len(shape.stored)]
        fitting = exact or fitting
        tree = Tree(root)
        if len(fitting) == 1:
            one = report.tables[fitting[0].name]
            done, refused = refill.insert_rows(connection, fitting[0], _fitting(fitting[0], rows_of(there, tree), tree))
            one.rows, one.rows_from_orphans = one.rows + done, one.rows_from_orphans + done
            one.rows_refused += refused
            report.lost_and_found += refused
            trees[fitting[0].name].damaged_cells += tree.damaged_cells
            trees[fitting[0].name].doubtful_cells += tree.doubtful_cells
            continue
        kept = refill.keep_aside(connection, "", rows_of(there, tree), root)
        report.lost_and_found += kept
        report.tables_without_schema += 1 if kept and not fitting else 0


def _settle(connection: sqlite3.Connection, shapes: dict[str, Shape], trees: dict[str, Tree], report: Report) -> None:
    for name, tree in trees.items():
        one, shape = report.tables[name], shapes[name]
        one.rows_doubtful = tree.doubtful_cells
        one.broken_pages, one.damaged_rows = tree.broken_pages, tree.damaged_cells
        word = shape.rowid_name or (shape.stored[shape.alias][0] if shape.alias is not None else None)
        missing = 0
        if name == _SEQUENCE:
            # Where it was lost, filling the tables has made it anew.
            (one.rows,) = connection.execute("SELECT count(*) FROM sqlite_sequence").fetchone()
        if word and _damaged(tree):
            there = sql("SELECT 1 FROM", "main." + quoted(name), "AS t WHERE", "t." + quoted(word), "= k.row")
            question = sql("SELECT count(*) FROM temp.known AS k WHERE k.name = ? AND NOT EXISTS", f"({there})")
            missing = connection.execute(question, (name,)).fetchone()[0]
        one.rows_lost = max(one.rows_lost, missing, one.damaged_rows)


def _recover_free(connection: sqlite3.Connection, there: Map, report: Report) -> None:
    for number in sorted(there.free):
        there.seen[number] = 0
        data = there.pages.page(number)
        if there.pages.kind(number, data) in (INDEX_LEAF, INDEX_INTERIOR):
            continue
        report.lost_and_found += refill.keep_aside(connection, "deleted", rows_of(there, Tree(number)), number)


def _copy_figures(connection: sqlite3.Connection, pages: Pages) -> None:
    """Take over what applications keep in the header."""
    user_version = struct.unpack_from(">i", pages.header, 60)[0]
    application_id = struct.unpack_from(">i", pages.header, 68)[0]
    connection.execute(f"PRAGMA user_version = {user_version}")
    connection.execute(f"PRAGMA application_id = {application_id}")
