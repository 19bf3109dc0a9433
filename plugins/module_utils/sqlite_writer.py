# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process holds the write lock of an SQLite database? Asked of the kernel, without taking any lock."""

from __future__ import annotations

import os

from .sqlite_lock import FLOCK

#: SQLite's own byte ranges: the writer's slot in the shared index of a write-ahead log, and the reserved byte of a
#: database that has none (https://www.sqlite.org/walformat.html, "WAL Locks"; os.h, RESERVED_BYTE).
_WAL_WRITER, _RESERVED = 120, 0x40000001
_COMMAND_BYTES = 4096


def writer_of(path: str) -> int | None:
    """Return the process that holds the write lock; None when there is none, 0 when the kernel does not say which.

    A writer holds it as long as its transaction lasts: in a healthy database for moments.

    Args:
        path: the database file.

    Raises:
        OSError: the file cannot be opened.
    """
    index = path + "-shm"
    pid = _holder(path, _RESERVED)
    if pid is None and os.path.exists(index):
        pid = _holder(index, _WAL_WRITER)
    return pid


def command_of(pid: int, proc: str = "/proc") -> str:
    """Return a process's command line in one line; empty when it is gone or may not be seen."""
    try:
        with open(os.path.join(proc, str(pid), "cmdline"), "rb") as stream:
            return stream.read(_COMMAND_BYTES).replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _holder(path: str, byte: int) -> int | None:
    import fcntl
    import struct

    question = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        answer = struct.unpack(FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    except OSError:
        return None  # A file system without locks: nobody holds one.
    finally:
        os.close(descriptor)
    return None if answer[0] == fcntl.F_UNLCK else max(0, int(answer[4]))
