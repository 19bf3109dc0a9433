# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the sets until one is found whole, plan, and remove what is due; no interruption leaves half a set."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

from .backup_items import faults_of
from .backup_records import TRASH_PREFIX, Manifest
from .backup_retention import OURS, SCRIPT, STRANGE, Decision, Keep, SetState, plan
from .backup_root import BackupError, FoundSet, leftovers, list_sets, locked, remove_directory, remove_leftovers
from .backup_verify import verify_set
from .file_tree import measure
from .gzip_file import synchronise_folder
from .set_lock import SetInUseError, alone
from .zones import zone


@dataclass(frozen=True)
class Question:
    """Where sets lie and how they are known.

    Args:
        root: from ``checked_root``.
        name_format: of the names of sets.
        timezone: of the times in them.
        verify: how deep the newest sets are looked at before anything is removed, see ``backup_verify.DEPTHS``.
        script_items: what a set holds that an application's own script made: name and type of each.
        python: interpreter with DuckDB.
    """

    root: str
    name_format: str
    timezone: str
    verify: str = "checksums"
    script_items: tuple[Mapping[str, Any], ...] = ()
    python: str | None = None


@dataclass(frozen=True)
class Due:
    """One set that goes."""

    name: str
    bytes: int
    identity: tuple[int, int]


@dataclass
class Planned:
    """What was found and decided.

    Args:
        decisions: about every set, newest first.
        due: those that go, oldest first.
        in_use: those that would go, and who reads them.
        leftovers: partial sets and trash of dead processes.
        newest_whole: name of the newest set that was found whole.
        faults: what is wrong with newer ones.
    """

    decisions: list[Decision] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    newest_whole: str | None = None
    faults: list[str] = field(default_factory=list)


def make_plan(question: Question, keep: Keep, now: float, remaining: Callable[[], float]) -> Planned:
    """Look at the sets and plan.

    Args:
        question: where they lie.
        keep: the rules.
        now: seconds since the epoch.
        remaining: seconds that are left for looking.

    Raises:
        BackupError: the directory cannot be read.
        CheckError: the zone is unknown.
    """
    found = list_sets(question.root, question.name_format, question.timezone)
    planned = Planned(leftovers=leftovers(question.root, question.name_format))
    states = [_state(question, one, planned, remaining) for one in found]
    planned.decisions = plan(states, keep, now, zone(question.timezone))
    by_name = {one.name: one for one in found}
    for decision in reversed(planned.decisions):
        if decision.due:
            path = by_name[decision.name].path
            try:
                with alone(path):
                    status = os.lstat(path)
            except SetInUseError as error:
                planned.in_use.append(f"{decision.name} is {error.words}")
                continue
            size = measure(path, lambda: remaining() <= 0).size_bytes
            planned.due.append(Due(decision.name, size, (status.st_dev, status.st_ino)))
    return planned


def _state(question: Question, one: FoundSet, planned: Planned, remaining: Callable[[], float]) -> SetState:
    if one.fault or (one.manifest is None and not question.script_items):
        return SetState(one.name, one.made, STRANGE)
    origin = OURS if one.manifest is not None else SCRIPT
    present = one.manifest is not None or not _faults(question, one, None, remaining, integrity=False)
    if not present:
        return SetState(one.name, one.made, STRANGE)
    if planned.newest_whole is not None:
        # Older sets protect nothing: whether they are whole does not matter any more.
        return SetState(one.name, one.made, origin)
    faults = _faults(question, one, one.manifest, remaining, integrity=True)
    if not faults:
        planned.newest_whole = one.name
    planned.faults += [f"{one.name}: {fault}" for fault in faults[:3]]
    return SetState(one.name, one.made, origin, not faults)


def _faults(
    question: Question, one: FoundSet, manifest: Manifest | None, remaining: Callable[[], float], integrity: bool
) -> list[str]:
    if manifest is not None:
        found = verify_set(one.path, manifest, question.verify, remaining, question.python).faults
    else:
        found = faults_of(one.path, [dict(item) for item in question.script_items], remaining, integrity)
    return [f"{fault.item} {fault.fault.replace('_', ' ')} {fault.detail}".rstrip() for fault in found]


@dataclass
class Removed:
    """What was removed, and what was not."""

    names: list[str] = field(default_factory=list)
    freed_bytes: int = 0
    leftovers: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)


def remove(question: Question, due: Sequence[Due], lock_wait_seconds: float = 0.0) -> Removed:
    """Remove sets: each is renamed first, so that no half set ever has a set's name. What is read now stays.

    Args:
        question: where they lie.
        due: from a plan.
        lock_wait_seconds: how long to wait for a process that works there.

    Raises:
        BackupError: another process works there.
        OSError: such as a read-only file system; what was renamed by then is removed by the next run.
    """
    removed = Removed()
    with locked(question.root, lock_wait_seconds):
        removed.leftovers = remove_leftovers(question.root, question.name_format)
        for one in due:
            if os.sep in one.name or one.name in ("", ".", ".."):
                raise BackupError(f"{one.name!r} is no name of a set")
            path, trash = os.path.join(question.root, one.name), os.path.join(question.root, TRASH_PREFIX + one.name)
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                removed.changed.append(one.name)
                continue
            if not stat.S_ISDIR(status.st_mode) or (status.st_dev, status.st_ino) != one.identity:
                removed.changed.append(one.name)
                continue
            try:
                with alone(path):
                    os.rename(path, trash)
                    synchronise_folder(path)
                    remove_directory(trash)
            except SetInUseError as error:
                removed.in_use.append(f"{one.name} is {error.words}")
                continue
            removed.names.append(one.name)
            removed.freed_bytes += one.bytes
        if removed.names:
            synchronise_folder(os.path.join(question.root, "."))
    return removed
