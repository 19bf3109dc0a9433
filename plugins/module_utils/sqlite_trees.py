# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""B-trees of a damaged SQLite database: followed from their root as far as it goes, and found where no root leads."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Iterator

from .sqlite_pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_INTERIOR, TABLE_LEAF, Pages
from .sqlite_records import RecordError, cells_of, decode, payload_of, right_child

_LEAST, _MOST = -(1 << 63) - 1, (1 << 63) - 1
_TREE_DEPTH = 60
_SAMPLED_CHILDREN = 50


@dataclass
class Tree:
    """What became of a tree while it was read.

    Attributes:
        root: page number.
        broken_pages: places that should be pages of the tree and are not.
        damaged_cells: entries that could not be read.
        cells: entries that could be read.
        doubtful_cells: those of them with a page of zeros, which may be what they hold or what was left of it.
    """

    root: int
    broken_pages: int = 0
    damaged_cells: int = 0
    cells: int = 0
    doubtful_cells: int = 0


@dataclass
class Map:
    """Which pages are known to be used for something.

    Attributes:
        pages: of the database.
        seen: one byte for each page, by its number.
        freelist_whole: the list of free pages could be followed to its end.
        free: numbers of free pages.
        marks: whether pages are marked at all.
    """

    pages: Pages
    seen: bytearray = field(default_factory=bytearray)
    freelist_whole: bool = True
    free: set[int] = field(default_factory=set)
    marks: bool = True

    def take(self, number: int) -> bool:
        """Mark a page; False when there is none or it already belongs to something."""
        if not self.marks:
            return True
        if not self.pages.exists(number) or self.seen[number]:
            return False
        self.seen[number] = 1
        return True


def survey(pages: Pages) -> Map:
    """Return a map on which only the free pages and those of no tree are marked."""
    there = Map(pages, bytearray(pages.count + 1))
    for number in pages.map_pages():
        there.take(number)
    trunk, expected = struct.unpack_from(">2I", pages.header, 32)
    while trunk:
        if not there.take(trunk) or trunk == 1:
            there.freelist_whole = False
            break
        there.free.add(trunk)
        data = pages.page(trunk)
        following, count = struct.unpack_from(">2I", data)
        if count > pages.usable // 4 - 2:
            there.freelist_whole = False
            break
        for number in struct.unpack_from(f">{count}I", data, 8):
            if there.take(number):
                there.free.add(number)
        trunk = following
    there.freelist_whole = there.freelist_whole and len(there.free) == expected
    there.seen[:2] = b"\x01\x00"
    return there


def rows_of(there: Map, tree: Tree) -> Iterator[tuple[int, list[Any]]]:
    """Yield rowid and values of a table's rows, in the order of its pages.

    A page that holds other keys than its parent says belongs somewhere else: it is left for :func:`orphans`.
    """
    pages = there.pages
    stack = [(tree.root, _LEAST, _MOST, 0)]
    while stack:
        number, low, high, depth = stack.pop()
        free = pages.exists(number) and not there.seen[number]
        data = pages.page(number) if free else b""
        kind = pages.kind(number, data) if free else 0
        if kind == TABLE_LEAF and _within(pages, number, data, low, high):
            there.take(number)
            yield from _leaf_rows(there, tree, number, data)
        elif kind == TABLE_INTERIOR and depth < _TREE_DEPTH:
            there.take(number)
            stack.extend(reversed(list(_children(there, tree, number, data, low, high, depth + 1))))
        else:
            tree.broken_pages += 1


