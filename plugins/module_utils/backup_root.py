# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that holds the backup sets: who works in it, what is in it, and what a dead process left in it.

One process at a time makes or removes sets. Its lock is one of the kernel on the directory itself: it ends with the
process, however that ends, and whatever partial set or trash is there then belongs to nobody and is removed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from dataclasses import dataclass
from typing import Iterator

from .backup_items import read_name
from .backup_manifest import has_manifest, read_manifest
from .backup_records import PARTIAL_PREFIX, TRASH_PREFIX, Manifest, ManifestError
from .errors import RunbooksError
from .gzip_file import synchronise_folder
from .zones import zone

NAME_FORMAT = "%Y%m%d_%H%M%S"
_PAUSE_SECONDS = 0.2


class BackupError(RunbooksError):
    """A backup that cannot be made, or a set that cannot be removed."""


@dataclass(frozen=True)
class FoundSet:
    """One directory whose name is that of a set.

    Args:
        name: of the directory.
        path: of the directory.
        made: seconds since the epoch, from the name.
        manifest: None when it has none, or none that can be read.
        fault: why the manifest cannot be read; empty when there is none at all, as in sets that an application's own
            script made.
    """

    name: str
    path: str
    made: float
    manifest: Manifest | None
    fault: str = ""


def checked_root(path: str) -> str:
    """Return the real path of a directory that may hold sets.

    Raises:
        BackupError: it is relative, the root of a file system or directly below it, or no directory; or its parent is
            missing when it does not exist yet.
    """
    if not os.path.isabs(path):
        raise BackupError(f"The directory of the sets, {path}, is not an absolute path")
    real = os.path.realpath(path)
    if real.count("/") < 2:
        raise BackupError(f"The directory of the sets must not be {path}", "Choose one at least two levels deep")
    try:
        if not stat.S_ISDIR(os.stat(real).st_mode):
            raise BackupError(f"{path} is not a directory")
    except FileNotFoundError:
        if not os.path.isdir(os.path.dirname(real)):
            parent = os.path.dirname(real)
            raise BackupError(f"{parent} does not exist", "Create it, or correct system_backup.directory") from None
    except OSError as error:
        raise BackupError(f"{path} cannot be used: {os.strerror(error.errno or 0)}") from None
    return real


def set_name(moment: float, name_format: str, timezone: str) -> str:
    """Return the name of a set: its time on the clock of the system's people."""
    return time.strftime(name_format, time.gmtime(moment + zone(timezone).offset(moment)))


def made_from_name(name: str, name_format: str, timezone: str) -> float | None:
    """Return the time in a set's name, seconds since the epoch; None for every other name.

    A name counts only when the time in it is written as the format writes it: ``strptime`` alone would also take
    ``2026115_31500``.
    """
    with contextlib.suppress(ValueError):
        if time.strftime(name_format, time.strptime(name, name_format)) == name:
            return read_name(name, name_format, timezone)
    return None


def list_sets(root: str, name_format: str, timezone: str) -> list[FoundSet]:
    """Return the sets below a directory, newest first; links and everything that has another name are left out.

    Raises:
        BackupError: the directory cannot be read.
    """
    found = []
    try:
        with os.scandir(root) as listing:
            entries = [(one.name, one.path) for one in listing if one.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise BackupError(f"{root} cannot be read: {os.strerror(error.errno or 0)}") from None
    for name, path in entries:
        made = made_from_name(name, name_format, timezone)
        if made is not None:
            found.append(_found(name, path, made))
    return sorted(found, key=lambda one: (one.made, one.name), reverse=True)


def _found(name: str, path: str, made: float) -> FoundSet:
    try:
        return FoundSet(name, path, made, read_manifest(path))
    except ManifestError as error:
        return FoundSet(name, path, made, None, str(error) if has_manifest(path) else "")


@contextlib.contextmanager
def locked(root: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Be the only process that makes or removes sets here.

    Args:
        root: the directory; it exists.
        wait_seconds: how long to wait for another process.

    Raises:
        BackupError: another process works here.
    """
    import fcntl

    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    deadline = time.monotonic() + wait_seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    way_out = "Wait until it is done; its lock ends with its process"
                    raise BackupError(f"Another process makes or removes backup sets in {root}", way_out) from None
                time.sleep(_PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


def leftovers(root: str, name_format: str) -> list[str]:
    """Return the names of partial sets and of trash; of nobody when the lock is held."""
    names = []
    for name in sorted(os.listdir(root)):
        for prefix in (PARTIAL_PREFIX, TRASH_PREFIX):
            rest = name[len(prefix) :]
            if name.startswith(prefix) and made_from_name(rest, name_format, "UTC") is not None:
                names.append(name)
    return names


def remove_leftovers(root: str, name_format: str) -> list[str]:
    """Remove what interrupted processes left and return the names. The lock must be held."""
    names = leftovers(root, name_format)
    for name in names:
        remove_directory(os.path.join(root, name))
    if names:
        synchronise_folder(os.path.join(root, "."))
    return names


def remove_directory(path: str) -> None:
    """Remove a directory of ours, its contents first; links in it are removed, not followed.

    Raises:
        OSError: something could not be removed.
    """
    import shutil

    if os.path.islink(path) or not os.path.isdir(path):
        raise BackupError(f"{path} is no directory")
    # A directory that its owner may not write to, as it was in the application, is no reason to keep it.
    for folder, directories, _files in os.walk(path):
        for name in directories:
            full = os.path.join(folder, name)
            if not os.path.islink(full):
                os.chmod(full, 0o700)
    shutil.rmtree(path)
