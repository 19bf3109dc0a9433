# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration file is replaced: kept beside under a dated name, validated before, atomic, mended after a crash."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from dataclasses import dataclass
from typing import Sequence

from .errors import CheckError, RunbooksError
from .probe import Context

_LARGEST_BYTES = 16 * 1024 * 1024
_CANDIDATE = ".candidate."
_UNFINISHED = ".unfinished."


@dataclass(frozen=True)
class Validator:
    """The application's own validator.

    Args:
        command: program and arguments; ``{candidate}`` is the file to be judged.
        directory: where it runs; None where the configuration file is.
        timeout_seconds: how long it may take.
    """

    command: Sequence[str]
    directory: str | None = None
    timeout_seconds: float = 60


def read(path: str) -> bytes:
    """Return the content of a configuration file; what a crash left half written in place is read as it was before.

    Raises:
        RunbooksError: it is missing, no plain file, too large, or must not be read.
    """
    unfinished = _unfinished(path)
    return _read(unfinished) if unfinished else _read(path)


def is_unfinished(path: str) -> bool:
    """Tell whether writing in place was interrupted: the file is put right by the next replacement."""
    return _unfinished(path) is not None


def backups_of(path: str) -> list[str]:
    """Return the kept configurations of a file, the newest first."""
    folder, name = os.path.split(os.path.abspath(path))
    pattern = re.compile(re.escape(name) + r"\.\d{8}T\d{6}(?:\d{6})?Z\.bak\Z")
    try:
        names = sorted((one for one in os.listdir(folder) if pattern.match(one)), reverse=True)
    except OSError as error:
        raise RunbooksError(
            f"{folder} cannot be listed: {error.strerror}", "Correct path, or the permissions"
        ) from None
    return [os.path.join(folder, one) for one in names]


def chosen_backup(path: str, wanted: str) -> str:
    """Return the kept configuration that is meant.

    Args:
        path: the configuration file.
        wanted: ``previous`` for the newest one that differs from the file, or a name of one.

    Raises:
        RunbooksError: there is none; names those that there are.
    """
    kept = backups_of(path)
    if wanted == "previous":
        now = read(path)
        for one in kept:
            if _read(one) != now:
                return one
        raise RunbooksError(f"No other configuration of {path} is kept", "Nothing was changed with config_value yet")
    for one in kept:
        if os.path.basename(wanted) == os.path.basename(one):
            return one
    names = ", ".join(os.path.basename(one) for one in kept) or "none"
    raise RunbooksError(f"{wanted} is no kept configuration of {path}", f"Kept: {names}")


def validate(path: str, content: bytes, validator: Validator | None, folder: str) -> None:
    """Have a content judged by the application's validator before it is applied.

    Args:
        path: the configuration file.
        content: what it is to hold.
        validator: None accepts everything.
        folder: where the candidate is written: beside the file, or elsewhere when nothing may be written there.

    Raises:
        RunbooksError: it is refused, with the validator's last words.
    """
    if validator is None:
        return
    candidate = os.path.join(folder, _CANDIDATE + os.path.basename(path))
    try:
        _write(candidate, content, os.stat(path))
        command = [part.replace("{candidate}", candidate) for part in validator.command]
        context = Context(now=time.time(), deadline=time.monotonic() + validator.timeout_seconds)
        done = context.run(command, cwd=validator.directory or os.path.dirname(os.path.abspath(path)))
    except CheckError as fault:
        raise RunbooksError(
            f"The validator {validator.command[0]} cannot be run: {fault.reason_id}", "Correct validate"
        ) from None
    except OSError as error:
        raise RunbooksError(
            f"{candidate} cannot be written: {error.strerror}", "Make room, or run as its owner"
        ) from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(candidate)
    if done.timed_out or done.returncode != 0:
        said = " / ".join((done.stderr + "\n" + done.stdout).strip().splitlines()[-3:]) or "it says nothing"
        how = "did not answer in time" if done.timed_out else f"refuses it with status {done.returncode}"
        raise RunbooksError(f"The validator of {path} {how}: {said}", "Nothing was changed; correct the values")


