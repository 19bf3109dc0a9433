# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old directories are packed, the pack is read back, and only then they go (AIMO-21): nothing is in neither place."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tarfile
from dataclasses import dataclass
from typing import Any, Callable, Sequence, Tuple

from .errors import CheckError, RunbooksError
from .gzip_file import synchronise_folder
from .mount_points import lies_behind, mount_points
from .open_handles import handles_of
from .work_directories import TRASH_PREFIX, checked_root

_DAY = 86400.0
_CHUNK_BYTES = 1 << 20
_NAME_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)")
#: Path below the directory, size, time of the last change, device and inode.
File = Tuple[str, int, int, int, int]


@dataclass(frozen=True)
class Tree:
    """A directory that is old enough.

    Args:
        name: its path below the root.
        age_days: by the date in its name, or by its newest file.
        files: what is in it.
        size_bytes: of the files.
    """

    name: str
    age_days: float
    files: tuple[File, ...]
    size_bytes: int


@dataclass(frozen=True)
class Planned:
    """What is due, and what is not, with why."""

    due: list[Tree]
    kept: dict[str, str]


def make_plan(root: str, depth: int, pattern: str, older_than_days: float, now: float) -> Planned:
    """Return which directories are old enough.

    Args:
        root: where to look; not the root of a file system, nor what lies directly in it.
        depth: how far below the root the directories lie; 1 for the root's own.
        pattern: regular expression that their path below the root matches as a whole.
        older_than_days: by the date in the name when there is one, else by the newest file.
        now: seconds since the epoch.

    Raises:
        CheckError: the root cannot be used.
    """
    real = checked_root(root)
    device = os.stat(real).st_dev
    found = _directories(real, "", depth, device)
    due, kept = [], {}
    for name in found:
        if not re.fullmatch(pattern, name):
            kept[name] = "another_name"
            continue
        try:
            files = _files(os.path.join(real, name), device)
        except (OSError, RunbooksError) as error:
            kept[name] = str(error)
            continue
        newest = max([os.lstat(os.path.join(real, name)).st_mtime, *(one[2] / 1e9 for one in files)])
        age = (now - (_date_of(name) or newest)) / _DAY
        # A late writer makes an old partition young again.
        if min(age, (now - newest) / _DAY) <= min(older_than_days, 1) or age <= older_than_days:
            kept[name] = "young"
        elif handles_of({(one[3], one[4]) for one in files}).holders:
            kept[name] = "in_use"
        else:
            due.append(Tree(name, round(age, 1), files, sum(one[1] for one in files)))
    return Planned(sorted(due, key=lambda tree: -tree.age_days), kept)


def archive(root: str, tree: Tree, folder: str) -> tuple[str, str]:
    """Pack one directory, read the pack back, and remove the directory.

    Args:
        root: as in :func:`make_plan`.
        tree: from the plan.
        folder: where packs are kept, not below the root's directories.

    Returns:
        The pack and its digest (sha256).

    Raises:
        RunbooksError: the pack does not hold what the directory does, or the directory changed; it is still there.
        OSError: such as a full disk; the directory is still there.
    """
    real = checked_root(root)
    path = os.path.join(real, tree.name)
    if os.path.realpath(folder).startswith(path + os.sep) or os.path.realpath(folder) == path:
        raise RunbooksError(f"{folder} lies in {path}", "Keep archives outside of what is archived")
    os.makedirs(folder, mode=0o750, exist_ok=True)
    target = os.path.join(folder, tree.name.replace(os.sep, "__") + ".tar.gz")
    if os.path.lexists(target):
        # An earlier run was interrupted between the two halves, or the partition was filled again.
        if _contents(target) != _expected(path, tree):
            raise RunbooksError(f"{target} exists and holds something else", "Move it away")
    else:
        partial = target + ".partial"
        try:
            _pack(path, tree, partial)
            if _contents(partial) != _expected(path, tree):
                raise RunbooksError(f"{partial} does not read back as {path}", "Look at the disk")
            os.rename(partial, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial)
        synchronise_folder(target)
    digest = _file_digest(target)
    _remove(real, path, tree)
    return target, digest


