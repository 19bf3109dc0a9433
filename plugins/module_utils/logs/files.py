# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files hold a window's records, and their lines in blocks of bounded size."""

from __future__ import annotations

import glob
import os
import re
import stat
from dataclasses import dataclass, field
from typing import IO, Any, Callable, Iterator, Sequence

from ..errors import CheckError
from ..probe import Context, open_regular, unreadable
from .names import COMPRESSED, is_rotated_name
from .streams import reader_of

BLOCK_BYTES = 1 << 17
RECORD_BYTES_MAXIMUM = 4 << 20
_NOTES_MAXIMUM = 5
_LEADING_NULS = re.compile(rb"(?m)^\x00+")


@dataclass(frozen=True)
class LogFile:
    """One file of a log: the one being written, or a rotated one."""

    path: str
    size_bytes: int
    modified: float
    identity: tuple[int, int]

    @property
    def compressed(self) -> bool:
        """Whether its contents are found by reading it from its beginning only."""
        return self.path.endswith(COMPRESSED)


@dataclass
class Reading:
    """What was read, and what could not be made into lines.

    Attributes:
        paths: files, in the order they were read.
        bytes_read: after decompression.
        lost: records that were not even lines: cut off at the end of a file, or longer than any record can be.
        notes: evidence for these.
    """

    paths: list[str] = field(default_factory=list)
    bytes_read: int = 0
    lost: int = 0
    notes: list[str] = field(default_factory=list)

    def merge(self, later: Reading) -> None:
        """Take in what another process has read; the paths are known already."""
        self.bytes_read += later.bytes_read
        self.lost += later.lost
        self.notes += later.notes[: max(0, _NOTES_MAXIMUM - len(self.notes))]

    def lose(self, note: str) -> None:
        """Count one record that could not be read, and say why."""
        self.lost += 1
        if len(self.notes) < _NOTES_MAXIMUM:
            self.notes.append(note)


def log_files(patterns: Sequence[str], since: float) -> list[LogFile]:
    """Return the files that can hold records of ``since`` and later, the newest first.

    Args:
        patterns: paths of the files being written; ``*``, ``?`` and ``[]`` are globs. Their rotated copies are found.
        since: start of the window, in seconds since the epoch. A file last written before it holds nothing of it.

    Raises:
        CheckError: ``file_missing`` when nothing at all is there, ``permission_denied``, ``not_a_regular_file``.
    """
    found: dict[tuple[int, int], LogFile] = {}
    for pattern in patterns:
        named = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        rotated = _rotated_beside(named)
        if not named or not (rotated or os.path.lexists(named[0])):
            raise CheckError("file_missing", state="critical", path=pattern)
        for path in named + rotated:
            _add(path, path not in rotated, found)
    recent = [log for log in found.values() if log.modified >= since]
    return sorted(recent, key=lambda log: log.modified, reverse=True)


def _rotated_beside(paths: Sequence[str]) -> list[str]:
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        folder, name = os.path.split(path)
        by_folder.setdefault(folder, []).append(name)
    rotated = []
    for folder, names in by_folder.items():
        try:
            present = os.listdir(folder or ".")
        except OSError as error:
            raise unreadable(folder, error) from None
        rotated += [
            os.path.join(folder, name)
            for name in sorted(present)
            if name not in names and any(is_rotated_name(name, current) for current in names)
        ]
    return rotated


def _add(path: str, must_be_a_file: bool, found: dict[tuple[int, int], LogFile]) -> None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        # Rotated away between the listing and now; its copy is found by its own name.
        return
    except OSError as error:
        raise unreadable(path, error) from None
    if stat.S_ISREG(status.st_mode):
        identity = (status.st_dev, status.st_ino)
        found[identity] = LogFile(path, status.st_size, status.st_mtime, identity)
    elif must_be_a_file:
        raise CheckError("not_a_regular_file", path=path)


def blocks_of_log(
    patterns: Sequence[str],
    since: float,
    context: Context,
    reading: Reading,
    keep_partial: bool = False,
    block_bytes: int | None = None,
) -> Iterator[bytes]:
    """Yield the lines of all files that can hold records of ``since`` and later, in blocks that end with a line.

    Args:
        patterns: see :func:`log_files`.
        since: see :func:`log_files`.
        context: its deadline ends the reading.
        reading: filled in on the way.
        keep_partial: yield a last line without its line end as well, for formats that can tell whether it is whole.
        block_bytes: about so much at once, when it is not the usual amount; logs that are shared come as they are kept.

    Raises:
        CheckError: as :func:`log_files`, and ``log_not_read_in_time``.
    """
    for log, blocks in _blocks_by_file(patterns, since, context, reading, keep_partial, block_bytes):
        for block in blocks:
            if not context.remaining():
                raise CheckError("log_not_read_in_time", path=log.path, bytes_read=reading.bytes_read)
            yield block