def replace(path: str, old: bytes, new: bytes, now: float, in_place: bool) -> str:
    """Put a new content into a configuration file and keep the old one beside.

    Args:
        path: the configuration file.
        old: what was read; when it holds something else by now, nothing is done.
        new: what it is to hold.
        now: seconds since the epoch, for the name of what is kept.
        in_place: write into the same file, because something holds this very file (a mount of a single file).

    Returns:
        The path of what is kept.

    Raises:
        RunbooksError: it could not be done; the file is as it was, or is made so by the next call.
    """
    folder = os.path.dirname(os.path.abspath(path))
    candidate, kept = os.path.join(folder, _CANDIDATE + os.path.basename(path)), kept_name(path, now)
    try:
        _restore_unfinished(path)
        status = os.lstat(path)
        if _read(path) != old:
            raise RunbooksError(f"{path} was changed by somebody else meanwhile", "Look at it and begin again")
        if os.path.lexists(kept):
            raise RunbooksError(f"{kept} is there already", "Set the clock of the host right")
        # What bears the name of a kept file is whole, also when this is killed or the disk is full.
        _write(candidate, old, status)
        os.rename(candidate, kept)
        if in_place:
            _write_in_place(path, new, kept)
        else:
            _write(candidate, new, status)
            os.replace(candidate, path)
        _sync(folder)
        if _read(path) != new:
            raise RunbooksError(f"{path} does not hold what was written", f"Copy {kept} back and look at the disk")
    except OSError as error:
        _go_back(path, old, candidate, kept)
        raise RunbooksError(f"{path} cannot be replaced: {error.strerror}", "Make room, or run as its owner") from None
    return kept


def kept_name(path: str, now: float) -> str:
    """Return the name of what is kept of a file that is replaced now (seconds since the epoch)."""
    return f"{path}.{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}{round(now % 1 * 1e6) % 1000000:06}Z.bak"


def _go_back(path: str, old: bytes, candidate: str, kept: str) -> None:
    """Leave the file as it was and nothing beside it, as far as the disk allows; the marker stays where it does not."""
    with contextlib.suppress(OSError):
        os.unlink(candidate)
    with contextlib.suppress(OSError, RunbooksError):
        _restore_unfinished(path)
        if _read(path) == old:
            os.unlink(kept)


def _write_in_place(path: str, content: bytes, kept: str) -> None:
    """Write into the same file. The marker says, until the end, which kept file holds what was there."""
    marker = os.path.join(os.path.dirname(os.path.abspath(path)), _UNFINISHED + os.path.basename(path))
    if not os.path.lexists(marker):
        os.symlink(os.path.basename(kept), marker)
        _sync(os.path.dirname(marker))
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    os.unlink(marker)


def _unfinished(path: str) -> str | None:
    """Return what is kept of a file whose writing in place was interrupted, None in all other cases."""
    folder = os.path.dirname(os.path.abspath(path))
    marker = os.path.join(folder, _UNFINISHED + os.path.basename(path))
    if not os.path.islink(marker):
        return None
    kept = os.path.join(folder, os.path.basename(os.readlink(marker)))
    if kept not in backups_of(path):
        raise RunbooksError(f"{marker} names {kept}, which is not kept", f"Look at {path}, then remove the marker")
    return kept


def _restore_unfinished(path: str) -> None:
    kept = _unfinished(path)
    if kept:
        _write_in_place(path, _read(kept), kept)


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        link = os.path.islink(path)
        reason = "it is a link" if link else error.strerror
        way_out = f"Name {os.path.realpath(path)} instead" if link else "Correct path, or the permissions"
        raise RunbooksError(f"{path} cannot be read: {reason}", way_out) from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise RunbooksError(f"{path} is no plain file", "Correct path")
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise RunbooksError(f"{path} is larger than {_LARGEST_BYTES} bytes", "That is no configuration file")
    return content


def _write(path: str, content: bytes, like: os.stat_result) -> None:
    """Write a new file with the owner and the mode of another one, and have it on disk."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if (os.fstat(descriptor).st_uid, os.fstat(descriptor).st_gid) != (like.st_uid, like.st_gid):
            os.fchown(descriptor, like.st_uid, like.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
