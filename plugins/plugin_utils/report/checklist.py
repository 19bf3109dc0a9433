# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A procedure's checklist, filled from what was looked at in the period (EST-36)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .figures import Run, result_of

DONE = "done"
ATTENTION = "attention"
OPEN = "open"
#: As the runbook draws them.
MARKS = {DONE: "☑", ATTENTION: "☒", OPEN: "□"}


@dataclass(frozen=True)
class Item:
    """One line of a checklist.

    Args:
        text: what is to be done, by language.
        state: `DONE` and in order, done and in need of `ATTENTION`, or still `OPEN`.
        faults: results that need attention.
        missing: checks that nobody has looked at in the period.
        about_report: the item is the report itself: it is written, sending it is up to a person.
    """

    text: Any
    state: str
    faults: Sequence[Mapping[str, Any]] = ()
    missing: Sequence[str] = ()
    about_report: bool = False


@dataclass(frozen=True)
class Checklist:
    """The items under the checklist's name: ``daily``, ``weekly``, ``monthly`` or ``quarterly``."""

    name: str
    items: Sequence[Item]


def checklist_of(run: Run, inside: Sequence[Run], name: str) -> Checklist | None:
    """Return the checklist of a profile, filled; None when the profile has none of this name.

    Args:
        run: the report's own run, whose profile has the checklist and whose results are the newest.
        inside: the runs of the period, oldest first, the report's own last.
        name: which checklist.
    """
    stated = ((run.get("profile") or {}).get("checklists") or {}).get(name)
    if not stated:
        return None
    return Checklist(name, [_item(item, inside) for item in stated if isinstance(item, Mapping)])


def _item(stated: Mapping[str, Any], inside: Sequence[Run]) -> Item:
    checks = [str(check) for check in stated.get("checks") or []]
    found = {check: _newest(check, inside) for check in checks}
    faults = [result for result in found.values() if result is not None and result.get("state") != "ok"]
    missing = [check for check, result in found.items() if result is None]
    state = ATTENTION if faults else OPEN if missing or not checks else DONE
    return Item(stated.get("text"), state, faults, missing, bool(stated.get("report")))


def _newest(check: str, inside: Sequence[Run]) -> Mapping[str, Any] | None:
    """Return the newest Result of a check; nothing is known while the host cannot be reached."""
    if inside[-1].get("reachable") is False:
        return None
    return next((result for run in reversed(inside) if (result := result_of(run, check)) is not None), None)
