# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks that processes keep on a file for as long as they have it open, as DuckDB and SQLite do: asked for, or held.

The kernel answers for all processes, those of other users and of other process id namespaces included.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from typing import Iterator

from .errors import RunbooksError

#: struct flock of 64-bit Linux: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"


def locked_by(path: str) -> int | None:
    """Return which process keeps a lock on a file, without taking one; None when no other process does.

    A process of a namespace that this one cannot see is 0. Closing the file ends locks that this very process has on
    it, so it must not be a database that is open here.

    Raises:
        OSError: the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _whence, _start, _length, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else max(0, pid)


@contextlib.contextmanager
def exclusive(path: str) -> Iterator[None]:
    """Keep a file for this process alone: whoever locks it before use is refused meanwhile.

    Raises:
        RunbooksError: another process has it.
        OSError: the file cannot be opened for writing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunbooksError(f"{path} is in use", "Wait until it is closed") from None
        yield
    finally:
        os.close(descriptor)
