# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a large file, compute the SHA-256 of the copy and bring it to the disk, side by side, in constant memory.

Where the file system can share blocks, as XFS and Btrfs can, the copy takes no time. Elsewhere one thread writes while
another one reads the new file behind it. The digest takes longest: nobody waits for it but the end. A copy that is
written goes to the disk and can be looked at while the digest is still being computed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import queue
import threading
from typing import Any, Callable

#: So few that they are still in the processor's cache when they are written or computed with.
_BLOCK_BYTES = 1 << 18
#: The request of ``ioctl`` that lets a file share the blocks of another one.
_SHARE = 0x40049409


def copy_and_digest(reading: int, writing: int, meanwhile: Callable[[], None] | None = None) -> tuple[int, str]:
    """Copy a file to the end, bring it to the disk, and return the copy's length and SHA-256.

    Args:
        reading: of the file.
        writing: of a new file, open for reading as well.
        meanwhile: what else is to be done with the copy when it is written; its digest may not be known yet.

    Raises:
        OSError: such as a full disk.
    """
    import hashlib

    digest = hashlib.sha256()
    reached: queue.SimpleQueue[Any] = queue.SimpleQueue()
    jobs = [_Job(lambda: _compute(writing, reached, digest))]
    try:
        if share(reading, writing):
            size = os.fstat(writing).st_size
            reached.put(size)
        else:
            size = _copy(reading, writing, reached)
        reached.put(None)
        jobs.append(_Job(lambda: os.fsync(writing)))
        if meanwhile is not None:
            meanwhile()
    finally:
        # Ends the digest of a copy that is none; it is not asked for.
        reached.put(None)
        for job in jobs:
            job.join()
    for job in jobs:
        if job.error is not None:
            raise job.error
    return size, digest.hexdigest()


def share(reading: int, writing: int) -> bool:
    """Let a new file have the blocks of another one; False where this is not possible, and nothing was done."""
    try:
        fcntl.ioctl(writing, _SHARE, reading)
    except OSError:
        return False
    return True


class _Job(threading.Thread):
    """A thread that has begun, and the error that it ended with."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.error: OSError | None = None
        self._work = work
        self.start()

    def run(self) -> None:
        """Work."""
        try:
            self._work()
        except OSError as error:
            self.error = error


def _copy(reading: int, writing: int, reached: queue.SimpleQueue[Any]) -> int:
    """Copy to the end and say after each block how far the copy reaches."""
    buffer, size = memoryview(bytearray(_BLOCK_BYTES)), 0
    while True:
        count = os.readv(reading, [buffer])
        if not count:
            return size
        written = 0
        while written < count:
            written += os.write(writing, buffer[written:count])
        size += count
        reached.put(size)


def _compute(descriptor: int, reached: queue.SimpleQueue[Any], digest: Any) -> None:
    """Compute as far as the file reaches, until the queue says that it ends."""
    buffer, position = memoryview(bytearray(_BLOCK_BYTES)), 0
    end = reached.get()
    while end is not None:
        while position < end:
            count = os.preadv(descriptor, [buffer[: end - position]], position)
            if not count:
                raise OSError(errno.EIO, "The copy is shorter than what was written")
            digest.update(buffer[:count])
            position += count
        end = reached.get()
