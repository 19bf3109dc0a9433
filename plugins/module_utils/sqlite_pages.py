# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of an SQLite database as its last transaction left them, read without SQLite.

Frames of the write-ahead log that SQLite would accept lie over the file, and so do the pages that a hot rollback
journal keeps. Nothing is written and nothing is locked. Whatever cannot be read is a page of zeros: it holds nothing.
"""

from __future__ import annotations

import os
import struct
import time
from typing import Iterator

from .sqlite_header import HEADER_BYTES, JOURNAL_MAGIC, MAGIC, WAL_HEADER_BYTES, is_wal_header

PAGE_SIZES = (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
#: First bytes of b-tree pages: index interior, table interior, index leaf, table leaf.
INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF = 2, 5, 10, 13
KINDS = (INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF)
_ENCODINGS = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_SAMPLED_PAGES = 200
_FRAME_HEADER_BYTES = 24
_LOCK_BYTE = 1 << 30


class Pages:
    """The pages of a database.

    Args:
        path: the database; its sidecars are found beside it.
        deadline: on ``time.monotonic()``.

    Attributes:
        page_size: bytes per page.
        usable: bytes of a page that SQLite uses.
        count: number of pages.
        encoding: of text.
        header: the first 100 bytes, of zeros when they are damaged.
        notes: what was seen of the file and its sidecars, for people.
        guessed: the header is damaged, and the figures above are guesses.
    """

    def __init__(self, path: str, deadline: float) -> None:
        self._deadline = deadline
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._frames: dict[int, tuple[int, int]] = {}
        self._others: list[int] = []
        self.notes: list[str] = []
        self._size = os.fstat(self._descriptor).st_size
        try:
            self._read_figures(path)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the files."""
        for descriptor in (self._descriptor, *self._others):
            os.close(descriptor)

    def page(self, number: int) -> bytes:
        """Return a page, counted from 1; zeros where there is none.

        Raises:
            TimeoutError: the deadline has passed.
        """
        if time.monotonic() >= self._deadline:
            raise TimeoutError(number)
        descriptor, offset = self._frames.get(number, (self._descriptor, (number - 1) * self.page_size))
        return self._bytes_at(descriptor, offset, self.page_size).ljust(self.page_size, b"\x00")

    def exists(self, number: int) -> bool:
        """Tell whether a number is that of a page."""
        return 1 <= number <= self.count

    def kind(self, number: int, data: bytes) -> int:
        """Return which kind of b-tree page this is, 0 when it cannot be one."""
        start = HEADER_BYTES if number == 1 else 0
        kind = data[start]
        if kind not in KINDS:
            return 0
        cells = struct.unpack_from(">H", data, start + 3)[0]
        header = 12 if kind in (INDEX_INTERIOR, TABLE_INTERIOR) else 8
        fits = start + header + 2 * cells <= self.usable
        return kind if fits and data[start + 7] <= 60 else 0

    def map_pages(self) -> Iterator[int]:
        """Yield the pages that are no b-tree pages: the one of the lock byte, and pointer maps."""
        yield _LOCK_BYTE // self.page_size + 1
        if struct.unpack_from(">I", self.header, 52)[0]:
            step = self.usable // 5 + 1
            yield from range(2, self.count + 1, step)

    def _bytes_at(self, descriptor: int, offset: int, size: int) -> bytes:
        try:
            return os.pread(descriptor, size, offset)
        except OSError as error:
            if len(self.notes) < 20:
                self.notes.append(f"{size} bytes at {offset} cannot be read: {error.strerror}")
            return b""

    def _read_figures(self, path: str) -> None:
        wal = self._open_beside(path + "-wal")
        log_header = self._bytes_at(wal, 0, WAL_HEADER_BYTES) if wal is not None else b""
        head = self._bytes_at(self._descriptor, 0, HEADER_BYTES).ljust(HEADER_BYTES, b"\x00")
        self.page_size = _claimed_page_size(head)
        self.guessed = not self.page_size
        if is_wal_header(log_header):
            in_log = struct.unpack_from(">I", log_header, 8)[0]
            self.page_size = self.page_size if self.page_size == in_log else in_log
        if not self.page_size:
            self.page_size = self._guess_page_size()
            self.notes.append(f"the header is damaged; the page size of {self.page_size} is a guess")
        self.count = -(-self._size // self.page_size)
        if wal is not None and log_header:
            self._lay_log_over(wal, log_header)
        self._lay_journal_over(path + "-journal")
        head = self.page(1)[:HEADER_BYTES]
        self.header = head if _claimed_page_size(head) else bytes(HEADER_BYTES)
        reserved = self.header[20]
        self.usable = self.page_size - (reserved if self.page_size - reserved >= 480 else 0)
        self.encoding = _ENCODINGS.get(struct.unpack_from(">I", self.header, 56)[0], "utf-8")

    def _open_beside(self, path: str) -> int | None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        self._others.append(descriptor)
        return descriptor

    def _guess_page_size(self) -> int:
        """Return the size whose boundaries most often begin a b-tree page."""
        scores = {}
        for size in PAGE_SIZES:
            self.page_size = self.usable = size
            numbers = range(2, min(self._size // size, _SAMPLED_PAGES) + 1)
            # A boundary of the double size is one of this size, too: a share, not a number, tells them apart.
            hits = sum(1 for number in numbers if self.kind(number, self.page(number)))
            scores[size] = (hits / len(numbers) if len(numbers) else 0, size)
        best = max(scores.values())
        return best[1] if best[0] else 4096

    def _lay_log_over(self, wal: int, header: bytes) -> None:
        if not is_wal_header(header):
            self.notes.append("SQLite ignores the write-ahead log: its header is damaged")
            return
        order = ">" if struct.unpack_from(">I", header)[0] & 1 else "<"
        salts, sums = header[16:24], struct.unpack_from(">2I", header, 24)
        offset, pending, transactions = WAL_HEADER_BYTES, {}, 0
        while True:
            frame = self._bytes_at(wal, offset, _FRAME_HEADER_BYTES + self.page_size)
            if len(frame) < _FRAME_HEADER_BYTES + self.page_size or frame[8:16] != salts:
                break
            sums = _log_checksum(order, sums, frame[:8] + frame[_FRAME_HEADER_BYTES:])
            number, size_after_commit = struct.unpack_from(">2I", frame)
            if sums != struct.unpack_from(">2I", frame, 16) or not number:
                break
            if time.monotonic() >= self._deadline:
                raise TimeoutError(offset)
            pending[number] = (wal, offset + _FRAME_HEADER_BYTES)
            offset += len(frame)
            if size_after_commit:
                self._frames.update(pending)
                self.count, pending, transactions = size_after_commit, {}, transactions + 1
        self.notes.append(f"{transactions} transactions of the write-ahead log were read")

    def _lay_journal_over(self, path: str) -> None:
        """Take back an unfinished transaction, as SQLite does when it opens the database."""
        journal = self._open_beside(path)
        offset, taken = 0, 0
        while journal is not None:
            header = self._bytes_at(journal, offset, 28)
            if len(header) < 28 or header[:8] != JOURNAL_MAGIC:
                break
            records, nonce, pages, sector, page_size = struct.unpack_from(">5I", header, 8)
            if page_size != self.page_size or not 32 <= sector <= 65536:
                self.notes.append("the rollback journal does not fit the database and was ignored")
                break
            offset += sector
            self.count = pages if not taken and pages else self.count
            read = self._journal_records(journal, offset, records, nonce)
            taken += read
            offset = -(-(offset + read * (8 + page_size)) // sector) * sector
            if read != records:
                break
        if taken:
            self.notes.append(f"an unfinished transaction was taken back: {taken} pages of the rollback journal")

    def _journal_records(self, journal: int, offset: int, records: int, nonce: int) -> int:
        read = 0
        while read < records:
            record = self._bytes_at(journal, offset, 8 + self.page_size)
            if len(record) < 8 + self.page_size:
                break
            number, expected = struct.unpack_from(">I", record)[0], struct.unpack_from(">I", record, len(record) - 4)[0]
            total = nonce + sum(record[4 + place] for place in range(self.page_size - 200, 0, -200))
            if total & 0xFFFFFFFF != expected or not number:
                break
            # The first copy of a page is what it was before the transaction.
            self._frames.setdefault(number, (journal, offset + 4))
            offset += len(record)
            read += 1
        return read


def _claimed_page_size(head: bytes) -> int:
    size = struct.unpack_from(">H", head, 16)[0]
    size = 65536 if size == 1 else size
    # The magic words may be lost while the figures behind them are not.
    plausible = head[:16] == MAGIC or head[21:24] == b"\x40\x20\x20"
    return size if plausible and size in PAGE_SIZES else 0


def _log_checksum(order: str, sums: tuple[int, ...], data: bytes) -> tuple[int, int]:
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    first, second = sums
    for even, odd in zip(words[::2], words[1::2]):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