def _blocks_by_file(
    patterns: Sequence[str],
    since: float,
    context: Context,
    reading: Reading,
    keep_partial: bool,
    block_bytes: int | None,
) -> Iterator[tuple[LogFile, Iterator[bytes]]]:
    shared = context.shared
    if shared is None or not shared.hold(patterns):
        for log, stream in opened_files(patterns, since, reading):
            yield log, blocks_of_stream(log.path, stream, (0, log.size_bytes), reading, keep_partial, block_bytes)
        return
    for log, file in opened_files(patterns, since, reading, lambda log: shared.open(log, keep_partial)):
        yield log, file.blocks(reading)


def _open(log: LogFile) -> IO[bytes]:
    return open_regular(log.path)


def opened_files(
    patterns: Sequence[str], since: float, reading: Reading, opening: Callable[[LogFile], Any] = _open
) -> Iterator[tuple[LogFile, Any]]:
    """Yield the files that can hold records of ``since`` and later, open until the next one, the newest first.

    A log that is rotated meanwhile is not read twice and not missed: files are known by their inode, and the folder is
    listed again at the end.

    Args:
        patterns: see :func:`log_files`.
        since: see :func:`log_files`.
        reading: gets the paths.
        opening: opens one: the result has a descriptor, and is closed, or left open, as a context.

    Raises:
        CheckError: as :func:`log_files`.
    """
    seen: set[tuple[int, int]] = set()
    for look in range(3):
        fresh = [log for log in log_files(patterns, since) if log.identity not in seen]
        if look:
            # What was compressed meanwhile has been read under its former name.
            fresh = [log for log in fresh if not log.compressed]
        if not fresh:
            return
        for log in fresh:
            try:
                stream = opening(log)
            except CheckError as fault:
                if fault.reason_id != "file_missing":
                    raise
                reading.lose(f"{log.path}: rotated away before it could be read")
                continue
            with stream:
                status = os.fstat(stream.fileno())
                identity = (status.st_dev, status.st_ino)
                if identity in seen:
                    continue
                seen.add(identity)
                reading.paths.append(log.path)
                yield LogFile(log.path, status.st_size, status.st_mtime, identity), stream


def blocks_of_stream(
    path: str,
    stream: IO[bytes],
    place: tuple[int, int],
    reading: Reading,
    keep_partial: bool,
    block_bytes: int | None = None,
) -> Iterator[bytes]:
    """Yield the lines of a file, or of a part of it, in blocks that end with a line.

    Args:
        path: what the file is called in notes.
        stream: the open file.
        place: where the part begins and ends: where lines begin, or at the end of the file; a compressed file is read
            whole.
        reading: filled in on the way.
        keep_partial: see :func:`blocks_of_log`.
        block_bytes: see :func:`blocks_of_log`.
    """
    read, faults = reader_of(path, stream, place)
    # What comes out of a damaged file together with the damage is lost: no more than the usual amount of it.
    amount = BLOCK_BYTES if block_bytes is None or path.endswith(COMPRESSED) else block_bytes
    rest = b""
    skipping = False
    while True:
        try:
            data = read(amount)
        except faults as error:
            # A damaged or unfinished compressed file: what came out of it so far counts, the rest is lost.
            reading.lose(f"{path}: {error}")
            break
        if not data:
            break
        reading.bytes_read += len(data)
        if b"\0" in data:
            # A writer that keeps its position leaves a hole of NUL bytes when its file is truncated.
            data = _LEADING_NULS.sub(b"", data)
        end = data.rfind(b"\n") + 1
        if not end:
            rest = b"" if skipping else rest + data
            if len(rest) > RECORD_BYTES_MAXIMUM:
                reading.lose(f"{path}: a record of more than {RECORD_BYTES_MAXIMUM} bytes")
                rest, skipping = b"", True
            continue
        start = data.find(b"\n") + 1 if skipping else 0
        skipping = False
        # Copied once at most, not cut out and put together.
        whole = not rest and not start and end == len(data)
        block = data if whole else b"".join((rest, memoryview(data)[start:end]))
        rest = data[end:]
        if block:
            yield block
    if rest and not skipping:
        if keep_partial:
            yield rest + b"\n"
        else:
            reading.lose("{}: the last line is not finished: {}".format(path, rest[:200].decode("utf-8", "replace")))
