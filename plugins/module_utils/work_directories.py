# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which work directories may go, and how one goes: planned first, looked at again, renamed, then removed (AIMO-18).

A directory is due when the application's own database says that its run is finished and nothing in it is younger than
the limit. Whatever cannot be told keeps it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from typing import Callable, Collection, Sequence

from .errors import CheckError
from .mount_points import lies_behind, mount_points

DAY_SECONDS = 86400.0
#: A directory of ours that an interrupted removal left; its run was finished when it was renamed.
TRASH_PREFIX = ".trash-"
_ENTRIES_BETWEEN_LOOKS = 256


@dataclass(frozen=True)
class WorkDirectory:
    """One entry below the root.

    Args:
        name: within the root.
        kind: ``directory``, ``link``, ``mount`` or ``other``.
        changed: the newest change of anything inside, seconds since the epoch.
        size_bytes: of all files inside.
        files: how many.
        identity: device and inode, to know it again.
        problem: why it could not be read completely; empty when it could.
    """

    name: str
    kind: str
    changed: float = 0.0
    size_bytes: int = 0
    files: int = 0
    identity: tuple[int, int] = (0, 0)
    problem: str = ""


@dataclass(frozen=True)
class Decision:
    """Whether a directory is due, and the reason: an id that the catalogue knows as ``work_<reason>``."""

    directory: WorkDirectory
    due: bool
    reason: str


def plan(
    directories: Sequence[WorkDirectory],
    finished: Collection[str],
    keep_names: Collection[str],
    older_than_days: float,
    now: float,
) -> list[Decision]:
    """Decide about every entry of the root.

    Args:
        directories: what is there.
        finished: names whose runs are finished, from the application's database.
        keep_names: names that stay whatever the database says.
        older_than_days: nothing inside may be younger.
        now: seconds since the epoch.
    """
    decisions = []
    for directory in directories:
        reason = _reason(directory, finished, keep_names, older_than_days, now)
        decisions.append(Decision(directory, reason in ("due", "interrupted"), reason))
    return decisions


def _reason(
    directory: WorkDirectory,
    finished: Collection[str],
    keep_names: Collection[str],
    older_than_days: float,
    now: float,
) -> str:
    if directory.kind != "directory":
        return "not_a_directory"
    if directory.name in keep_names:
        return "kept_by_name"
    if directory.problem:
        return "not_readable"
    if directory.name.startswith(TRASH_PREFIX):
        return "interrupted"
    if directory.name not in finished:
        return "not_finished"
    return "due" if directory.changed < now - older_than_days * DAY_SECONDS else "young"


def checked_root(path: str) -> str:
    """Return the real path of a root below which something may be removed.

    Raises:
        CheckError: ``work_root_missing``, ``work_root_refused`` for the root of the file system and what lies directly
            in it, or ``permission_denied``.
    """
    real = os.path.realpath(path)
    if not os.path.isabs(path) or real.count("/") < 2:
        raise CheckError("work_root_refused", path=path)
    try:
        mode = os.stat(real).st_mode
    except PermissionError:
        raise CheckError("permission_denied", path=path) from None
    except (OSError, ValueError):
        raise CheckError("work_root_missing", path=path) from None
    if not stat.S_ISDIR(mode):
        raise CheckError("work_root_missing", path=path)
    return real


def scan(root: str, out_of_time: Callable[[], bool]) -> list[WorkDirectory]:
    """Return every entry of the root, in the order of their names.

    Args:
        root: from :func:`checked_root`.
        out_of_time: asked now and then.

    Raises:
        CheckError: ``work_not_all_read`` when the time is up, ``permission_denied``.
    """
    device = os.stat(root).st_dev
    try:
        names = sorted(os.listdir(root))
    except OSError:
        raise CheckError("permission_denied", path=root) from None
    return [examine(root, name, device, out_of_time) for name in names]


def examine(root: str, name: str, device: int, out_of_time: Callable[[], bool]) -> WorkDirectory:
    """Look into one entry; links are never followed and mounts never entered.

    Args:
        root: the directory that holds the entry.
        name: of the entry.
        device: of the root.
        out_of_time: asked now and then.

    Raises:
        CheckError: ``work_not_all_read`` when the time is up.
    """
    path = os.path.join(root, name)
    try:
        status = os.lstat(path)
    except OSError as error:
        return WorkDirectory(name, "other", problem=os.strerror(error.errno or 0))
    if not stat.S_ISDIR(status.st_mode):
        return WorkDirectory(name, "link" if stat.S_ISLNK(status.st_mode) else "other")
    points = mount_points()
    if status.st_dev != device or path in points:
        return WorkDirectory(name, "mount")
    found = WorkDirectory(name, "directory", changed=status.st_mtime, identity=(status.st_dev, status.st_ino))
    if lies_behind(path, points):
        return replace(found, problem="a mount inside")
    waiting, entries = [path], 0
    while waiting:
        try:
            with os.scandir(waiting.pop()) as listing:
                for entry in listing:
                    entries += 1
                    if entries % _ENTRIES_BETWEEN_LOOKS == 0 and out_of_time():
                        raise CheckError("work_not_all_read", path=root)
                    found = _with_entry(found, entry, device, waiting)
        except OSError as error:
            return replace(found, problem=os.strerror(error.errno or 0))
    if out_of_time():
        raise CheckError("work_not_all_read", path=root)
    return found


def _with_entry(found: WorkDirectory, entry: os.DirEntry[str], device: int, waiting: list[str]) -> WorkDirectory:
    status = entry.stat(follow_symlinks=False)
    changed = max(found.changed, status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        if status.st_dev != device:
            return replace(found, changed=changed, problem="a mount inside")
        waiting.append(entry.path)
        return replace(found, changed=changed)
    return replace(found, changed=changed, size_bytes=found.size_bytes + status.st_size, files=found.files + 1)


def remove(root: str, planned: WorkDirectory, out_of_time: Callable[[], bool]) -> None:
    """Remove one directory that a plan found due, if it is still what the plan saw.

    It is first renamed within the root: what is interrupted after that is finished by the next removal, and no
    program finds half a directory under the old name.

    Args:
        root: from :func:`checked_root`.
        planned: as it was when it was planned.
        out_of_time: asked while it is looked at again.

    Raises:
        CheckError: ``work_changed`` when it is no longer what the plan saw; it then has its old name.
        OSError: as the file system says.
    """
    import shutil

    device = os.stat(root).st_dev
    if examine(root, planned.name, device, out_of_time) != planned:
        raise CheckError("work_changed", path=os.path.join(root, planned.name))
    trash = planned.name
    if not trash.startswith(TRASH_PREFIX):
        trash = TRASH_PREFIX + planned.name
        if os.path.lexists(os.path.join(root, trash)):
            raise CheckError("work_changed", path=os.path.join(root, trash))
        os.rename(os.path.join(root, planned.name), os.path.join(root, trash))
        # A program that was still inside wrote between the look and the new name: it gets its directory back.
        if replace(examine(root, trash, device, out_of_time), name=planned.name) != planned:
            os.rename(os.path.join(root, trash), os.path.join(root, planned.name))
            raise CheckError("work_changed", path=os.path.join(root, planned.name))
    shutil.rmtree(os.path.join(root, trash))
