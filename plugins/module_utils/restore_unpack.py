# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack one item beside the data: read once, compared with its checksum on the way, in constant memory."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from .backup_records import DIRECTORY, FILE, HARDLINK, ITSELF, SYMLINK, Entry, Item
from .copy_and_digest import copy_and_digest
from .errors import RunbooksError

_BLOCK_BYTES = 1 << 20
#: From here on a second thread is worth it.
_LARGE_BYTES = 4 << 20
_LABEL = "security.selinux"


class DamagedError(RunbooksError):
    """What the set holds is not what its manifest says, or cannot be used: another set may be better."""


@dataclass(frozen=True)
class Owner:
    """Who is to own what, and how it may be used.

    Args:
        uid: owner.
        gid: group.
        mode: permission bits.
        like: path whose access list and label count; None takes the label of the manifest.
        selinux: label of the manifest.
    """

    uid: int
    gid: int
    mode: int
    like: str | None
    selinux: str | None


def unpack(source: str, item: Item, staged: str, target: str, meanwhile: Callable[[], None] | None = None) -> None:
    """Copy one item of a set to its place beside the data, with owner, modes and labels as they were.

    Args:
        source: path of the item within its set.
        item: what is known of it; checksums that are known are compared.
        staged: where to; nothing may be there.
        target: the data that it will replace; where it has the same file, its owner, mode and label count.
        meanwhile: may look at an item of one large file while its checksum is being computed; not called for others.

    Raises:
        DamagedError: it is not what the manifest says.
        OSError: such as a full disk.
    """
    folders: list[tuple[str, Entry]] = []
    for entry in item.entries:
        origin, path = (_within(root, entry) for root in (source, staged))
        if entry.kind == DIRECTORY:
            os.mkdir(path, 0o700)
            folders.append((path, entry))
        elif entry.kind == SYMLINK:
            os.symlink(entry.target or "", path)
        elif entry.kind == HARDLINK:
            os.link(os.path.join(staged, entry.target or ""), path, follow_symlinks=False)
            continue
        elif entry.kind == FILE:
            copy_file(origin, path, entry, meanwhile if entry.path == ITSELF else None)
        owner = owner_of(item, entry, _within(target, entry), target)
        give(path, owner, entry)
    # Children first: a directory's time and mode change with what is put into it.
    for path, entry in reversed(folders):
        os.chmod(path, owner_of(item, entry, _within(target, entry), target).mode)
        os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns))
        synchronise(path)


def _within(root: str, entry: Entry) -> str:
    return root if entry.path == ITSELF else os.path.join(root, entry.path)


def copy_file(source: str, path: str, entry: Entry, meanwhile: Callable[[], None] | None = None) -> None:
    """Copy a regular file to a new name, compare it with its checksum and make it last.

    Args:
        source: path of the file.
        path: where to; nothing may be there.
        entry: what is known of the file.
        meanwhile: may look at a large copy while its checksum is being computed.

    Raises:
        DamagedError: it has other content than the manifest says.
        OSError: such as a full disk.
    """
    with _opened(source, os.O_RDONLY | os.O_NONBLOCK) as reading:
        if not stat.S_ISREG(os.fstat(reading).st_mode):
            raise DamagedError(f"{source} is not a regular file")
        with _opened(path, os.O_RDWR | os.O_CREAT | os.O_EXCL) as writing:
            size, digest = _copy(reading, writing, entry, meanwhile)
    if entry.sha256 is not None and (size, digest) != (entry.bytes, entry.sha256):
        raise DamagedError(f"{source} is not what its manifest says: {size} bytes, SHA-256 {digest[:12]}")


def _copy(reading: int, writing: int, entry: Entry, meanwhile: Callable[[], None] | None) -> tuple[int, str]:
    """Copy to the end, bring it to the disk, and return length and SHA-256; nothing is compared with no digest."""
    import hashlib

    if entry.sha256 is not None and entry.bytes > _LARGE_BYTES:
        return copy_and_digest(reading, writing, meanwhile)
    digest = hashlib.sha256()
    buffer, size = memoryview(bytearray(min(_BLOCK_BYTES, max(entry.bytes, 1 << 16)))), 0
    while True:
        count = os.readv(reading, [buffer])
        if not count:
            break
        if entry.sha256 is not None:
            digest.update(buffer[:count])
        _write(writing, buffer[:count])
        size += count
    os.fsync(writing)
    return size, digest.hexdigest()


def _write(descriptor: int, data: Any) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@contextlib.contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def owner_of(item: Item, entry: Entry, counterpart: str, target: str) -> Owner:
    """Return who is to own an entry: as what it replaces, else as the manifest says, else as its neighbours."""
    for like in (counterpart, target):
        try:
            status = os.lstat(like)
        except OSError:
            continue
        if like == counterpart and _same_kind(status, entry):
            return Owner(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), like, entry.selinux)
        if item.user is None:
            # Made by a script: who ran it says nothing about who is to read it.
            return Owner(status.st_uid, status.st_gid, entry.mode, None, None)
    if item.user is None:
        with contextlib.suppress(OSError):
            status = os.stat(os.path.dirname(target))
            return Owner(status.st_uid, status.st_gid, entry.mode, None, None)
    uid, gid = _renumbered(item, entry)
    return Owner(uid, gid, entry.mode, None, entry.selinux)


def _same_kind(status: os.stat_result, entry: Entry) -> bool:
    right = {FILE: stat.S_ISREG, DIRECTORY: stat.S_ISDIR, SYMLINK: stat.S_ISLNK}.get(entry.kind)
    return right is not None and right(status.st_mode)


def _renumbered(item: Item, entry: Entry) -> tuple[int, int]:
    """Return the numbers of an owner; where it has another number on this host, its name counts."""
    import grp
    import pwd

    uid, gid = entry.uid, entry.gid
    with contextlib.suppress(KeyError):
        uid = pwd.getpwnam(item.user).pw_uid if item.user and uid == item.itself.uid else uid
    with contextlib.suppress(KeyError):
        gid = grp.getgrnam(item.group).gr_gid if item.group and gid == item.itself.gid else gid
    return uid, gid


def give(path: str, owner: Owner, entry: Entry) -> None:
    """Give a new file its owner, access list, label, mode and time."""
    status = os.lstat(path)
    if (status.st_uid, status.st_gid) != (owner.uid, owner.gid):
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    with contextlib.suppress(OSError):  # Not every file system has labels and access lists.
        if owner.like is not None:
            for name in os.listxattr(owner.like, follow_symlinks=False):
                os.setxattr(path, name, os.getxattr(owner.like, name, follow_symlinks=False), follow_symlinks=False)
        elif owner.selinux:
            os.setxattr(path, _LABEL, owner.selinux.encode() + b"\0", follow_symlinks=False)
    if entry.kind == FILE:
        os.chmod(path, owner.mode)
    if entry.kind != DIRECTORY:
        os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)


def synchronise(path: str) -> None:
    """Make what is in a directory last over a power failure."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
