# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents as they were observed: when a system became critical, why, and when it was seen normal again (EST-24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..trends.questions import KINDS
from .figures import Run
from .period import seconds_of


@dataclass(frozen=True)
class Episode:
    """A time in which a system was critical.

    Args:
        began: ISO 8601 UTC timestamp of the look that found it.
        ended: that of the first look that found it over; empty while it is not.
        check: the check that was critical first; empty when the host could not be reached.
        kind: its kind, for the catalogue.
        reason: why, as an id with fields.
        resolved_by: actions that were done from its beginning to its end.
    """

    began: str
    ended: str = ""
    check: str = ""
    kind: str = "common"
    reason: Mapping[str, Any] | None = None
    resolved_by: tuple[Mapping[str, Any], ...] = ()

    @property
    def seconds(self) -> float | None:
        """Return its length between the two looks; None while it is not over."""
        return seconds_of(self.ended) - seconds_of(self.began) if self.ended else None


def episodes(runs: Iterable[Run], started: str, finished: str) -> list[Episode]:
    """Return the incidents that began in the window, oldest first.

    The runs of a system look at different things: a check keeps its last known state until it is looked at again.
    The system becomes critical when the first of its checks does, or when its host cannot be reached. A target that
    was missed over a month is no incident of the day on which that is computed.

    Args:
        runs: oldest first; those before ``started`` set the state at the beginning, those after ``finished`` may end
            an incident.
        started: ISO 8601 UTC beginning of the window.
        finished: ISO 8601 UTC end of the window.
    """
    known: dict[str, str] = {}
    found: list[Episode] = []
    present: Episode | None = None
    for run in runs:
        profile_checks = (run.get("profile") or {}).get("checks")
        if profile_checks:
            known = {check: state for check, state in known.items() if check in profile_checks}
        known.update({str(result.get("check")): str(result.get("state")) for result in _looks(run)})
        critical = run.get("reachable") is False or "critical" in known.values()
        if present is None and critical:
            present = _begun(run)
        if present is not None:
            present = replace(present, resolved_by=(*present.resolved_by, *_done(run)))
        if present is not None and not critical:
            found.append(replace(present, ended=str(run["started"])))
            present = None
    if present is not None:
        found.append(present)
    begin, end = seconds_of(started), seconds_of(finished)
    # A report is made at the end of its window, and its own look still belongs to it.
    return [each for each in found if begin <= seconds_of(each.began) <= end]


def _begun(run: Run) -> Episode:
    if run.get("reachable") is False:
        return Episode(str(run["started"]), reason={"id": "unreachable", "fields": {}})
    worst: Mapping[str, Any] = next((each for each in _looks(run) if each.get("state") == "critical"), {})
    return Episode(
        str(run["started"]),
        check=str(worst.get("check") or ""),
        kind=str(worst.get("kind") or "common"),
        reason=worst.get("reason"),
    )


def _looks(run: Run) -> list[Mapping[str, Any]]:
    """Return the results that tell how the system is now."""
    return [result for result in run.get("results") or [] if result.get("kind") not in KINDS]


def _done(run: Run) -> tuple[Mapping[str, Any], ...]:
    return tuple(action for action in run.get("actions") or [] if action.get("state") == "done")
