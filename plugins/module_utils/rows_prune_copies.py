# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a database from before rows were removed from it: made while the application goes on, read, and kept."""

from __future__ import annotations

import os
import re
import stat
import time

from .errors import RunbooksError
from .gzip_file import synchronise_folder
from .sqlite_copy import copy_online
from .sqlite_file import inspect

_MARK = ".before-prune-"
_NAME = re.compile(re.escape(_MARK) + r"\d{8}_\d{6}(\.partial)?")
_WELL = ("ok", "foreign_key_violations")


def finished_copy(path: str, directory: str, now: float, deadline: float, busy_timeout_seconds: float) -> str:
    """Copy a database online and return the copy, which was read to its end and is on the disk.

    Args:
        path: the database.
        directory: where the copy goes; made when it is missing.
        now: the clock, which names the copy, seconds since the epoch.
        deadline: on ``time.monotonic()``.
        busy_timeout_seconds: how long to wait for a writer.

    Raises:
        RunbooksError: there is no room, or the copy is not whole.
        CheckError: the database cannot be copied.
        OSError: such as a full disk.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    status = os.stat(path)
    there = os.statvfs(directory)
    if there.f_bavail * there.f_frsize < status.st_size:
        free = there.f_bavail * there.f_frsize
        raise RunbooksError(f"{free} bytes are free in {directory}, {status.st_size} are needed", "Make room")
    stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(now))
    copy = os.path.join(directory, os.path.basename(path) + _MARK + stamp)
    partial = copy + ".partial"
    try:
        copy_online(path, partial, lambda: deadline - time.monotonic(), busy_timeout_seconds=busy_timeout_seconds)
        found = inspect(partial, "quick", foreign_keys=False, time_budget_seconds=max(1, deadline - time.monotonic()))
        if found.verdict not in _WELL:
            raise RunbooksError(f"The copy {partial} is {found.verdict}", "Nothing was removed; look at the disk")
        os.chown(partial, status.st_uid, status.st_gid)
        os.chmod(partial, stat.S_IMODE(status.st_mode))
        descriptor = os.open(partial, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(partial, copy)
        synchronise_folder(copy)
    finally:
        if os.path.lexists(partial):
            os.unlink(partial)
    return copy


def remove_old_copies(path: str, directory: str, keep: int) -> list[str]:
    """Remove all but the newest copies, and what an interruption left half made; return what was removed.

    Args:
        path: the database.
        directory: where its copies are.
        keep: how many stay; one always does.
    """
    base = os.path.basename(path)
    names = sorted(
        name
        for name in os.listdir(directory)
        if name.startswith(base) and _NAME.fullmatch(name[len(base) :]) and _is_file(os.path.join(directory, name))
    )
    whole = [name for name in names if not name.endswith(".partial")]
    gone = [*(set(names) - set(whole)), *whole[: -max(1, keep)]]
    for name in gone:
        os.unlink(os.path.join(directory, name))
    return sorted(os.path.join(directory, name) for name in gone)


def _is_file(path: str) -> bool:
    return stat.S_ISREG(os.lstat(path).st_mode)
