# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup set that is read is not removed: readers share a lock of the kernel on it, a removal needs it alone.

The lock is on the directory itself and writes nothing; it ends with its process, however that ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import Iterator

from .errors import RunbooksError
from .open_handles import handles_of

_PAUSE_SECONDS = 0.05
#: How long a plan that only tries the lock may keep a reader waiting.
_WAIT_SECONDS = 5.0
#: Without locks on this file system nothing can be removed either, because that needs them, too.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


class SetInUseError(RunbooksError):
    """A set that another process reads.

    Args:
        path: of the set.
        pids: of the processes that have it open; empty when this user may not see them.
    """

    def __init__(self, path: str, pids: list[int]) -> None:
        self.pids = pids
        self.words = "in use by process {}".format(", ".join(map(str, pids)) or "of another user")
        super().__init__(f"{path} is {self.words}", "It goes with the next run, when nobody reads it")


@contextlib.contextmanager
def reading(path: str, wait_seconds: float = _WAIT_SECONDS) -> Iterator[None]:
    """Keep a set, or another directory or file of the backup, from being removed while it is read.

    Args:
        path: of the set.
        wait_seconds: how long to wait for a process that has it for itself.

    Raises:
        RunbooksError: it is being removed, or was.
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    deadline = time.monotonic() + wait_seconds
    try:
        while not _taken(descriptor, fcntl.LOCK_SH):
            if time.monotonic() >= deadline or not _is(path, descriptor):
                raise RunbooksError(f"{path} is being removed", "Choose another set")
            time.sleep(_PAUSE_SECONDS)
        if not _is(path, descriptor):
            raise RunbooksError(f"{path} was removed", "Choose another set")
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """Have a set for this process alone, to remove it; nobody waits.

    Raises:
        SetInUseError: somebody reads it.
        OSError: it cannot be opened, or this file system has no locks.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            status = os.fstat(descriptor)
            found = handles_of({(status.st_dev, status.st_ino)}).holders.values()
            raise SetInUseError(path, sorted({one.pid for holders in found for one in holders})) from None
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _is(path: str, descriptor: int) -> bool:
    """Tell whether a name still means what was opened."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
