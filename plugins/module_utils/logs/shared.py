# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log that several checks of one look ask about is read, and uncompressed, once for all of them."""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import IO, Any, Iterator, Mapping, Sequence

from ..probe import open_regular
from .files import LogFile, Reading, blocks_of_stream

#: So much of all logs is kept for the checks that come later; what is beyond it, each of them reads for itself.
KEPT_BYTES = 32 << 20


def shared_logs(parameters: Sequence[Mapping[str, Any]]) -> SharedLogs | None:
    """Return the logs that more than one check reads; None when there are none.

    Args:
        parameters: of all checks of a look; those of logs have a list of paths.
    """
    paths: Counter[str] = Counter()
    for one in parameters:
        named = one.get("path")
        paths.update(set(named) if isinstance(named, list) else ())
    several = frozenset(path for path, checks in paths.items() if checks > 1)
    return SharedLogs(several) if several else None


class SharedLogs:
    """The files of a look that several checks read, as threads of one process.

    Args:
        paths: files or globs that more than one check names.
    """

    def __init__(self, paths: frozenset[str]) -> None:
        self._paths = paths
        self._files: dict[tuple[int, int, bool], SharedFile] = {}
        self._lock = threading.Lock()
        self._left = KEPT_BYTES

    def hold(self, patterns: Sequence[str]) -> bool:
        """Tell whether other checks read this log, too."""
        return any(path in self._paths for path in patterns)

    def open(self, log: LogFile, keep_partial: bool) -> SharedFile:
        """Return a file, open already when another check has opened it.

        Raises:
            CheckError: as :func:`.probe.open_regular`.
        """
        with self._lock:
            key = (*log.identity, keep_partial)
            if key not in self._files:
                stream = open_regular(log.path)
                status = os.fstat(stream.fileno())
                # Another file may have the name by now.
                key = (status.st_dev, status.st_ino, keep_partial)
                if key in self._files:
                    stream.close()
                else:
                    self._files[key] = SharedFile(self, log.path, stream, keep_partial)
            return self._files[key]

    def keep(self, size: int) -> bool:
        """Tell whether there is room for a block, and take it."""
        with self._lock:
            self._left -= size
            return self._left >= 0


class SharedFile:
    """One file, whose blocks are kept for whoever comes later.

    Args:
        logs: gives the room.
        path: what it is called in notes.
        stream: the open file.
        keep_partial: see :func:`.files.blocks_of_log`.
    """

    def __init__(self, logs: SharedLogs, path: str, stream: IO[bytes], keep_partial: bool) -> None:
        self._logs = logs
        self._path = path
        self._stream = stream
        self._size = os.fstat(stream.fileno()).st_size
        self._keep_partial = keep_partial
        self._reading = Reading()
        self._source = self._blocks(stream, self._reading)
        self._kept: list[bytes] = []
        self._lock = threading.Lock()
        #: Nothing more comes: the file has ended, or there was no room for more of it.
        self._ended = self._cut = False

    def __enter__(self) -> SharedFile:
        return self

    def __exit__(self, *_exception: object) -> None:
        """Leave it open for the others."""

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._stream.fileno()

    def blocks(self, reading: Reading) -> Iterator[bytes]:
        """Yield all blocks.

        Args:
            reading: filled in at the end.
        """
        number = 0
        while True:
            block = self._block(number)
            if block is None:
                break
            yield block
            number += 1
        if self._ended:
            reading.merge(self._reading)
            return
        # A position of its own in the same file, whatever its name is by now.
        with open_regular(f"/proc/self/fd/{self.fileno()}") as stream:
            for place, block in enumerate(self._blocks(stream, reading)):
                if place >= number:
                    yield block

    def _blocks(self, stream: IO[bytes], reading: Reading) -> Iterator[bytes]:
        return blocks_of_stream(self._path, stream, (0, self._size), reading, self._keep_partial)

    def _block(self, number: int) -> bytes | None:
        with self._lock:
            if number == len(self._kept) and not self._ended and not self._cut:
                block = next(self._source, None)
                if block is None:
                    self._ended = True
                elif self._logs.keep(len(block)):
                    self._kept.append(block)
                else:
                    self._cut = True
            return self._kept[number] if number < len(self._kept) else None
