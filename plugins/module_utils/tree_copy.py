# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a file or a tree as it is, each source file read once: the digest is taken while the bytes go by.

Links stay links, further names of a file stay further names, modes, owners, times and access lists are kept. Nothing
is followed out of the tree, and nothing is left out silently.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from io import FileIO
from typing import Callable, Iterator, Sequence

from .backup_records import DIRECTORY, FILE, HARDLINK, ITSELF, SYMLINK, Entry
from .errors import RunbooksError
from .gzip_file import synchronise_folder

BLOCK_BYTES = 1 << 20
_ATTEMPTS = 3
_SELINUX = "security.selinux"
_HEAD_BYTES = 16
_SQLITE, _DUCKDB = b"SQLite format 3\0", b"DUCK"


class CopyError(RunbooksError):
    """Something in a tree that no copy of it could hold as it is."""


@dataclass(frozen=True)
class Rules:
    """What a copy of a tree may leave out or take as it comes.

    Args:
        exclude: globs on the path within the tree, or on the name.
        changing: whether files may be written to meanwhile, as logs are; what was there at first is kept then.
        databases: whether database files are copied like others; only right when nothing writes to them.
    """

    exclude: tuple[str, ...] = ()
    changing: bool = False
    databases: bool = False


@dataclass
class Copied:
    """A copy that is made.

    Args:
        entries: the tree itself first, parents before children.
        skipped: sockets and other special files, with their kind.
    """

    entries: list[Entry] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Found:
    path: str
    full: str
    status: os.stat_result


def measure_tree(source: str, rules: Rules) -> tuple[int, int]:
    """Return the bytes and the number of files that a copy would have.

    Raises:
        CopyError: a mount inside, or a directory that cannot be read.
        OSError: the source cannot be looked at.
    """
    size, files, seen = 0, 0, set()
    for found in _walk(os.path.realpath(source), rules):
        identity = (found.status.st_dev, found.status.st_ino)
        if stat.S_ISREG(found.status.st_mode) and identity not in seen:
            seen.add(identity)
            size, files = size + found.status.st_size, files + 1
    return size, files


def copy_tree(source: str, target: str, rules: Rules, remaining: Callable[[], float]) -> Copied:
    """Copy a file, or a directory with everything in it.

    Args:
        source: followed when it is a link itself, because somebody named it.
        target: does not exist; its parent does.
        rules: what may be left out.
        remaining: seconds that are left.

    Raises:
        CopyError: a file kept being written to, a database that would be torn, a mount inside, no time left.
        OSError: such as a full disk.
    """
    copied = Copied()
    first_names: dict[tuple[int, int], str] = {}
    directories: list[tuple[str, _Found]] = []
    for found in _walk(os.path.realpath(source), rules):
        if remaining() <= 0:
            raise CopyError(f"{source} could not be copied in time: {found.path} was next", "Give it more seconds")
        goal = target if found.path == ITSELF else os.path.join(target, found.path)
        mode = found.status.st_mode
        if stat.S_ISDIR(mode):
            os.mkdir(goal, 0o700)
            directories.append((goal, found))
            copied.entries.append(_entry(found, DIRECTORY))
        elif stat.S_ISLNK(mode):
            text = os.readlink(found.full)
            os.symlink(text, goal)
            _dress_link(goal, found.status)
            copied.entries.append(_entry(found, SYMLINK, target=text))
        elif not stat.S_ISREG(mode):
            copied.skipped.append(found.path)
        elif (found.status.st_dev, found.status.st_ino) in first_names:
            first = first_names[found.status.st_dev, found.status.st_ino]
            os.link(os.path.join(target, first), goal)
            copied.entries.append(_entry(found, HARDLINK, target=first))
        else:
            entry = _copy_file(found, goal, rules, remaining)
            if entry is not None:
                if found.status.st_nlink > 1:
                    first_names[found.status.st_dev, found.status.st_ino] = found.path
                copied.entries.append(entry)
    # Last, because every entry made inside changes a directory's time, and its mode may forbid making one.
    for goal, found in reversed(directories):
        _dress(goal, found.full, found.status)
    return copied