def _remove(real: str, path: str, tree: Tree) -> None:
    import shutil

    device = os.stat(real).st_dev
    if _files(path, device) != tree.files:
        raise RunbooksError(f"{path} changed while it was packed", "The next run packs it anew; remove its pack first")
    trash = os.path.join(os.path.dirname(path), TRASH_PREFIX + os.path.basename(path))
    os.rename(path, trash)
    if _files(trash, device) != tree.files:
        os.rename(trash, path)
        raise RunbooksError(f"{path} changed while it was packed", "The next run packs it anew; remove its pack first")
    shutil.rmtree(trash)


def unfinished(root: str, depth: int) -> list[str]:
    """Return what interrupted removals left: their packs were verified before."""
    real = checked_root(root)
    device = os.stat(real).st_dev
    found = _directories(real, "", depth, device, trash=True)
    return [os.path.join(real, name) for name in found if os.path.basename(name).startswith(TRASH_PREFIX)]


def _directories(real: str, below: str, depth: int, device: int, trash: bool = False) -> list[str]:
    found = []
    with os.scandir(os.path.join(real, below)) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            status = entry.stat(follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode) or status.st_dev != device:
                continue
            name = os.path.join(below, entry.name)
            if entry.name.startswith(TRASH_PREFIX) and not trash:
                continue
            found += [name] if depth == 1 else _directories(real, name, depth - 1, device, trash)
    return found


def _files(path: str, device: int) -> tuple[File, ...]:
    """Return the files of a directory.

    Raises:
        RunbooksError: it holds something that is neither a file nor a directory of this file system, or a mount.
    """
    if lies_behind(path, mount_points()):
        raise RunbooksError("holds a mount")
    found: list[File] = []
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(os.path.join(path, below)) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                name = os.path.join(below, entry.name)
                if stat.S_ISDIR(status.st_mode) and status.st_dev == device:
                    waiting.append(name)
                elif stat.S_ISREG(status.st_mode):
                    found.append((name, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino))
                else:
                    raise RunbooksError(f"holds {name}, which is no plain file")
    return tuple(sorted(found))


def _pack(path: str, tree: Tree, partial: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    with os.fdopen(descriptor, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as pack:
            for name, *_rest in tree.files:
                pack.add(os.path.join(path, name), arcname=os.path.join(tree.name, name), recursive=False)
        raw.flush()
        os.fsync(raw.fileno())


def _contents(pack: str) -> dict[str, str]:
    """Return the digests of a pack's files; that of one that cannot be read is its fault."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(pack, "r:gz") as opened:
            for member in opened:
                stream = opened.extractfile(member)
                found[member.name] = _digest(stream.read) if stream is not None else "no file"
    except (tarfile.TarError, OSError, EOFError) as error:
        return {"unreadable": str(error)}
    return found


def _expected(path: str, tree: Tree) -> dict[str, str]:
    return {os.path.join(tree.name, one[0]): _file_digest(os.path.join(path, one[0])) for one in tree.files}


def _file_digest(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return _digest(file.read)


def _digest(read: Callable[[int], bytes]) -> str:
    digest = hashlib.sha256()
    while True:
        data = read(_CHUNK_BYTES)
        if not data:
            return digest.hexdigest()
        digest.update(data)


def _date_of(name: str) -> float | None:
    """Return the end of the day in a name, in seconds since the epoch; UTC is at most a day off."""
    import calendar

    dates: Sequence[Any] = _NAME_DATE.findall(name)
    if not dates:
        return None
    year, month, day = (int(part) for part in dates[-1])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return float(calendar.timegm((year, month, day, 0, 0, 0, 0, 1, 0)) + _DAY)


def fault(error: Exception) -> str:
    """Return one line for an error."""
    if isinstance(error, CheckError):
        return "{}: {}".format(error.reason_id.replace("_", " "), ", ".join(map(str, error.fields.values())))
    return str(error)
