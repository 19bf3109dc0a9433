# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a report's sections: each names one figure, and this is where the figure comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .availability import Availability, printed_downtime, printed_percent
from .comparison import change_beside
from .episodes import Episode
from .figures import Figure, FirstMetric, Run, check_figure, result_of
from .numbers import is_number
from .period import Period

#: Lines that are lists of sentences instead of one figure.
LISTS = ("notes", "suggestions", "actions", "incident_summary", "improvements", "plans")


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
class Material:
    """What the lines of one system instance are made of.

    Args:
        runs: its runs, oldest first, the report's own last; some may be older than the period.
        inside: those of the period, the report's own last.
        period: the period.
        availability: of the period.
        episodes: incidents of the period.
        first_metric: gives the name of a kind's value.
    """

    runs: Sequence[Run]
    inside: Sequence[Run]
    period: Period
    availability: Availability
    episodes: Sequence[Episode]
    first_metric: FirstMetric


def section_of(stated: Mapping[str, Any], material: Material) -> Section:
    """Return a layout's section with its figures."""
    lines: list[Line] = []
    for line in stated.get("lines") or []:
        lines.append(_total_line(line, lines) if line.get("figure") == "total" else line_of(line, material))
    return Section(name=str(stated.get("section") or "checks"), title=stated.get("title"), lines=lines)


def line_of(stated: Mapping[str, Any], material: Material) -> Line:
    """Return a layout's line with its figure."""
    name = stated.get("figure")
    if name in LISTS:
        return Line(str(name), None, stated)
    if name == "availability":
        return Line("availability", _availability_figure(material.availability), stated)
    if name == "downtime":
        return Line("downtime", _downtime_figure(material.availability), stated)
    if name == "incidents":
        return Line("incidents", Figure(len(material.episodes), "count"), stated)
    if name == "updates":
        return _updates_line(stated, material.inside, material.first_metric)
    if "value" in stated:
        return Line("stated", _stated_figure(stated), stated)
    period = material.period
    days = period.days if period.unit != "day" else None
    figure = check_figure(material.inside, stated, material.first_metric, period.timezone, days)
    line = Line(f"{stated.get('check')}:{_metric_name(stated, figure, material.first_metric)}", figure, stated)
    if stated.get("compare") == "period_start":
        return replace(line, figure=change_beside(figure, stated, material.runs, period, material.first_metric))
    return line


def printed_metrics(sections: Sequence[Section]) -> dict[str, dict[str, Any]]:
    """Return the numbers that lines about one check will print, by check and metric."""
    printed: dict[str, dict[str, Any]] = {}
    for line in (line for section in sections for line in section.lines):
        if line.figure is not None and is_number(line.figure.value) and ":" in line.name:
            check, metric = line.name.rsplit(":", 1)
            printed.setdefault(check, {})[metric] = line.figure.value
    return printed


def _stated_figure(stated: Mapping[str, Any]) -> Figure:
    """Return what the profile itself states, such as the price of a machine."""
    form = str(stated.get("format") or "number")
    if stated["value"] in (None, ""):
        return Figure(None, form, reason={"id": "not_stated", "fields": {}})
    return Figure(stated["value"], form, remarks=[{"id": "stated_in_profile", "fields": {}}])


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


def _total_line(stated: Mapping[str, Any], above: Sequence[Line]) -> Line:
    """Return the sum of the section's figures of the same format as they are printed: to the cent (EST-24)."""
    form = str(stated.get("format") or "usd")
    parts = [line.figure for line in above if line.figure is not None and line.figure.form == form]
    if not parts:
        return Line("total", Figure(None, form, reason={"id": "nothing_to_add", "fields": {}}), stated)
    if any(not is_number(part.value) for part in parts):
        return Line("total", Figure(None, form, reason={"id": "part_missing", "fields": {}}), stated)
    return Line("total", Figure(sum(round(part.value * 100) for part in parts) / 100, form), stated)
