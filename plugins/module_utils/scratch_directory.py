# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory for copies of somebody's data, and its end: what cannot be removed is told, for it holds that data."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from typing import Iterator

from .errors import CheckError

#: Between being made and being locked, a directory is nobody's; one that is older and not locked was left behind.
_LEFT_SECONDS = 3600.0


class LeftBehindError(OSError):
    """A copy of data could not be removed; says where it is, why, and what went wrong before.

    Args:
        directory: that is still there.
        error: of the removal.
        before: what had gone wrong with the copy itself.
    """

    def __init__(self, directory: str, error: OSError, before: BaseException | None = None) -> None:
        self.directory = directory
        self.why = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
        words = f"{directory} could not be removed: {self.why}. Remove it: it holds a copy of data"
        super().__init__(f"{words}. Before that: {before}" if before is not None else words)


@contextlib.contextmanager
def scratch_directory(prefix: str) -> Iterator[str]:
    """Give a directory below the temporary one that only its owner may look into, and remove it at the end.

    Whoever is killed cannot remove his own; the next one of the same name does so.

    A fault of the block that has evidence gets what was left behind as a line of it.

    Args:
        prefix: of its name, by which an operator knows whose it is.

    Raises:
        LeftBehindError: it is still there; the block itself may have come to its end.
    """
    import tempfile

    _remove_left(tempfile.gettempdir(), prefix)
    directory = tempfile.mkdtemp(prefix=prefix)
    in_use = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(in_use, fcntl.LOCK_SH)
        with _removed_after_use(directory):
            yield directory
    finally:
        os.close(in_use)


def _remove_left(parent: str, prefix: str) -> None:
    """Remove what processes that were killed have left; what is in use, young, or somebody else's stays."""
    for name in os.listdir(parent):
        path = os.path.join(parent, name)
        with contextlib.suppress(OSError):
            if name.startswith(prefix) and _is_old(os.lstat(path)):
                _remove_unused(path)


def _is_old(status: os.stat_result) -> bool:
    """Tell whether it is a directory that this user made some time ago, as :func:`scratch_directory` makes them."""
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077
    return ours and time.time() - status.st_ctime >= _LEFT_SECONDS


def _remove_unused(path: str) -> None:
    """Remove a directory that no process holds.

    Raises:
        OSError: one does, or it is gone already.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _removed(path)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _removed_after_use(directory: str) -> Iterator[None]:
    try:
        yield
    except CheckError as fault:
        error = _removed(directory)
        if error is not None:
            fault.evidence.append(str(LeftBehindError(directory, error)))
        raise
    except Exception as fault:
        error = _removed(directory)
        if error is not None:
            raise LeftBehindError(directory, error, fault) from fault
        raise
    except BaseException:
        _removed(directory)
        raise
    error = _removed(directory)
    if error is not None:
        raise LeftBehindError(directory, error)


def _removed(directory: str) -> OSError | None:
    """Remove it and return None, or return why something of it is still there."""
    import shutil

    try:
        # A program that worked in it may have made directories that their owner may not write to.
        for folder, names, _files in os.walk(directory):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(directory)
    except OSError as error:
        return error
    return None
