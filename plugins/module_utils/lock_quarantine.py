# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a dead holder's lock out of the way without ever taking a live one's: renamed, looked at before and after."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import time
from dataclasses import dataclass
from typing import Callable

from .errors import RunbooksError

#: What follows the name of a thing that was put aside, before the time.
MARK = ".stale-"
_NO_REPLACE = 1
_HERE = -100
_TEXT_BYTES = 4096


@dataclass(frozen=True)
class Thing:
    """A lock or a pid file as it was judged; renaming it leaves all of this as it is.

    Args:
        path: where it is.
        kind: ``file`` or ``directory``.
        identity: device and inode.
        changed_ns: time of its last change of content.
        content: of a file its beginning, of a directory its entries.
    """

    path: str
    kind: str
    identity: tuple[int, int]
    changed_ns: int
    content: str


def examine(path: str) -> Thing | None:
    """Return what is there, None when there is nothing or it is neither a file nor a directory; follows no link."""
    try:
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode):
            kind, content = "directory", "\0".join(sorted(os.listdir(path)))
        elif stat.S_ISREG(status.st_mode):
            kind, content = "file", _beginning(path)
        else:
            return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RunbooksError(f"{path} cannot be looked at: {error.strerror}", "Run as root") from None
    return Thing(path, kind, (status.st_dev, status.st_ino), status.st_mtime_ns, content)


def aside_name(path: str, now: float) -> str:
    """Return the name under which a thing is kept beside its place; free at the moment.

    Args:
        path: of the thing.
        now: seconds since the epoch.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    for number in range(1, 1000):
        name = path + MARK + stamp + (f"-{number}" if number > 1 else "")
        if not os.path.lexists(name):
            return name
    raise RunbooksError(f"There is no free name beside {path}", "Look at what was put aside there")


def put_aside(thing: Thing, now: float, still_dead: Callable[[str], bool]) -> str:
    """Rename a thing to a dated name beside its place, unless it is no longer what was judged.

    Args:
        thing: from :func:`examine`, when it was judged.
        now: seconds since the epoch.
        still_dead: asked after the rename, with the new path: whether nothing has come to life since.

    Returns:
        The new path.

    Raises:
        RunbooksError: it was taken anew; it then has its old name, or the message says where it is.
    """
    if examine(thing.path) != thing:
        raise RunbooksError(f"{thing.path} was taken anew since it was judged", "Nothing was changed; look again")
    aside = aside_name(thing.path, now)
    rename_without_replacing(thing.path, aside)
    moved = examine(aside)
    unchanged = moved is not None and _same(moved, thing)
    if unchanged and still_dead(aside):
        return aside
    # Somebody took it between the look and the rename: he gets it back at once, unless a third one was faster.
    try:
        rename_without_replacing(aside, thing.path)
    except FileExistsError:
        raise RunbooksError(
            f"{thing.path} was taken anew while it was put aside, and taken again: two processes may hold it",
            f"Look at both holders now; the lock of the first one is {aside}",
        ) from None
    raise RunbooksError(f"{thing.path} was taken anew while it was put aside", "It has its name back; look again")


def rename_without_replacing(source: str, target: str) -> None:
    """Rename, and never replace what has the target's name: a plain rename replaces files and empty directories.

    Raises:
        FileExistsError: the name is taken.
        OSError: as the kernel says.
    """
    library = ctypes.CDLL(None, use_errno=True)
    call = getattr(library, "renameat2", None)
    if call is not None:
        if call(_HERE, os.fsencode(source), _HERE, os.fsencode(target), _NO_REPLACE) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(number, os.strerror(number), target)
    # An old kernel, C library or file system: a second name fails when the name is taken, but only files can have one.
    if stat.S_ISDIR(os.lstat(source).st_mode):
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        os.rename(source, target)
        return
    os.link(source, target, follow_symlinks=False)
    os.unlink(source)


def _same(moved: Thing, judged: Thing) -> bool:
    return (moved.kind, moved.identity, moved.changed_ns, moved.content) == (
        judged.kind,
        judged.identity,
        judged.changed_ns,
        judged.content,
    )


def _beginning(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _TEXT_BYTES).decode("latin-1")
    finally:
        os.close(descriptor)
