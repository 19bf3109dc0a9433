# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does another program keep readers out of an SQLite database?"""

from __future__ import annotations

import os

# Where SQLite's readers lock a byte (the "shared" range of its file format); a writer that excludes them locks it all.
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
# The kernel's struct flock with 64-bit offsets, padded as the platform's C compiler does.
FLOCK = "hhqqi"


def is_locked(path: str) -> bool:
    """Tell whether another process excludes readers, without waiting and without locking anything.

    Who reads past the locks (``immutable=1``, a copy) asks this first: a program in exclusive locking mode has no
    sidecars, and what it is about to write is nowhere to be seen.

    Raises:
        OSError: the file cannot be opened.
    """
    import fcntl
    import struct

    question = struct.pack(FLOCK, fcntl.F_RDLCK, os.SEEK_SET, _SHARED_FIRST, _SHARED_SIZE, 0)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, question)
    except OSError:
        return False  # A file system without locks: nobody holds one.
    finally:
        os.close(descriptor)
    return bool(struct.unpack(FLOCK, answer)[0] != fcntl.F_UNLCK)
