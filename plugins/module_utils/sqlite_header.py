# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first 100 bytes of an SQLite database, read without SQLite.

SQLite creates a missing file, takes an empty one for a healthy database and says the same words about a picture and
about a damaged header; the header tells these apart before anything is opened.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import CheckError
from .probe import open_regular

HEADER_BYTES = 100
MAGIC = b"SQLite format 3\x00"
#: The first bytes of a rollback journal that holds a transaction; a finished journal is gone, empty or zeroed here.
JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
WAL_HEADER_BYTES = 32
_WAL_MAGICS = (0x377F0682, 0x377F0683)
_WAL_VERSION = 3007000
_SMALLEST_PAGE_BYTES = 512
_VERDICT_OF_FAULT = {"file_missing": "missing", "not_a_regular_file": "not_a_regular_file"}
_ENCODINGS = {1: "UTF-8", 2: "UTF-16le", 3: "UTF-16be"}
_FOREIGN = (
    (0, b"** This file contains an SQLite 2", "an SQLite 2 database"),
    (8, b"DUCK", "a DuckDB database"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (0, b"\xfd7zXZ\x00", "an xz archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"\x7fELF", "a program"),
    (0, JOURNAL_MAGIC, "an SQLite rollback journal"),
    (0, b"\x37\x7f\x06", "an SQLite write-ahead log"),
    (0, b"PRAGMA foreign_keys", "an SQL dump"),
    (0, b"-- ", "an SQL dump"),
)


@dataclass(frozen=True)
class Header:
    """What the header of a database claims; every figure is a claim until SQLite has agreed.

    Args:
        page_size: bytes per page.
        page_count: pages of the database; None when the header's figure is older than the file's last change.
        wal: the database is in write-ahead-log mode.
        freelist_count: unused pages.
        user_version: the application's own schema version.
        encoding: of text; None when the figure is not a known one.
    """

    page_size: int
    page_count: int | None
    wal: bool
    freelist_count: int
    user_version: int
    encoding: str | None

    def expected_bytes(self) -> int | None:
        """Return the size that the file should have at least; None when the header does not know."""
        return None if self.page_count is None else self.page_count * self.page_size


class HeaderError(Exception):
    """The file has no header that could be believed; says which verdict that makes.

    Args:
        verdict: one of the verdicts of ``sqlite_file.inspect``.
        message: what was seen instead.
    """

    def __init__(self, verdict: str, message: str = "") -> None:
        self.verdict = verdict
        self.message = message
        super().__init__(verdict)


def read_header(path: str) -> Header:
    """Read the header of the database in a file.

    Raises:
        HeaderError: names what is there instead.
    """
    try:
        with open_regular(path) as file:
            data = file.read(_SMALLEST_PAGE_BYTES)
    except CheckError as fault:
        raise HeaderError(_VERDICT_OF_FAULT.get(fault.reason_id, "unreadable"), fault.reason_id) from None
    except OSError as error:
        raise HeaderError("unreadable", str(error)) from None
    if not data:
        raise HeaderError("empty")
    if not MAGIC.startswith(data[: len(MAGIC)]):
        raise HeaderError("not_a_database", f"it looks like {looks_like(data)}")
    if len(data) < _SMALLEST_PAGE_BYTES:
        raise HeaderError("truncated", f"the file ends after {len(data)} bytes, within its first page")
    try:
        return parse_header(data)
    except ValueError as error:
        raise HeaderError("corrupt", str(error)) from None


def parse_header(data: bytes) -> Header:
    """Read the header of a database.

    Args:
        data: the first 100 bytes of a file, already known to start with ``MAGIC``.

    Raises:
        ValueError: says which claim cannot be true.
    """
    if len(data) < HEADER_BYTES:
        raise ValueError(f"the header ends after {len(data)} bytes")
    page_size = struct.unpack_from(">H", data, 16)[0]
    page_size = 65536 if page_size == 1 else page_size
    if page_size < 512 or page_size & (page_size - 1):
        raise ValueError(f"the header claims a page size of {page_size} bytes")
    read_version = data[19]
    if read_version not in (1, 2):
        raise ValueError(f"the header claims file format version {read_version}")
    change_counter, page_count, _first_free, freelist_count = struct.unpack_from(">4I", data, 24)
    encoding, user_version = struct.unpack_from(">Ii", data, 56)
    valid_for = struct.unpack_from(">I", data, 92)[0]
    return Header(
        page_size=page_size,
        # Very old writers leave the figure alone: it counts only when it was written with the last change.
        page_count=page_count if page_count and change_counter == valid_for else None,
        wal=read_version == 2,
        freelist_count=freelist_count,
        user_version=user_version,
        encoding=_ENCODINGS.get(encoding),
    )


def is_wal_header(data: bytes) -> bool:
    """Tell whether a write-ahead log begins with a header that SQLite accepts, its checksum included."""
    if len(data) < WAL_HEADER_BYTES:
        return False
    magic, version, page_size = struct.unpack_from(">3I", data)
    if magic not in _WAL_MAGICS or version != _WAL_VERSION or not 512 <= page_size <= 65536:
        return False
    # The lowest bit of the magic number says in which byte order the sums were made.
    words = struct.unpack_from(">6I" if magic & 1 else "<6I", data)
    first = second = 0
    for even, odd in zip(words[::2], words[1::2]):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return struct.unpack_from(">2I", data, 24) == (first, second)


def looks_like(data: bytes) -> str:
    """Say in a few words what the beginning of a file that is no SQLite database looks like."""
    for offset, mark, name in _FOREIGN:
        if data[offset : offset + len(mark)] == mark:
            return name
    if not data.strip(b"\x00"):
        return "zeros only"
    if data[:1] in (b"{", b"["):
        return "JSON text"
    if data.lstrip()[:1] == b"<":
        return "an HTML or XML page"
    if all(byte in (9, 10, 13) or 32 <= byte < 127 for byte in data):
        return "text"
    return "unknown bytes"