def _walk(top: str, rules: Rules) -> Iterator[_Found]:
    """Yield the tree itself and everything in it, parents first, in the order of names."""
    status = os.lstat(top)
    yield _Found(ITSELF, top, status)
    waiting = [("", top)] if stat.S_ISDIR(status.st_mode) else []
    while waiting:
        below, folder = waiting.pop()
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CopyError(f"{folder} cannot be read: {os.strerror(error.errno or 0)}") from None
        deeper = []
        for name in names:
            path, full = os.path.join(below, name), os.path.join(folder, name)
            if _matches(path, rules.exclude):
                continue
            try:
                found = _Found(path, full, os.lstat(full))
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(found.status.st_mode):
                if found.status.st_dev != status.st_dev:
                    raise CopyError(f"{full} is another file system", "Exclude it, or name it as an item of its own")
                deeper.append((path, full))
            yield found
        waiting += reversed(deeper)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) or fnmatchcase(os.path.basename(path), pattern) for pattern in patterns)


def _copy_file(found: _Found, goal: str, rules: Rules, remaining: Callable[[], float]) -> Entry | None:
    """Copy one file; None when it is gone meanwhile."""
    for _attempt in range(_ATTEMPTS):
        try:
            descriptor = os.open(found.full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb", buffering=0) as reading:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise CopyError(f"{found.full} is no file any more")
            if not rules.databases:
                _refuse_database(found.full, os.pread(descriptor, _HEAD_BYTES, 0))
            digest = _copy_bytes(reading, goal, before.st_size, remaining)
            after = os.fstat(descriptor)
            _dress(goal, descriptor, before)
            if digest is not None and (
                rules.changing or (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
            ):
                kept = _Found(found.path, found.full, before)
                return _entry(kept, FILE, size=before.st_size, sha256=digest)
        os.unlink(goal)
    raise CopyError(f"{found.full} was written to while it was copied", "Say changing: true if that is its nature")


def _copy_bytes(reading: FileIO, goal: str, size: int, remaining: Callable[[], float]) -> str | None:
    """Write so many bytes to a new file and return their digest; None when the file became shorter."""
    import hashlib

    digest, left = hashlib.sha256(), size
    buffer = memoryview(bytearray(min(BLOCK_BYTES, max(1, size))))
    writing = os.open(goal, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(writing, "wb", buffering=0) as stream:
        while left:
            count = reading.readinto(buffer[: min(left, len(buffer))])
            if not count:
                return None
            digest.update(buffer[:count])
            _write_all(stream.fileno(), buffer[:count])
            left -= count
            if remaining() <= 0:
                raise CopyError(f"{goal} could not be copied in time", "Give it more seconds")
    return digest.hexdigest()


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _refuse_database(path: str, head: bytes) -> None:
    kind = "sqlite" if head == _SQLITE else "duckdb" if head[8:12] == _DUCKDB else None
    if kind:
        way_out = f"Name it as an item of type {kind} and exclude it here; databases: true if nothing writes to it"
        raise CopyError(f"{path} is a database, and a plain copy of one that is written to is torn", way_out)


def _entry(found: _Found, kind: str, size: int = 0, sha256: str | None = None, target: str | None = None) -> Entry:
    status = found.status
    return Entry(
        path=found.path,
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        mtime_ns=status.st_mtime_ns,
        bytes=size,
        sha256=sha256,
        target=target,
        selinux=label_of(found.full),
    )


def label_of(path: str) -> str | None:
    """Return the SELinux label of a file; None where there is none."""
    try:
        return os.getxattr(path, _SELINUX, follow_symlinks=False).rstrip(b"\0").decode("ascii", "replace")
    except (OSError, AttributeError):
        return None


def _dress(goal: str, source: str | int, status: os.stat_result) -> None:
    """Give a copy the owner, mode, access list and times of its source; who is not root keeps what he may."""
    with contextlib.suppress(PermissionError):
        os.chown(goal, status.st_uid, status.st_gid)
    os.chmod(goal, stat.S_IMODE(status.st_mode))
    # Not every file system has these. A label is recorded, but a backup has the label of where it lies.
    with contextlib.suppress(OSError):
        for name in os.listxattr(source):
            if name != _SELINUX:
                os.setxattr(goal, name, os.getxattr(source, name))
    os.utime(goal, ns=(status.st_atime_ns, status.st_mtime_ns))


def _dress_link(goal: str, status: os.stat_result) -> None:
    with contextlib.suppress(PermissionError):
        os.lchown(goal, status.st_uid, status.st_gid)
    os.utime(goal, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)


def settle(target: str, entries: Sequence[Entry]) -> None:
    """Make the files and directories of a copy last over a power failure.

    Args:
        target: the copy.
        entries: what is in it, parents before children.
    """
    for entry in reversed(entries):
        path = target if entry.path == ITSELF else os.path.join(target, entry.path)
        if entry.kind == FILE:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        elif entry.kind == DIRECTORY:
            synchronise_folder(os.path.join(path, ITSELF))
