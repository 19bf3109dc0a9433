# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of an SQLite database, taken out of the bytes of its pages; each is checked by its own figures."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Iterator

from .sqlite_header import HEADER_BYTES
from .sqlite_pages import INDEX_INTERIOR, TABLE_INTERIOR, TABLE_LEAF, Pages

_MOST_COLUMNS = 32767
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class RecordError(Exception):
    """These bytes are no record."""


class RawText(bytes):
    """Text whose bytes do not fit its encoding; it is kept as it is."""


@dataclass(frozen=True)
class Cell:
    """One entry of a b-tree page.

    Args:
        rowid: of a row, or the key of an interior page of a table; None in an index.
        child: page on the left, in interior pages.
        payload_bytes: size of the record; None where there is none.
        position: where the record begins.
    """

    rowid: int | None
    child: int | None
    payload_bytes: int | None
    position: int


def cells_of(pages: Pages, number: int, data: bytes) -> Iterator[Cell | None]:
    """Yield the entries of a b-tree page in their order, None for one that leads nowhere."""
    start = HEADER_BYTES if number == 1 else 0
    kind = data[start]
    interior = kind in (TABLE_INTERIOR, INDEX_INTERIOR)
    count = struct.unpack_from(">H", data, start + 3)[0]
    first = start + (12 if interior else 8)
    for offset in range(first, first + 2 * count, 2):
        position = struct.unpack_from(">H", data, offset)[0]
        try:
            if not first + 2 * count <= position < pages.usable:
                raise RecordError("outside")
            yield _cell(data, kind, position, interior)
        except (RecordError, struct.error, IndexError):
            yield None


def right_child(number: int, data: bytes) -> int:
    """Return the last child of an interior page."""
    return int(struct.unpack_from(">I", data, (HEADER_BYTES if number == 1 else 0) + 8)[0])


def _cell(data: bytes, kind: int, position: int, interior: bool) -> Cell:
    child = None
    if interior:
        child = struct.unpack_from(">I", data, position)[0]
        position += 4
        if kind == TABLE_INTERIOR:
            key, position = varint(data, position)
            return Cell(key, child, None, position)
    size, position = varint(data, position)
    rowid: int | None = None
    if kind == TABLE_LEAF:
        rowid, position = varint(data, position)
    if size < 0:
        raise RecordError("a negative size")
    return Cell(rowid, child, size, position)


def varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the signed number at a position, and the position behind it.

    Raises:
        IndexError: it goes beyond the end.
    """
    value = 0
    for index in range(8):
        byte = data[position + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + index + 1
    value = value << 8 | data[position + 8]
    return value - (1 << 64) if value >> 63 else value, position + 9


def payload_of(pages: Pages, data: bytes, cell: Cell, table: bool, used: dict[int, bool]) -> bytes:
    """Return the bytes of a cell's record, those on overflow pages included.

    Args:
        pages: of the database.
        data: the cell's page.
        cell: from :func:`cells_of`, with a record.
        table: the page belongs to a table, not to an index.
        used: gets the numbers of the overflow pages, and whether a page is all zeros: one that was lost looks like
            that, and so does one that holds zeros.

    Raises:
        RecordError: the chain of overflow pages is broken.
        TimeoutError: the deadline has passed.
    """
    size, usable = cell.payload_bytes or 0, pages.usable
    most = usable - 35 if table else (usable - 12) * 64 // 255 - 23
    if size <= most:
        end = cell.position + size
        if end > usable:
            raise RecordError("it goes beyond its page")
        return data[cell.position : end]
    if size > pages.count * usable:
        raise RecordError("it would be larger than the database")
    least = (usable - 12) * 32 // 255 - 23
    local = least + (size - least) % (usable - 4)
    local = local if local <= most else least
    if cell.position + local + 4 > usable:
        raise RecordError("it goes beyond its page")
    parts = [data[cell.position : cell.position + local]]
    number = struct.unpack_from(">I", data, cell.position + local)[0]
    missing = size - local
    while missing > 0:
        if not pages.exists(number) or number in used or number == 1:
            raise RecordError("its overflow pages are gone")
        page = pages.page(number)
        used[number] = not page.strip(b"\x00")
        parts.append(page[4 : 4 + min(missing, usable - 4)])
        missing -= usable - 4
        number = struct.unpack_from(">I", page)[0]
    if number:
        raise RecordError("its overflow pages do not end where it ends")
    return b"".join(parts)


def decode(payload: bytes, encoding: str) -> list[Any]:
    """Return the values of a record.

    Raises:
        RecordError: the figures of its header do not add up.
    """
    try:
        header_bytes, position = varint(payload, 0)
        if not position <= header_bytes <= len(payload):
            raise RecordError("a header that does not fit")
        types: list[int] = []
        while position < header_bytes:
            kind, position = varint(payload, position)
            if kind < 0 or kind in (10, 11) or len(types) >= _MOST_COLUMNS:
                raise RecordError("a type that does not exist")
            types.append(kind)
    except IndexError:
        raise RecordError("it ends within its header") from None
    if position != header_bytes or header_bytes + sum(map(_size_of, types)) != len(payload):
        raise RecordError("its parts do not add up to its size")
    values = []
    for kind in types:
        end = position + _size_of(kind)
        values.append(_value(kind, payload[position:end], encoding))
        position = end
    return values


def _size_of(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return 8 if kind == 7 else _INTEGER_BYTES.get(kind, 0)


def _value(kind: int, data: bytes, encoding: str) -> Any:
    if kind == 0:
        return None
    if kind == 7:
        return struct.unpack(">d", data)[0]
    if kind in (8, 9):
        return kind - 8
    if kind < 7:
        return int.from_bytes(data, "big", signed=True)
    if kind % 2 == 0:
        return data
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return RawText(data)
