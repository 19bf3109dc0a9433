# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DuckDB file read without DuckDB: its three headers, the list of its free blocks, and every block's checksum.

DuckDB opens a file whose blocks are damaged, lists its tables, and reads an index only when it is used: what the index
of a primary key has lost is found by no query. Every block carries a checksum, so that all of them can be compared.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, Callable, Iterator

MAGIC = b"DUCK"
HEADER_BYTES = 4096
BLOCKS_AT = 3 * HEADER_BYTES
_MASK = (1 << 64) - 1
_CHECKSUM_SEED = 5381
_CHECKSUM_FACTOR = 0xBF58476D1CE4E5B9
_REMAINDER_FACTOR = 0xC6A4A7935BD1E995
_REMAINDER_SEED = 0xE17A1465
_PARTS_OF_METADATA_BLOCK = 64
_INVALID_POINTER = _MASK
_MOST_FREE_BLOCKS = 1 << 22


class FormatError(Exception):
    """The bytes cannot be what they have to be; says which and why."""


@dataclass(frozen=True)
class DuckdbHeader:
    """What the headers of a DuckDB file claim, their checksums agreed.

    Args:
        version: of the storage format.
        free_list: pointer to the list of free blocks.
        block_count: blocks behind the headers.
        block_bytes: bytes of one block, its checksum included.
    """

    version: int
    free_list: int
    block_count: int
    block_bytes: int

    def expected_bytes(self) -> int:
        """Return the size that the file has, unless its last blocks are free ones."""
        return BLOCKS_AT + self.block_count * self.block_bytes


def checksum(data: bytes) -> int:
    """Return DuckDB's checksum of a block or of an entry of the write-ahead log."""
    whole = len(data) // 8
    result = _CHECKSUM_SEED
    for word in struct.unpack_from(f"<{whole}Q", data):
        result ^= word * _CHECKSUM_FACTOR & _MASK
    return result ^ _remainder(data[whole * 8 :]) if len(data) % 8 else result


def _remainder(data: bytes) -> int:
    mixed = (_REMAINDER_SEED ^ len(data) * _REMAINDER_FACTOR) & _MASK
    mixed = (mixed ^ int.from_bytes(data, "little")) * _REMAINDER_FACTOR & _MASK
    mixed = (mixed ^ mixed >> 47) * _REMAINDER_FACTOR & _MASK
    return mixed ^ mixed >> 47


def parse_headers(data: bytes) -> DuckdbHeader:
    """Read the three headers.

    Args:
        data: the first ``BLOCKS_AT`` bytes of a file that has ``MAGIC`` at its place.

    Raises:
        FormatError: says which header is damaged.
    """
    if len(data) < BLOCKS_AT:
        raise FormatError(f"the file ends after {len(data)} bytes, within its headers")
    names = ("the main header", "the first database header", "the second database header")
    for number, name in enumerate(names):
        part = data[number * HEADER_BYTES : (number + 1) * HEADER_BYTES]
        if struct.unpack_from("<Q", part)[0] != checksum(part[8:]):
            raise FormatError(f"the checksum of {name} is wrong")
    version = struct.unpack_from("<Q", data, 12)[0]
    databases = [struct.unpack_from("<6Q", data, number * HEADER_BYTES + 8) for number in (1, 2)]
    _iteration, _meta_block, free_list, block_count, block_bytes, _vector_size = max(databases)
    # The figure was always 262144, and not written down, before it could be chosen.
    block_bytes = block_bytes or 262144
    if block_bytes < 1024 or block_bytes & (block_bytes - 1) or block_bytes > 1 << 24:
        raise FormatError(f"the header claims blocks of {block_bytes} bytes")
    return DuckdbHeader(version, free_list, block_count, block_bytes)


def damaged_blocks(file: IO[bytes], header: DuckdbHeader, go_on: Callable[[], bool]) -> Iterator[int]:
    """Yield the numbers of the blocks in use whose content is not what was written.

    Args:
        file: the database, opened for reading.
        header: from :func:`parse_headers`.
        go_on: asked before each block.

    Raises:
        TimeoutError: ``go_on`` said no.
        OSError: the file cannot be read.
    """
    suspects = []
    for number in range(header.block_count):
        if not go_on():
            raise TimeoutError(number)
        block = _read_block(file, header, number)
        if block is None:
            suspects.append(number)
    free = free_blocks(file, header) if suspects else frozenset()
    yield from (number for number in suspects if number not in free)


def lost_blocks(file: IO[bytes], header: DuckdbHeader, size: int) -> list[int]:
    """Return the numbers of the blocks in use that the file ends before.

    Free blocks at the end count as blocks before anything is written to them: a whole file may be shorter.

    Args:
        file: the database, opened for reading.
        header: from :func:`parse_headers`.
        size: length of the file, bytes.
    """
    there = max(0, size - BLOCKS_AT) // header.block_bytes
    if there >= header.block_count:
        return []
    free = free_blocks(file, header)
    return [number for number in range(there, header.block_count) if number not in free]


def free_blocks(file: IO[bytes], header: DuckdbHeader) -> frozenset[int]:
    """Return the numbers of the blocks that hold nothing; none when their list is damaged, too."""
    try:
        reader = _chain(file, header, header.free_list)
        count = _number(reader)
        if count > min(header.block_count, _MOST_FREE_BLOCKS):
            return frozenset()
        return frozenset(_number(reader) for _each in range(count))
    except FormatError:
        return frozenset()


def _number(reader: Iterator[int]) -> int:
    return int.from_bytes(bytes(_byte(reader) for _each in range(8)), "little")


def _byte(reader: Iterator[int]) -> int:
    for byte in reader:
        return byte
    raise FormatError("the list of free blocks ends too early")


def _chain(file: IO[bytes], header: DuckdbHeader, pointer: int) -> Iterator[int]:
    """Yield the bytes of a chain of metadata parts: each begins with a pointer to the next one."""
    part_bytes = (header.block_bytes - 8) // _PARTS_OF_METADATA_BLOCK // 8 * 8
    seen = set()
    while pointer != _INVALID_POINTER:
        number, part = pointer & ((1 << 56) - 1), pointer >> 56
        if pointer in seen or number >= header.block_count or part >= _PARTS_OF_METADATA_BLOCK:
            raise FormatError("a pointer to metadata leads nowhere")
        seen.add(pointer)
        block = _read_block(file, header, number)
        if block is None:
            raise FormatError("a block of metadata is damaged")
        content = block[part * part_bytes : (part + 1) * part_bytes]
        pointer = struct.unpack_from("<Q", content)[0]
        yield from content[8:]


def _read_block(file: IO[bytes], header: DuckdbHeader, number: int) -> bytes | None:
    """Return the content of a block, None when its checksum does not agree."""
    file.seek(BLOCKS_AT + number * header.block_bytes)
    data = file.read(header.block_bytes)
    if len(data) < header.block_bytes or struct.unpack_from("<Q", data)[0] != checksum(data[8:]):
        return None
    return data[8:]
