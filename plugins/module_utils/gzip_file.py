# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compress a file without ever being without it: the original goes only when its copy has been read back."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from typing import IO, Any

from .errors import RunbooksError
from .retention import PARTIAL_SUFFIX

_CHUNK_BYTES = 1 << 20


class FileChangedError(RunbooksError):
    """The file is not the one, or not as, it was when the plan was made; it is left alone."""


@dataclass(frozen=True)
class Compressed:
    """A compression that is done."""

    path: str
    size_bytes: int
    original_bytes: int


def compress(path: str, identity: tuple[int, int] | None = None) -> Compressed:
    """Replace a file by its gzip copy, with the same owner, mode and times.

    Wherever this is interrupted, the original or the verified copy is there, or both: the next call then finishes.

    Args:
        path: of the file; links are not followed.
        identity: device and inode that it must have.

    Raises:
        FileChangedError: it is another file, or was written to meanwhile.
        RunbooksError: another file has the copy's name.
        OSError: such as a full disk; the original is untouched.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as original:
        before = os.fstat(original.fileno())
        if not stat.S_ISREG(before.st_mode) or (identity is not None and _identity(before) != identity):
            raise FileChangedError(f"{path} is not the file it was")
        target, partial = path + ".gz", path + PARTIAL_SUFFIX
        digest = _digest(original)
        if os.path.lexists(target):
            # An earlier run was interrupted after the copy was complete.
            if _digest_of_copy(target) != digest:
                raise RunbooksError(f"{target} exists and holds something else", "Move it away")
        else:
            original.seek(0)
            _write_copy(original, before, partial)
            try:
                if _digest_of_copy(partial) != digest:
                    raise FileChangedError(f"{path} was written to while it was compressed, or its copy is damaged")
                os.rename(partial, target)
            except BaseException:
                os.unlink(partial)
                raise
            synchronise_folder(path)
        after = os.fstat(original.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or not _is_still(path, before):
            os.unlink(target)
            raise FileChangedError(f"{path} was written to while it was compressed")
    os.unlink(path)
    synchronise_folder(path)
    return Compressed(target, os.stat(target).st_size, before.st_size)


def _write_copy(original: IO[bytes], status: os.stat_result, partial: str) -> None:
    import gzip
    import shutil

    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            name = os.path.basename(partial[: -len(PARTIAL_SUFFIX)])
            with gzip.GzipFile(name, "wb", 6, raw, status.st_mtime) as packed:
                shutil.copyfileobj(original, packed, _CHUNK_BYTES)
            raw.flush()
            copy_attributes(original.fileno(), raw.fileno(), status)
            os.fsync(raw.fileno())
    except BaseException:
        os.unlink(partial)
        raise


def copy_attributes(source: int | str, descriptor: int, status: os.stat_result) -> None:
    """Give an open file the owner, mode, times, ACL and label of another; who is not root keeps what he may.

    Args:
        source: path or descriptor of the other file.
        descriptor: of the open file.
        status: of the other file.
    """
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    # Not every file system has these, and a label may be for the system alone to set.
    with contextlib.suppress(OSError):
        for name in os.listxattr(source):
            os.setxattr(descriptor, name, os.getxattr(source, name))
    os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))


def _digest(stream: Any) -> str:
    digest = hashlib.sha256()
    while True:
        data = stream.read(_CHUNK_BYTES)
        if not data:
            return digest.hexdigest()
        digest.update(data)


def _digest_of_copy(path: str) -> str:
    import gzip
    import zlib

    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as raw:
        try:
            with gzip.GzipFile(fileobj=raw) as packed:
                return _digest(packed)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            return f"unreadable: {error}"


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_still(path: str, status: os.stat_result) -> bool:
    try:
        return _identity(os.lstat(path)) == _identity(status)
    except FileNotFoundError:
        return False


def synchronise_folder(path: str) -> None:
    """Make renames and deletions beside a path last over a power failure."""
    descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot; they order such changes themselves.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)
