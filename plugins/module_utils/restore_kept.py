# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What restores have put aside goes when its time is over: planned with its bytes, never the only way back.

Only the journals of restores say what that is. The old data of a restore that nobody has accepted, or that is half way,
stays, however old it is.
"""

from __future__ import annotations

import calendar
import os
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from .backup_root import remove_directory
from .errors import CheckError, RunbooksError
from .file_tree import measure
from .gzip_file import synchronise_folder
from .restore_journal import ACCEPTED, UNDONE, Journal, Placement, alone, archived, earlier, load
from .restore_report import utc
from .restore_sidecars import SUFFIXES, refuse_when_open
from .restore_swap import inode

_DAY = 86400.0


@dataclass(frozen=True)
class Aside:
    """One piece of data that a restore has put aside.

    Args:
        path: of the data; a killed run may have left a part of it only.
        bytes: its length, with the files that belong to it.
        until: when its time is over, UTC, ISO 8601 with a Z.
        restore_id: of the restore.
        parts: everything that goes, the data itself first.
    """

    path: str
    bytes: int
    until: str
    restore_id: str
    parts: tuple[str, ...] = ()

    def shown(self) -> dict[str, Any]:
        """Return what a person wants to know of it."""
        return {name: value for name, value in asdict(self).items() if name != "parts"}


@dataclass
class Expired:
    """What is due, and what stays.

    Args:
        due: what goes, the oldest restore first.
        stays: a line for each thing that stays, and why.
    """

    due: list[Aside] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)


def plan_expiry(directory: str, keep_days: float, now: float) -> Expired:
    """Say what is due; nothing is written.

    Args:
        directory: of the journals.
        keep_days: how long data is kept where its journal says nothing.
        now: seconds since the epoch.

    Raises:
        RunbooksError: the journal of the last restore cannot be read.
    """
    plan, last = Expired(), load(directory)
    for journal in [*earlier(directory), *([last] if last else [])]:
        _decide(journal, _until(journal, keep_days), now, plan)
    return plan


def _until(journal: Journal, keep_days: float) -> float | None:
    """Return when the time of what a restore put aside is over; None while it is the way back of a restore."""
    days = keep_days if journal.keep_days is None else journal.keep_days
    if journal.phase == ACCEPTED and journal.accepted is not None:
        return journal.accepted + days * _DAY
    if journal.phase == UNDONE:
        ended = journal.ended
        if ended is None:
            ended = float(calendar.timegm(time.strptime(journal.id, "%Y%m%d_%H%M%S")))
        return ended + days * _DAY
    return None


def _decide(journal: Journal, until: float | None, now: float, plan: Expired) -> None:
    """Add what a restore has put aside to the plan."""
    for one in journal.placements:
        path = one.undone if journal.phase == UNDONE else one.kept
        parts = _parts(one, path, journal.id)
        if not parts:
            continue
        why = _why_not(journal, one, path, until, now)
        if why:
            plan.stays.append(f"{path} stays: {why}")
        else:
            plan.due.append(Aside(path, sum(map(_bytes, parts)), utc(until or now), journal.id, parts))


def _why_not(journal: Journal, one: Placement, path: str, until: float | None, now: float) -> str:
    if until is None:
        return f"the restore {journal.id} is {journal.phase}, and this is its way back"
    if until > now:
        return f"until {utc(until)}"
    if os.path.dirname(path) != os.path.dirname(one.target) or not path.endswith(f"-restore-{journal.id}"):
        return "no restore names data so"
    if journal.phase == ACCEPTED and inode(path) not in (None, one.old):
        return "it is not what the restore has put there"
    try:
        refuse_when_open(one.kind, path)
    except RunbooksError as error:
        return error.message
    return ""


def _parts(one: Placement, path: str, restore_id: str) -> tuple[str, ...]:
    """Return what is there of a piece of data: itself, its logs, and what a killed run was removing."""
    logs = [path + suffix for suffix in SUFFIXES.get(one.kind, ())]
    return tuple(name for name in (path, *logs, _trash(path)) if os.path.lexists(name))


def _trash(path: str) -> str:
    parent, name = os.path.split(path)
    return os.path.join(parent, f".{name}.expired")


def _bytes(path: str) -> int:
    if os.path.islink(path):
        return 0
    try:
        return measure(path, lambda: False).size_bytes
    except CheckError:
        return 0


def expire(directory: str, keep_days: float, now: float) -> tuple[Expired, int]:
    """Remove what is due, and return it with its bytes.

    Each goes under a hidden name first: half of it never has the name under which a restore would look for it.

    Raises:
        RunbooksError: a restore is at work, or its journal cannot be read.
        OSError: such as a read-only file system; the next run goes on.
    """
    with alone(directory):
        plan = plan_expiry(directory, keep_days, now)
        for one in plan.due:
            trash = _trash(one.path)
            _remove(trash)
            if one.path in one.parts:
                os.rename(one.path, trash)
                synchronise_folder(one.path)
            for part in one.parts:
                _remove(part)
            _remove(trash)
            synchronise_folder(one.path)
        for restore_id in sorted({one.restore_id for one in plan.due}):
            # The last restore's journal has another name, and stays.
            journal = archived(directory, restore_id)
            if os.path.exists(journal) and not any(restore_id in line for line in plan.stays):
                os.unlink(journal)
    return plan, sum(one.bytes for one in plan.due)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        remove_directory(path)
    elif os.path.lexists(path):
        os.unlink(path)
