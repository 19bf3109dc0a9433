# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures over the period: every line of the report whose check was looked at more than once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .chart import Chart, draw
from .figures import FirstMetric, Run, form_of_result, measured, result_of
from .lines import Line, Section
from .numbers import is_number
from .period import seconds_of

#: Two points are a change, not a trend.
POINTS_NEEDED = 3


@dataclass(frozen=True)
class Trend:
    """One figure over time.

    Args:
        line: the line of the report that it belongs to.
        form: how its figures are printed.
        points: ISO 8601 UTC timestamp and figure, oldest first.
        levels: name and figure of the levels that lie within the picture.
        chart: the picture.
    """

    line: Line
    form: str
    points: Sequence[tuple[str, float]]
    levels: Sequence[tuple[str, float]]
    chart: Chart


def trends_of(sections: Sequence[Section], inside: Sequence[Run], first_metric: FirstMetric) -> list[Trend]:
    """Return a trend per check and metric that the report prints, in the report's order.

    Args:
        sections: the report's sections.
        inside: the runs of the period, oldest first.
        first_metric: gives the name of a kind's value.
    """
    found: dict[tuple[str, str], Trend] = {}
    for line in (line for section in sections for line in section.lines):
        check, metric = line.stated.get("check"), line.stated.get("metric")
        if check is None or line.figure is None or line.figure.form in ("state", "text", "updates"):
            continue
        trend = _trend(line, str(check), metric, inside, first_metric)
        if trend is not None:
            found.setdefault((str(check), str(metric or "")), trend)
    return list(found.values())


def _trend(
    line: Line, check: str, metric: str | None, inside: Sequence[Run], first_metric: FirstMetric
) -> Trend | None:
    points: list[tuple[str, float]] = []
    newest: Mapping[str, Any] | None = None
    for run in inside:
        result = result_of(run, check)
        if result is not None and is_number(value := measured(result, metric, first_metric)):
            points.append((str(run["started"]), float(value)))
            newest = result
    if len(points) < POINTS_NEEDED or newest is None:
        return None
    own_value = metric is None or metric == first_metric(str(newest.get("kind")))
    levels = _levels(newest) if own_value else []
    chart = draw([(seconds_of(when), value) for when, value in points], levels)
    stated = line.stated.get("format")
    form = str(stated or form_of_result(newest, metric, first_metric))
    return Trend(line, form, points, chart.levels_shown, chart)


def _levels(result: Mapping[str, Any]) -> list[tuple[str, float]]:
    found = []
    for name in ("warning", "critical"):
        words = str(result.get(name) or "").split()
        try:
            found.append((name, float(words[-1]))) if words else None
        except ValueError:
            continue
    return found
