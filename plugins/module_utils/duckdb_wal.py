# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DuckDB's write-ahead log read without DuckDB, which takes a log that it cannot read for an empty one."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .duckdb_file import checksum

#: The log's states: there is none, every entry is whole, its last entry was never finished, an entry is damaged, or it
#: has a format that only DuckDB itself can judge.
NONE = "none"
WHOLE = "whole"
TORN = "torn"
CORRUPT = "corrupt"
OTHER_FORMAT = "other_format"

# The first entry: field 100 is the type "version", field 101 its number; then the end of the object.
_BEGINNING = b"\x64\x00\x62\x65\x00"
_END = b"\xff\xff"
_FORMAT = 2
_COMMIT = b"\x64\x00\x64"
_CHECKPOINT = b"\x64\x00\x63"


@dataclass(frozen=True)
class Wal:
    """What a write-ahead log holds.

    Args:
        state: ``none``, ``whole``, ``torn``, ``corrupt`` or ``other_format``.
        transactions: committed transactions in the entries before the first fault.
        message: what is wrong, and where.
        checkpointed: the last entry says that the main file has everything already.
    """

    state: str
    transactions: int = 0
    message: str = ""
    checkpointed: bool = False


def parse_wal(data: bytes) -> Wal:
    """Judge the bytes of a write-ahead log; any bytes are an answer.

    Args:
        data: the whole file.
    """
    if not data:
        return Wal(NONE)
    if len(data) < len(_BEGINNING) + 3 and _BEGINNING.startswith(data[: len(_BEGINNING)]):
        return Wal(TORN, message=f"it ends after {len(data)} bytes, within its first entry")
    if not data.startswith(_BEGINNING):
        return Wal(CORRUPT, message="it does not begin as a write-ahead log: DuckDB takes it for an empty one")
    version = data[len(_BEGINNING)]
    position = len(_BEGINNING) + 1
    if version > _FORMAT:
        return Wal(OTHER_FORMAT, message=f"its format has the number {version}")
    if version < _FORMAT or data[position : position + 2] != _END:
        return Wal(CORRUPT, message="its first entry is damaged: DuckDB takes it for an empty one")
    return _entries(data, position + 2)


def _entries(data: bytes, position: int) -> Wal:
    transactions, body = 0, b""
    while position < len(data):
        if len(data) - position < 16:
            return Wal(TORN, transactions, f"an unfinished entry at byte {position}")
        size, stored = struct.unpack_from("<2Q", data, position)
        body = data[position + 16 : position + 16 + size]
        if len(body) < size:
            # A size that no entry has would be damage rather than an unfinished write, but nobody can tell them apart.
            return Wal(TORN, transactions, f"an unfinished entry at byte {position}")
        if checksum(body) != stored:
            return Wal(CORRUPT, transactions, f"the checksum of the entry at byte {position} is wrong")
        transactions += body.startswith(_COMMIT)
        position += 16 + size
    return Wal(WHOLE, transactions, checkpointed=body.startswith(_CHECKPOINT))
