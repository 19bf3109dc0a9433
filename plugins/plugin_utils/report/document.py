# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One system's report before it has a language: lines with figures, faults, and what does not reconcile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .availability import Availability, availability_of_runs, printed_downtime, printed_percent
from .figures import Figure, FirstMetric, Run, check_figure, incidents, result_of
from .layout import sections_of
from .notes import SEVERITY, Finding, findings, history
from .numbers import is_number
from .period import Period, seconds_of
from .reconcile import Contradiction, reconcile

#: Lines that are lists of sentences instead of one figure.
LISTS = ("notes", "suggestions", "actions")


@dataclass(frozen=True)
class Line:
    """One line of a section.

    Args:
        name: ``availability``, ``downtime``, ... or ``<check>:<metric>``, as a Contradiction names it.
        figure: what it prints; None for a list of sentences.
        stated: the line as the layout states it: label, prefix, suffix, check, metric.
    """

    name: str
    figure: Figure | None
    stated: Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A block of lines under a title."""

    name: str
    title: Any
    lines: Sequence[Line]


@dataclass(frozen=True)
class SystemReport:
    """Everything that is said about one system instance.

    Args:
        run: the report's own run.
        state: the verdict, never milder than the worst result.
        counts: results per state, counted from the results.
    """

    run: Run
    state: str
    counts: Mapping[str, int]
    availability: Availability
    sections: Sequence[Section]
    findings: Sequence[Finding]
    history: Sequence[Mapping[str, Any]]
    contradictions: Sequence[Contradiction] = field(default_factory=tuple)


def build_system(
    runs: Sequence[Run],
    period: Period,
    procedure: str,
    standard: Mapping[str, Any],
    first_metric: FirstMetric,
) -> SystemReport:
    """Build the report of one system instance.

    Args:
        runs: its runs, oldest first, the report's own last; some may be older than the period and carry a state in.
        period: the window.
        procedure: which layout of the profile is used.
        standard: the standard layout.
        first_metric: gives the name of a kind's value.
    """
    run = runs[-1]
    availability = availability_of_runs(runs, period)
    inside = [each for each in runs[:-1] if seconds_of(str(each["started"])) >= seconds_of(period.started)] + [run]
    sections = [
        Section(
            name=str(stated.get("section") or "checks"),
            title=stated.get("title"),
            lines=[_line(line, runs, inside, availability, period, first_metric) for line in stated.get("lines") or []],
        )
        for stated in sections_of(run, procedure, inside, standard)
    ]
    results = list(run.get("results") or [])
    counts = {state: sum(1 for result in results if result.get("state") == state) for state in SEVERITY}
    contradictions = reconcile(
        {
            "availability": asdict(availability),
            "counts": run.get("counts"),
            "state": run.get("state"),
            "results": results,
            "printed": _printed_metrics(sections),
        }
    )
    return SystemReport(
        run=run,
        state=_verdict(run, results),
        counts=counts,
        availability=availability,
        sections=_without_contradictions(sections, contradictions),
        findings=findings(run),
        history=history(runs, period.started),
        contradictions=contradictions,
    )


def _verdict(run: Run, results: Sequence[Mapping[str, Any]]) -> str:
    states = [str(run.get("state") or "unknown"), *(str(result.get("state")) for result in results)]
    if run.get("reachable") is False:
        states.append("critical")
    return max((state if state in SEVERITY else "unknown" for state in states), key=SEVERITY.__getitem__)


def _line(
    stated: Mapping[str, Any],
    runs: Sequence[Run],
    inside: Sequence[Run],
    availability: Availability,
    period: Period,
    first_metric: FirstMetric,
) -> Line:
    """Return a layout's line with its figure."""
    name = stated.get("figure")
    if name in LISTS:
        return Line(str(name), None, stated)
    if name == "availability":
        return Line("availability", _availability_figure(availability), stated)
    if name == "downtime":
        return Line("downtime", _downtime_figure(availability), stated)
    if name == "incidents":
        return Line("incidents", Figure(incidents(runs, period.started), "count"), stated)
    if name == "updates":
        return _updates_line(stated, inside, first_metric)
    figure = check_figure(inside, stated, first_metric, period.timezone)
    return Line(f"{stated.get('check')}:{_metric_name(stated, figure, first_metric)}", figure, stated)


def _metric_name(stated: Mapping[str, Any], figure: Figure, first_metric: FirstMetric) -> str:
    return str(stated.get("metric") or first_metric(figure.kind) or "value")


def _availability_figure(availability: Availability) -> Figure:
    if availability.percent is None:
        return Figure(None, "percent", reason=_why_no_availability(availability))
    share = 100.0 * availability.observed_seconds / availability.window_seconds
    remarks = [{"id": "observed_share", "fields": {"observations": availability.observations, "share": share}}]
    if availability.down_now:
        remarks.append({"id": "down_now", "fields": {}})
    return Figure(printed_percent(availability.percent), "percent", remarks=remarks)


def _downtime_figure(availability: Availability) -> Figure:
    if availability.percent is None:
        return Figure(None, "minutes", reason=_why_no_availability(availability))
    return Figure(*printed_downtime(availability.down_seconds))


def _why_no_availability(availability: Availability) -> dict[str, Any]:
    reason = availability.reason
    if availability.observations == 0:
        reason = "not_observed"
    return {"id": reason, "fields": {"observations": availability.observations, "needed": 2}}


def _updates_line(stated: Mapping[str, Any], runs: Sequence[Run], first_metric: FirstMetric) -> Line:
    """Return the line about security updates: of the named check, or of the first that looks at them (EST-15)."""
    check = stated.get("check") or next(
        (
            result.get("check")
            for run in reversed(runs)
            for result in run.get("results") or []
            if result.get("kind") == "security_updates"
        ),
        "security_updates",
    )
    named = {**stated, "check": check, "format": "updates"}
    figure = check_figure(runs, named, first_metric)
    if figure.value is not None:
        newest = next(result for run in reversed(runs) if (result := result_of(run, str(check))) is not None)
        reboot = (newest.get("metrics") or {}).get("reboot_required")
        figure = replace(figure, value={"pending": figure.value, "reboot": bool(reboot)})
    return Line(f"{check}:pending", figure, named)


def _printed_metrics(sections: Sequence[Section]) -> dict[str, dict[str, Any]]:
    """Return the numbers that lines about one check will print, by check and metric."""
    printed: dict[str, dict[str, Any]] = {}
    for line in (line for section in sections for line in section.lines):
        if line.figure is not None and is_number(line.figure.value) and ":" in line.name:
            check, metric = line.name.rsplit(":", 1)
            printed.setdefault(check, {})[metric] = line.figure.value
    return printed


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
