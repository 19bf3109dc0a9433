# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate log files so that no line is lost, whoever is writing meanwhile (EST-14).

A file that nobody holds open is renamed; an empty one of the same owner and mode takes its place in the same instant.
A file that a process keeps open for appending is copied; for the last few lines its writers are held for some
milliseconds, so that nothing is written between the end of the copy and the truncation.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from dataclasses import dataclass, field
from typing import Any, Callable

from .errors import RunbooksError
from .gzip_file import compress, copy_attributes, synchronise_folder
from .log_rotation import COPY_TRUNCATE, PARTIAL_SUFFIX, STAMP_FORMAT, Rotation, RotationPlan
from .open_handles import handles_of
from .process_pause import paused

_CHUNK_BYTES = 1 << 20
_ROUNDS_BEFORE_PAUSE = 5


@dataclass
class RotationOutcome:
    """What was done.

    Attributes:
        rotated: one entry for each rotated file.
        compressed: copies of earlier rotations that were compressed now.
        removed: copies beyond the number that is kept.
        still_open: copies that wait for their writers to let go before they are compressed.
        failed: files for which it did not work, with the reason.
    """

    rotated: list[dict[str, Any]] = field(default_factory=list)
    compressed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    still_open: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything was done."""
        return bool(self.rotated or self.compressed or self.removed)


def apply(plan: RotationPlan, reopen: Callable[[], None] | None = None, wait_seconds: float = 10.0) -> RotationOutcome:
    """Carry out a plan; one file's failure does not keep the others.

    Args:
        plan: what is to be done.
        reopen: tells writers of renamed files to open their log anew; called once.
        wait_seconds: how long a renamed file may stay open before its compression is left to the next run.
    """
    outcome = RotationOutcome(failed=dict(plan.faults))
    for path, leftovers in plan.leftovers.items():
        with _failures(outcome, path):
            for leftover in leftovers:
                _settle(path, leftover)
                outcome.removed.append(leftover)
    copies: list[dict[str, Any]] = []
    for rotation in plan.rotations:
        with _failures(outcome, rotation.path):
            copy = copy_truncate(rotation) if rotation.method == COPY_TRUNCATE else rename(rotation)
            copies.append(
                {"path": rotation.path, "bytes": rotation.size_bytes, "method": rotation.method, "copy": copy}
            )
    if reopen is not None and any(entry["method"] != COPY_TRUNCATE for entry in copies):
        with _failures(outcome, "reopen"):
            reopen()
    for entry in copies:
        outcome.rotated.append(entry)
        with _failures(outcome, entry["copy"]):
            if _released(entry["copy"], wait_seconds):
                packed = compress(entry["copy"])
                entry.update(copy=packed.path, compressed_bytes=packed.size_bytes)
            else:
                outcome.still_open.append(entry["copy"])
    for path in plan.to_compress:
        with _failures(outcome, path):
            outcome.compressed.append(compress(path).path)
    for path in plan.to_remove:
        with _failures(outcome, path):
            os.unlink(path)
            outcome.removed.append(path)
    return outcome


@contextlib.contextmanager
def _failures(outcome: RotationOutcome, path: str) -> Any:
    try:
        yield
    except (RunbooksError, OSError) as error:
        outcome.failed[path] = str(error)


def rename(rotation: Rotation) -> str:
    """Give the file another name and an empty one its place; there is a file of that name at every moment."""
    path, copy = rotation.path, _free_name(rotation.path)
    status = _checked(path, rotation)
    fresh = copy + PARTIAL_SUFFIX
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        copy_attributes(path, descriptor, status)
    finally:
        os.close(descriptor)
    os.utime(fresh)
    os.link(path, copy, follow_symlinks=False)
    os.rename(fresh, path)
    synchronise_folder(path)
    return copy


def copy_truncate(rotation: Rotation) -> str:
    """Copy the file, hold its writers for the last lines, and truncate it."""
    path, copy = rotation.path, _free_name(rotation.path)
    partial = copy + PARTIAL_SUFFIX
    source = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    target = None
    truncated = False
    try:
        status = os.fstat(source)
        if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) != rotation.identity:
            raise RunbooksError(f"{path} is not the file it was")
        target = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            for _round in range(_ROUNDS_BEFORE_PAUSE):
                if _append_rest(source, target) < _CHUNK_BYTES:
                    break
            os.fsync(target)
            _verify(source, target)
            with paused(lambda: _writers(rotation)) as until:
                _append_rest(source, target)
                os.fsync(target)
                if time.monotonic() > until:
                    # The guard may have let them go, and what they have written since is in no copy.
                    raise RunbooksError(
                        f"Copying the last lines of {path} took too long to hold its writers meanwhile",
                        "Nothing was rotated; look why the disk is slow",
                    )
                truncated = True
                os.ftruncate(source, 0)
        except BaseException:
            # Once the original may be empty, the copy is all there is.
            if not truncated:
                os.unlink(partial)
            raise
        copy_attributes(source, target, status)
        os.rename(partial, copy)
        synchronise_folder(path)
        return copy
    finally:
        os.close(source)
        if target is not None:
            os.close(target)


def _append_rest(source: int, target: int) -> int:
    """Append to the copy what the source has beyond it; return how many bytes that were."""
    position = start = os.fstat(target).st_size
    while True:
        data = os.pread(source, _CHUNK_BYTES, position)
        if not data:
            return position - start
        view = memoryview(data)
        while view:
            written = os.pwrite(target, view, position)
            position += written
            view = view[written:]


def _verify(source: int, target: int) -> None:
    """Compare the copy with the source, up to the copy's length."""
    position, size = 0, os.fstat(target).st_size
    while position < size:
        one = os.pread(source, min(_CHUNK_BYTES, size - position), position)
        two = os.pread(target, len(one), position)
        if not one or one != two:
            raise RunbooksError(f"The copy differs from the file at byte {position}")
        position += len(one)


def _writers(rotation: Rotation) -> set[int]:
    holders = handles_of({rotation.identity}).holders.get(rotation.identity, [])
    for holder in holders:
        if holder.writing and not holder.appending:
            raise RunbooksError(f"Process {holder.pid} began to write to {rotation.path} without appending")
    return {holder.pid for holder in holders if holder.writing}


def _checked(path: str, rotation: Rotation) -> os.stat_result:
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) != rotation.identity:
        raise RunbooksError(f"{path} is not the file it was")
    return status


def _free_name(path: str) -> str:
    now = time.time()
    for later in range(60):
        name = path + time.strftime(STAMP_FORMAT, time.gmtime(now + later))
        if not any(os.path.lexists(name + suffix) for suffix in ("", ".gz", PARTIAL_SUFFIX)):
            return name
    raise RunbooksError(f"There is no free name for a copy of {path}", "Look at the folder")


def _released(path: str, wait_seconds: float) -> bool:
    status = os.lstat(path)
    identity = (status.st_dev, status.st_ino)
    deadline = time.monotonic() + wait_seconds
    while any(holder.writing for holder in handles_of({identity}).holders.get(identity, [])):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _settle(path: str, leftover: str) -> None:
    """Bring the unfinished copy of an interrupted run to its end: a mere copy goes, the only copy is kept."""
    with open(leftover, "rb") as copy, open(path, "rb") as original:
        same_file = os.path.samestat(os.fstat(copy.fileno()), os.fstat(original.fileno()))
        while not same_file:
            data = copy.read(_CHUNK_BYTES)
            if data != original.read(len(data)):
                os.rename(leftover, leftover[: -len(PARTIAL_SUFFIX)])
                return
            if not data:
                break
    os.unlink(leftover)
