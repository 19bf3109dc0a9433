# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One system's report before it has a language: lines with figures, faults, and what does not reconcile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..store import intervals_of
from .attestations import OPEN, OVERDUE, Attestation
from .availability import Availability, Interval, availability_of_runs
from .checklist import Checklist, checklist_of
from .episodes import Episode, episodes
from .figures import FirstMetric, Run
from .layout import sections_of
from .lines import Line, Material, Section, printed_metrics, section_of
from .notes import SEVERITY, Finding, findings, history
from .period import Period, seconds_of
from .procedures import PROCEDURES
from .reconcile import Contradiction, reconcile
from .trends import Trend, trends_of


@dataclass(frozen=True)
class SystemReport:
    """Everything that is said about one system instance.

    Args:
        run: the report's own run.
        own: the results that are this run's own; others are carried over from earlier in the day.
        inside: the runs of the period, the report's own last.
        state: the verdict, never milder than the worst result.
        counts: results per state, counted from the results.
        actions: what was done in the period, and all that the report's own run did or planned.
        episodes: incidents of the period.
        checklist: the procedure's checklist, None when the profile has none.
        attestations: what a person must look at.
        trends: figures that were measured more than once in the period.
        maintenance: its windows of the period and those to come.
    """

    run: Run
    own: Sequence[Mapping[str, Any]]
    inside: Sequence[Run]
    state: str
    counts: Mapping[str, int]
    availability: Availability
    sections: Sequence[Section]
    findings: Sequence[Finding]
    history: Sequence[Mapping[str, Any]]
    actions: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    episodes: Sequence[Episode] = field(default_factory=tuple)
    checklist: Checklist | None = None
    attestations: Sequence[Attestation] = field(default_factory=tuple)
    trends: Sequence[Trend] = field(default_factory=tuple)
    maintenance: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    contradictions: Sequence[Contradiction] = field(default_factory=tuple)


def build_system(
    runs: Sequence[Run],
    period: Period,
    procedure: str,
    standard: Mapping[str, Any],
    first_metric: FirstMetric,
    attestations: Sequence[Attestation] = (),
    maintenance: Sequence[Mapping[str, Any]] = (),
) -> SystemReport:
    """Build the report of one system instance.

    Args:
        runs: its runs, oldest first, the report's own last; some may be older than the period and carry a state in.
        period: the window.
        procedure: which layout of the profile is used.
        standard: the standard layout.
        first_metric: gives the name of a kind's value.
        attestations: its attestations as they stand when the report is made.
        maintenance: its maintenance windows. What was seen in them is neither downtime nor an incident.
    """
    earlier = [each for each in runs[:-1] if _within(each, period)]
    run = carried(runs[-1], earlier) if PROCEDURES[procedure].carries else runs[-1]
    inside = [*earlier, run]
    quiet = intervals_of(maintenance).get(str(run.get("host")), [])
    availability = availability_of_runs(runs, period, maintenance=quiet)
    found = episodes([each for each in runs if not _in_maintenance(each, quiet)], period.started, period.finished)
    material = Material([*runs[:-1], run], inside, period, availability, found, first_metric)
    sections = [section_of(stated, material) for stated in sections_of(run, procedure, inside, standard)]
    results = list(run.get("results") or [])
    counts = {state: sum(1 for result in results if result.get("state") == state) for state in SEVERITY}
    contradictions = reconcile(
        {
            "availability": asdict(availability),
            "counts": run.get("counts"),
            "state": run.get("state"),
            "results": results,
            "printed": printed_metrics(sections),
        }
    )
    checked = _without_contradictions(sections, contradictions)
    return SystemReport(
        run=run,
        own=list(runs[-1].get("results") or []),
        inside=inside,
        state=_verdict(run, results),
        counts=counts,
        availability=availability,
        sections=checked,
        findings=findings(run),
        history=history([*earlier, run], period.started),
        actions=[
            action
            for each in inside
            for action in each.get("actions") or []
            if each is run or action.get("state") == "done"
        ],
        episodes=found,
        checklist=checklist_of(run, inside, PROCEDURES[procedure].checklist),
        attestations=[each for each in attestations if _concerns(each, period)],
        trends=trends_of(checked, inside, first_metric),
        maintenance=maintenance,
        contradictions=contradictions,
    )


def carried(run: Run, earlier: Sequence[Run]) -> Run:
    """Return a run that also holds what earlier runs of its period found and it did not look at again.

    A system that cannot be reached now, or whose run failed, says nothing about any of it.
    """
    results = list(run.get("results") or [])
    if run.get("reachable") is False or run.get("failure"):
        return run
    known = {str(result.get("check")) for result in results}
    still_asked = (run.get("profile") or {}).get("checks") or {}
    for each in reversed(earlier):
        for result in each.get("results") or []:
            check = str(result.get("check"))
            if check not in known and check in still_asked:
                known.add(check)
                results.append(result)
    order = {check: place for place, check in enumerate(still_asked)}
    results.sort(key=lambda result: order.get(str(result.get("check")), len(order)))
    states = [str(result.get("state")) for result in results]
    # A run that had nothing to look at is unknown; with what the morning found it is not.
    asked = run if run.get("results") or not results else {**run, "state": "ok"}
    return {
        **run,
        "results": results,
        "counts": {state: states.count(state) for state in SEVERITY},
        "state": _verdict(asked, results),
    }


def _within(run: Run, period: Period) -> bool:
    return seconds_of(period.started) <= seconds_of(str(run["started"])) < seconds_of(period.finished)


def _in_maintenance(run: Run, quiet: Sequence[Interval]) -> bool:
    return any(begins <= seconds_of(str(run["started"])) < until for begins, until in quiet)


def _concerns(attestation: Attestation, period: Period) -> bool:
    """Tell whether an item waits for somebody, or was closed since the period began."""
    if attestation.state in (OPEN, OVERDUE):
        return True
    done = attestation.done
    return done is not None and seconds_of(str(done["attested"])) >= seconds_of(period.started)


def _verdict(run: Run, results: Sequence[Mapping[str, Any]]) -> str:
    states = [str(run.get("state") or "unknown"), *(str(result.get("state")) for result in results)]
    if run.get("reachable") is False:
        states.append("critical")
    return max((state if state in SEVERITY else "unknown" for state in states), key=SEVERITY.__getitem__)


def _without_contradictions(sections: Sequence[Section], contradictions: Sequence[Contradiction]) -> list[Section]:
    """Return the sections with every contradictory figure replaced by the contradiction."""
    by_name = {name: contradiction for contradiction in contradictions for name in contradiction.figures}
    return [
        replace(section, lines=[_checked(line, by_name.get(line.name)) for line in section.lines])
        for section in sections
    ]


def _checked(line: Line, contradiction: Contradiction | None) -> Line:
    if contradiction is None or line.figure is None or line.figure.value is None:
        return line
    reason = {"id": contradiction.id, "fields": contradiction.fields, "contradiction": True}
    return replace(line, figure=replace(line.figure, value=None, reason=reason, remarks=()))