def entries_of(there: Map, tree: Tree) -> Iterator[list[Any]]:
    """Yield the records of an index, or of a table without rowids; not in their order."""
    pages = there.pages
    stack = [(tree.root, 0)]
    while stack:
        number, depth = stack.pop()
        free = pages.exists(number) and not there.seen[number]
        data = pages.page(number) if free else b""
        kind = pages.kind(number, data) if free else 0
        if kind not in (INDEX_LEAF, INDEX_INTERIOR) or depth > _TREE_DEPTH:
            tree.broken_pages += 1
            continue
        there.take(number)
        if kind == INDEX_INTERIOR:
            stack.append((right_child(number, data), depth + 1))
        for cell in cells_of(pages, number, data):
            if cell is None:
                tree.damaged_cells += 1
                continue
            if cell.child is not None:
                stack.append((cell.child, depth + 1))
            values = _values(there, tree, data, cell, table=False)
            if values is not None:
                yield values


def orphans(there: Map) -> list[int]:
    """Return the roots of the tables' trees that nothing leads to, the free pages left out."""
    pages = there.pages
    alone, children = [], set()
    for number in range(2, pages.count + 1):
        if there.seen[number]:
            continue
        data = pages.page(number)
        kind = pages.kind(number, data)
        if kind == TABLE_LEAF and next(_readable(there, number, data), None) is not None:
            alone.append(number)
        elif kind == TABLE_INTERIOR:
            alone.append(number)
            children.add(right_child(number, data))
            children.update(cell.child for cell in cells_of(pages, number, data) if cell and cell.child)
    return [number for number in alone if number not in children]


def sample(there: Map, root: int, size: int) -> list[tuple[int, list[Any]]]:
    """Return the first rows of the first leaf below a page, and mark nothing."""
    pages, numbers = there.pages, [root]
    for _level in range(_TREE_DEPTH):
        for number in numbers:
            data = pages.page(number) if pages.exists(number) and not there.seen[number] else b""
            kind = pages.kind(number, data) if data else 0
            if kind == TABLE_LEAF:
                aside = Map(pages, bytearray(), marks=False)
                return list(islice(_leaf_rows(aside, Tree(root), number, data), size))
            if kind == TABLE_INTERIOR:
                children = _children(there, Tree(root), number, data, _LEAST, _MOST, 0)
                numbers = [child[0] for child in islice(children, _SAMPLED_CHILDREN)]
                break
        else:
            break
    return []


def _readable(there: Map, number: int, data: bytes) -> Iterator[list[Any]]:
    for cell in cells_of(there.pages, number, data):
        values = None if cell is None else _values(there, Tree(number), data, cell, table=True)
        if values is not None:
            yield values


def _leaf_rows(there: Map, tree: Tree, number: int, data: bytes) -> Iterator[tuple[int, list[Any]]]:
    for cell in cells_of(there.pages, number, data):
        values = None
        if cell is None:
            tree.damaged_cells += 1
        else:
            values = _values(there, tree, data, cell, table=True)
        if cell is not None and values is not None and cell.rowid is not None:
            yield cell.rowid, values


def _values(there: Map, tree: Tree, data: bytes, cell: Any, table: bool) -> list[Any] | None:
    used: dict[int, bool] = {}
    try:
        values = decode(payload_of(there.pages, data, cell, table, used), there.pages.encoding)
    except RecordError:
        tree.damaged_cells += 1
        return None
    for number in used:
        there.take(number)
    tree.cells += 1
    tree.doubtful_cells += any(used.values())
    return values


def _within(pages: Pages, number: int, data: bytes, low: int, high: int) -> bool:
    """Tell whether a page's keys are those that its parent promises; an empty page's are."""
    keys = [cell.rowid for cell in cells_of(pages, number, data) if cell is not None and cell.rowid is not None]
    inside = sum(1 for key in keys if low < key <= high)
    return 2 * inside >= len(keys)


def _children(
    there: Map, tree: Tree, number: int, data: bytes, low: int, high: int, depth: int
) -> Iterator[tuple[int, int, int, int]]:
    for cell in cells_of(there.pages, number, data):
        if cell is None or cell.child is None or cell.rowid is None:
            tree.broken_pages += 1
        elif low <= cell.rowid <= high:
            yield cell.child, low, cell.rowid, depth
            low = cell.rowid
        else:
            yield cell.child, _LEAST, _MOST, depth
    yield right_child(number, data), low, high, depth
