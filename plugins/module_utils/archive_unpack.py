# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack an archive of somebody else: examined as a whole first, then exactly what was examined."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .archive_plan import DIRECTORY, Examined, Limits, Member, examine, plain_name
from .archive_reader import ArchiveError, Reader


@dataclass(frozen=True)
class Archive:
    """An archive that was found to be harmless.

    Args:
        path: of the archive.
        examined: what is in it.
        version: size and time of the file that was examined.
    """

    path: str
    examined: Examined
    version: tuple[int, int, int]


def inspect_archive(path: str, limits: Limits) -> Archive:
    """Look at every member of an archive; nothing is written.

    Raises:
        ArchiveError: names what is wrong.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        reader = Reader(descriptor)
        try:
            found = examine(reader.members(), reader.archive_bytes, limits)
        finally:
            reader.close()
        if found.faults:
            more = f" and {found.more_faults} more" if found.more_faults else ""
            raise ArchiveError(
                "{} is not unpacked: {}{}".format(path, "; ".join(found.faults), more),
                "Nothing was written. Ask where the archive comes from",
            )
        return Archive(path, found, _version(descriptor))
    finally:
        os.close(descriptor)


def unpack_archive(archive: Archive, directory: str) -> None:
    """Unpack an archive that was examined into a directory that does not exist yet.

    Owners and special permissions of the archive mean nothing here: everything belongs to who unpacks, until it
    replaces something.

    Raises:
        ArchiveError: it is not the archive that was examined.
        OSError: such as a full disk.
    """
    os.mkdir(directory, 0o700)
    descriptor = os.open(archive.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if _version(descriptor) != archive.version:
            raise ArchiveError(f"{archive.path} was replaced after it was examined")
        reader = Reader(descriptor)
        try:
            _unpack(reader, archive, directory)
        finally:
            reader.close()
        if _version(descriptor) != archive.version:
            raise ArchiveError(f"{archive.path} was written to while it was unpacked")
    finally:
        os.close(descriptor)


def _unpack(reader: Reader, archive: Archive, directory: str) -> None:
    expected = iter(archive.examined.members)
    known: set[str] = set()
    for found in reader.members():
        name = plain_name(found.name)
        if not name or name in known:
            continue  # The root, or a directory that comes twice.
        member = next(expected, None)
        if member is None or (name, found.kind, found.bytes) != (member.name, member.kind, member.bytes):
            raise ArchiveError(f"{archive.path} is not the archive that was examined")
        known.add(name)
        path = os.path.join(directory, name)
        if member.kind == DIRECTORY:
            os.makedirs(path, mode=0o700, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            _write(reader, member, path)
    if next(expected, None) is not None:
        raise ArchiveError(f"{archive.path} is not the archive that was examined")
    for member in archive.examined.members:
        if member.kind == DIRECTORY:
            os.chmod(os.path.join(directory, member.name), (member.mode & 0o777) | 0o700)


def _write(reader: Reader, member: Member, path: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        for block in reader.data(member.bytes):
            view = memoryview(block)
            while view:
                view = view[os.write(descriptor, view) :]
        os.fchmod(descriptor, member.mode & 0o777)
        os.utime(descriptor, (member.mtime, member.mtime))
    finally:
        os.close(descriptor)


def _version(descriptor: int) -> tuple[int, int, int]:
    status = os.fstat(descriptor)
    return status.st_ino, status.st_size, status.st_mtime_ns
