# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a restore by their names, each with its plan: what module ``data_restore`` offers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from .errors import RunbooksError
from .restore_choose import Answer, Request
from .restore_items import holder_of, wanted_items
from .restore_journal import ACCEPTED, STAGED, SWAPPED, SWAPPING, UNDONE, Journal, alone, load, save
from .restore_report import answer_record, difference, journal_record
from .restore_swap import put_back, reject, swap
from .restore_work import plan, remove_beside, restore_beside, stage

STEPS = ("status", "stage", "swap", "accept", "reject", "put_back", "expire", "beside", "remove_beside")
#: These touch no production data and keep no record.
BESIDE = ("beside", "remove_beside")


@dataclass(frozen=True)
class Settings:
    """How steps are taken.

    Args:
        state_directory: of the journal.
        beside: directory of the steps beside.
        keep_days: how long old data should be kept.
        plan: say only what would be done.
    """

    state_directory: str
    beside: str
    keep_days: float
    plan: bool


def take(step: str, request: Request, settings: Settings, now: float) -> dict[str, Any]:
    """Take one step and return what a person wants to know of it.

    Args:
        step: one of ``STEPS``.
        request: what is asked for.
        settings: how.
        now: seconds since the epoch.

    Raises:
        RunbooksError, CheckError: it cannot be done; says why, and what can be done.
        OSError: such as a full disk; the same step may be taken again.
    """
    if step in BESIDE:
        return _beside(step, request, settings)
    if step == "expire":
        return _expire(settings, now)
    if step == "status" or settings.plan:
        return _look(step, request, settings)
    with alone(settings.state_directory):
        if step == "stage":
            answer = _staged(request, settings.state_directory, time.strftime("%Y%m%d_%H%M%S", time.gmtime(now)))
            return _told(answer, request, settings, answer.journal)
        return _move_on(step, settings, now)


def _staged(request: Request, directory: str, stamp: str) -> Answer:
    if not request.archive:
        return stage(request, directory, stamp)
    from .restore_archive import stage_archive

    return stage_archive(request, directory, stamp)


def _planned(request: Request, directory: str) -> Answer:
    if not request.archive:
        return plan(request, directory)
    from .restore_archive import plan_archive

    return plan_archive(request, directory)


def _move_on(step: str, settings: Settings, now: float) -> dict[str, Any]:
    journal = _known(settings)
    changed = True
    if step == "swap":
        changed = journal.phase not in (SWAPPED, ACCEPTED)
        journal = swap(settings.state_directory, journal) if changed else journal
    elif step == "put_back":
        changed = journal.phase != UNDONE
        journal = put_back(settings.state_directory, journal) if changed else journal
    elif step == "reject":
        changed = journal.phase in (SWAPPING, SWAPPED)
        journal = reject(settings.state_directory, journal) if changed else journal
    else:
        changed = journal.phase != ACCEPTED
        journal = _accepted(settings, journal, now) if changed else journal
    return {"changed": changed, **journal_record(journal, settings.keep_days)}


def _accepted(settings: Settings, journal: Journal, now: float) -> Journal:
    if journal.phase != SWAPPED:
        raise RunbooksError(f"The restore {journal.id} is {journal.phase}, not {SWAPPED}", "Run restore again")
    journal = journal.to(ACCEPTED, accepted=now, keep_days=settings.keep_days)
    save(settings.state_directory, journal)
    return journal


def _known(settings: Settings) -> Journal:
    journal = load(settings.state_directory)
    if journal is None:
        raise RunbooksError(f"{settings.state_directory} knows of no restore", "Nothing was restored here yet")
    return journal


def _look(step: str, request: Request, settings: Settings) -> dict[str, Any]:
    """Say where things stand, or what a step would do."""
    journal = load(settings.state_directory)
    if step == "stage":
        return _told(_planned(request, settings.state_directory), request, settings, journal)
    record = journal_record(journal, settings.keep_days)
    if step == "status":
        return {"changed": False, **record}
    phase = record["phase"]
    due = {
        "swap": phase == STAGED,
        "accept": phase == SWAPPED,
        "reject": phase in (SWAPPING, SWAPPED),
        "put_back": phase not in ("none", UNDONE),
    }
    return {"changed": due[step], **record}


def _told(answer: Answer, request: Request, settings: Settings, journal: Journal | None) -> dict[str, Any]:
    chosen = wanted_items(request.contents, request.items)
    targets = [os.path.realpath(one.target) for one in chosen if holder_of(one, chosen) is None]
    return {
        "changed": not answer.resumed,
        **journal_record(journal, settings.keep_days),
        **answer_record(answer),
        "diff": difference(answer, targets),
    }


def _expire(settings: Settings, now: float) -> dict[str, Any]:
    from .restore_kept import expire, plan_expiry

    if not os.path.isdir(settings.state_directory):
        return {"changed": False, "due": [], "freed_bytes": 0, "stays": []}
    plan, freed = plan_expiry(settings.state_directory, settings.keep_days, now), 0
    if not settings.plan and plan.due:
        plan, freed = expire(settings.state_directory, settings.keep_days, now)
    listing = "".join(f"{one.path} ({one.bytes} bytes, until {one.until})\n" for one in plan.due)
    return {
        "changed": bool(plan.due),
        "due": [one.shown() for one in plan.due],
        "freed_bytes": freed,
        "stays": plan.stays,
        "diff": {"before": listing, "after": ""},
    }


def _beside(step: str, request: Request, settings: Settings) -> dict[str, Any]:
    beside = os.path.normpath(settings.beside)
    if not os.path.isabs(beside) or beside.count("/") < 2:
        raise RunbooksError(f"{settings.beside} is not a directory of its own", "Give an absolute path below another")
    if step == "remove_beside":
        names = [name for name in (beside, beside + ".restoring") if remove_beside(name, settings.plan)]
        return {"changed": bool(names), "removed": names}
    answer = plan(request, settings.state_directory, beside) if settings.plan else restore_beside(request, beside)
    return {"changed": True, **answer_record(answer), "beside": beside, "diff": difference(answer, [beside])}
