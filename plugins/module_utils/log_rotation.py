# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which log files have grown too large, and what their rotation takes: looking only (EST-14)."""

from __future__ import annotations

import glob
import os
import re
import stat
from dataclasses import dataclass, field
from typing import Iterable, Sequence

from .errors import RunbooksError
from .logs.names import is_rotated_name
from .mount_points import mount_points, strays
from .open_handles import Holder, handles_of

RENAME = "rename"
COPY_TRUNCATE = "copytruncate"
#: Rotated copies end in the UTC time of their rotation.
STAMP_FORMAT = "-%Y%m%d-%H%M%S"
PARTIAL_SUFFIX = ".partial"
_STAMP_CHARACTERS = len("-20261121-095844")
_COPY = re.compile(r"^-\d{8}-\d{6}(?:\.gz)?$")
_PARTIAL = re.compile(r"^-\d{8}-\d{6}\.partial$")


@dataclass(frozen=True)
class Rotation:
    """One file to rotate.

    Attributes:
        path: of the file.
        size_bytes: when the plan was made.
        identity: its device and inode.
        method: ``rename`` or ``copytruncate``.
        writers: processes that write to it.
    """

    path: str
    size_bytes: int
    identity: tuple[int, int]
    method: str
    writers: Sequence[int]


@dataclass
class RotationPlan:
    """Everything that is to be done, in this order.

    Attributes:
        leftovers: unfinished copies of an interrupted run, by the file they belong to.
        rotations: files that are too large.
        to_compress: copies that are still uncompressed and no longer open.
        to_remove: copies beyond the number that is kept.
        faults: files that are too large and cannot be rotated as asked, with the reason.
        skipped: what the globs found besides regular files.
    """

    leftovers: dict[str, list[str]] = field(default_factory=dict)
    rotations: list[Rotation] = field(default_factory=list)
    to_compress: list[str] = field(default_factory=list)
    to_remove: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.leftovers or self.rotations or self.to_compress or self.to_remove)


def rotation_plan(patterns: Iterable[str], larger_than_bytes: int, keep: int, method: str = "auto") -> RotationPlan:
    """Look at the files and return what is to be done.

    Args:
        patterns: paths or globs; rotated copies among them are never rotated again.
        larger_than_bytes: files above this size are rotated.
        keep: so many rotated copies of each file stay.
        method: ``auto`` copies and truncates a file that a process holds open for appending, and renames any other.

    Raises:
        RunbooksError: a path without a glob does not exist, or a folder cannot be read.
    """
    plan = RotationPlan()
    files = _files(patterns, plan)
    handles = handles_of({(status.st_dev, status.st_ino) for status in files.values()}).holders
    for path, status in files.items():
        identity = (status.st_dev, status.st_ino)
        rotated = 0
        if status.st_size > larger_than_bytes:
            chosen, fault = choose_method(method, handles.get(identity, []))
            if fault is None:
                writers = sorted({holder.pid for holder in handles.get(identity, []) if holder.writing})
                plan.rotations.append(Rotation(path, status.st_size, identity, chosen, writers))
                rotated = 1
            else:
                plan.faults[path] = fault
        _plan_copies(path, identity, max(0, keep - rotated), plan)
    return plan


def choose_method(method: str, holders: Sequence[Holder]) -> tuple[str, str | None]:
    """Return the method and, when it cannot be used, why; pure.

    A process that keeps the file open goes on writing to a renamed file. One that does not append goes on at its old
    position in a truncated file, behind a hole of NUL bytes.
    """
    writers = [holder for holder in holders if holder.writing]
    chosen = method if method != "auto" else COPY_TRUNCATE if writers else RENAME
    without_append = sorted({holder.pid for holder in writers if not holder.appending})
    if chosen == COPY_TRUNCATE and without_append:
        return chosen, f"process {without_append[0]} writes to it without appending, so that it cannot be truncated"
    return chosen, None


def _files(patterns: Iterable[str], plan: RotationPlan) -> dict[str, os.stat_result]:
    found: dict[str, os.stat_result] = {}
    points = mount_points()
    for pattern in patterns:
        is_glob = glob.has_magic(pattern)
        named = sorted(glob.glob(pattern)) if is_glob else [pattern]
        names = {os.path.basename(path) for path in named}
        for path in named:
            name = os.path.basename(path)
            if is_glob and (name.endswith(PARTIAL_SUFFIX) or any(is_rotated_name(name, one) for one in names)):
                continue
            try:
                status = os.lstat(path)
            except OSError as error:
                raise RunbooksError(f"{path}: {error.strerror}", "Correct the path") from None
            if is_glob and strays(pattern, path, points):
                plan.skipped.append(path)
            elif stat.S_ISREG(status.st_mode):
                found[path] = status
            elif not stat.S_ISDIR(status.st_mode) or not is_glob:
                plan.skipped.append(path)
    return found


def _plan_copies(path: str, identity: tuple[int, int], keep: int, plan: RotationPlan) -> None:
    folder, name = os.path.split(path)
    try:
        present = sorted(os.listdir(folder or "."), reverse=True)
    except OSError as error:
        raise RunbooksError(f"{folder}: {error.strerror}", "Let this user read it") from None
    copies: dict[str, list[str]] = {}
    for other in present:
        rest = other[len(name) :] if other.startswith(name) else ""
        full = os.path.join(folder, other)
        if _PARTIAL.match(rest) or (_COPY.match(rest) and _same_file(full, identity)):
            plan.leftovers.setdefault(path, []).append(full)
        elif _COPY.match(rest):
            # A copy and its compressed form may both be there when an earlier run was interrupted.
            copies.setdefault(rest[:_STAMP_CHARACTERS], []).append(full)
    # The newest stamp comes first.
    by_age = [copies[stamp] for stamp in sorted(copies, reverse=True)]
    plan.to_remove += [full for group in by_age[keep:] for full in group]
    plain = {_identity(full): full for group in by_age[:keep] for full in group if not full.endswith(".gz")}
    still_open = handles_of(set(plain)).holders
    plan.to_compress += [full for found, full in plain.items() if found not in still_open]


def _identity(path: str) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino


def _same_file(path: str, identity: tuple[int, int]) -> bool:
    try:
        return _identity(path) == identity
    except OSError:
        return False
