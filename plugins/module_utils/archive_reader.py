# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the members of a tar archive that nobody vouches for: constant memory, forwards, every length distrusted."""

from __future__ import annotations

import os
import stat
from typing import IO, Any, Iterator

from .archive_plan import DIRECTORY, FILE, Member
from .errors import RunbooksError

_BLOCK = 512
_CHUNK_BYTES = 1 << 20
_HEADER_BYTES = 65536
_HEADERS_OF_A_MEMBER = 8
_PADDING_BYTES = 64 * 1024**2
_UNPACKER_BYTES = 256 * 1024**2
_NUMBERS = ("size", "mtime")


class ArchiveError(RunbooksError):
    """The archive is damaged, cut off, or of a kind that is not read."""


class Reader:
    """An open archive.

    Args:
        descriptor: of the archive; read from its beginning.
    """

    def __init__(self, descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ArchiveError("The archive is not a regular file")
        self.archive_bytes = status.st_size
        self._stream = _decompressed(os.fdopen(os.dup(descriptor), "rb"))
        self._left = 0

    def members(self) -> Iterator[Member]:
        """Yield the members in their order; the data of each may be read with :meth:`data` before the next one.

        Raises:
            ArchiveError: damaged, or cut off.
        """
        extended: dict[str, str] = {}
        headers = 0
        while True:
            self._skip(self._left)
            header = self._read(_BLOCK)
            if header == bytes(_BLOCK):
                self._require_end()
                return
            info = _parsed(header)
            if info.type in (b"x", b"X", b"g", b"L", b"K"):
                headers += 1
                if headers > _HEADERS_OF_A_MEMBER:
                    raise ArchiveError("The archive has headers without end")
                _extend(extended, info.type, self._small(info.size))
                continue
            member = _member(info, extended)
            extended, headers = {}, 0
            self._left = member.bytes + -member.bytes % _BLOCK
            yield member

    def data(self, count: int) -> Iterator[bytes]:
        """Yield the content of the member that was yielded last.

        Args:
            count: its length.
        """
        while count:
            block = self._read(min(count, _CHUNK_BYTES))
            self._left -= len(block)
            count -= len(block)
            yield block

    def close(self) -> None:
        """Close what was opened."""
        self._stream.close()

    def _small(self, size: int) -> bytes:
        if not 0 <= size <= _HEADER_BYTES:
            raise ArchiveError(f"A header of the archive has {size} bytes")
        content = self._read(size)
        self._skip(-size % _BLOCK)
        return content

    def _skip(self, count: int) -> None:
        while count > 0:
            count -= len(self._read(min(count, _CHUNK_BYTES)))
        self._left = 0

    def _read(self, count: int) -> bytes:
        """Read exactly so many bytes."""
        import lzma
        import zlib

        parts = []
        try:
            while count:
                block = self._stream.read(count)
                if not block:
                    raise EOFError
                parts.append(block)
                count -= len(block)
        except EOFError:
            raise ArchiveError("The archive is cut off") from None
        except (OSError, zlib.error, lzma.LZMAError) as error:
            raise ArchiveError(f"The archive is damaged: {error}") from None
        return b"".join(parts)

    def _require_end(self) -> None:
        """Nothing but padding may follow the end: what another program would find there was never looked at."""
        import lzma
        import zlib

        count = 0
        try:
            while True:
                block = self._stream.read(_CHUNK_BYTES)
                count += len(block)
                if not block:
                    return
                if block.strip(b"\0") or count > _PADDING_BYTES:
                    raise ArchiveError("The archive goes on after its end")
        except EOFError:
            raise ArchiveError("The archive is cut off") from None
        except (OSError, zlib.error, lzma.LZMAError) as error:
            raise ArchiveError(f"The archive is damaged: {error}") from None


class _Xz:
    """Unpacks xz with bounded memory, which the standard library's file object cannot."""

    def __init__(self, raw: IO[bytes]) -> None:
        import lzma

        self._raw = raw
        self._unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, _UNPACKER_BYTES)

    def read(self, count: int) -> bytes:
        """Read up to so many bytes; none at the end."""
        while not self._unpacker.eof:
            wants = bool(self._unpacker.needs_input)
            packed = self._raw.read(65536) if wants else b""
            if wants and not packed:
                raise EOFError
            block = self._unpacker.decompress(packed, count)
            if block:
                return block
        if self._unpacker.unused_data or self._raw.read(1):
            raise ArchiveError("The archive goes on after its end")
        return b""

    def close(self) -> None:
        """Close the file."""
        self._raw.close()


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(6)
    raw.seek(0)
    opened: Any = raw
    if magic[:2] == b"\x1f\x8b":
        import gzip

        opened = gzip.GzipFile(fileobj=raw)
    elif magic[:3] == b"BZh":
        import bz2

        opened = bz2.BZ2File(raw)
    elif magic == b"\xfd7zXZ\0":
        opened = _Xz(raw)
    elif magic[:4] in (b"PK\x03\x04", b"\x28\xb5\x2f\xfd"):
        raise ArchiveError("The archive is no tar archive", "Give a .tar, .tar.gz, .tar.bz2 or .tar.xz")
    found: IO[bytes] = opened
    return found


def _parsed(header: bytes) -> Any:
    import tarfile

    try:
        return tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise ArchiveError(f"The archive is damaged, or no tar archive: {error}") from None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _extend(extended: dict[str, str], kind: bytes, content: bytes) -> None:
    """Take in what stands before a member because its header has no room for it."""
    if kind == b"L":
        extended["path"] = _text(content.rstrip(b"\0"))
    elif kind == b"K":
        extended["linkpath"] = _text(content.rstrip(b"\0"))
    elif kind == b"g":
        # What holds for all members says nothing that is needed; names and sizes for all are an attack.
        if b" path=" in content or b" size=" in content:
            raise ArchiveError("The archive gives one name or size to all its members")
    else:
        while content:
            length, space, _rest = content.partition(b" ")
            if not space or not length.isdigit() or not len(length) + 2 < int(length) <= len(content):
                raise ArchiveError("The archive is damaged: a header has a wrong length")
            record, content = content[len(length) + 1 : int(length)], content[int(length) :]
            key, equals, value = record.rstrip(b"\n").partition(b"=")
            if not equals:
                raise ArchiveError("The archive is damaged: a header has no value")
            extended[_text(key)] = _text(value)


def _member(info: Any, extended: dict[str, str]) -> Member:
    sparse = any(key.startswith("GNU.sparse") for key in extended) or info.type == b"S"
    kinds = {b"0": FILE, b"\0": FILE, b"7": FILE, b"5": DIRECTORY, b"2": "symlink", b"1": "hardlink", b"6": "fifo"}
    kinds.update({b"3": "device", b"4": "device"})
    kind = "sparse file" if sparse else kinds.get(info.type, f"member of type {info.type!a}")
    numbers = {key: float(getattr(info, key)) for key in _NUMBERS}
    for key in _NUMBERS:
        if key in extended:
            try:
                numbers[key] = float(extended[key])
            except ValueError:
                raise ArchiveError(f"The archive is damaged: a {key} is no number") from None
    size = int(numbers["size"])
    # An old program marks a directory by the slash at the end of its name.
    name = extended.get("path", info.name)
    if kind == FILE and name.endswith("/"):
        kind = DIRECTORY
    return Member(name, kind, size, info.mode, numbers["mtime"])
