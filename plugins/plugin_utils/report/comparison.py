# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures beside their own past: growth over the period before, and the change since a period began (EST-24).

Nothing is extrapolated: without a comparable earlier figure there is no growth, and the report says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .figures import Figure, FirstMetric, Run, check_figure, measured, result_of
from .numbers import is_number
from .period import Period, seconds_of
from .procedures import period_before


def growth_figure(
    now: Figure, line: Mapping[str, Any], before: Sequence[Run], period: Period, first_metric: FirstMetric
) -> Figure:
    """Return how much a figure grew over the period before, in percent of the earlier figure.

    Args:
        now: the figure of this period.
        line: the layout's line: check, metric and aggregate.
        before: runs of the period before, oldest first, the one that reported it last.
        period: this period.
        first_metric: gives the name of a kind's value.
    """
    if not is_number(now.value):
        return replace(now, value=None, form="change", levels=())
    if not before:
        return _without(now, "no_earlier_period")
    previous = period_before(period)
    named = {**line, "format": now.form}
    earlier = check_figure(before, named, first_metric, period.timezone, previous.days)
    if not is_number(earlier.value):
        return _without(now, "no_earlier_period")
    if line.get("aggregate") == "sum":
        if not period.complete:
            return _without(now, "period_not_over")
        for figure in (now, earlier):
            short = next((remark for remark in figure.remarks if remark["id"] == "days_share"), None)
            if short is not None:
                return _without(now, "too_few_days", **short["fields"])
    if earlier.value == 0:
        return _without(now, "earlier_was_zero")
    percent = 100.0 * (now.value - earlier.value) / abs(earlier.value)
    remark = {"id": "compared_with", "fields": {"amount": earlier.value, "form": earlier.form}}
    return Figure(percent, "change", remarks=[remark], kind=now.kind, state=now.state)


def change_beside(
    now: Figure, line: Mapping[str, Any], runs: Sequence[Run], period: Period, first_metric: FirstMetric
) -> Figure:
    """Return the figure with its change since the period began: percentages in points, everything else in its unit.

    Args:
        now: the figure of this period.
        line: the layout's line: check and metric.
        runs: all runs of the instance, oldest first; the last one before the period is where the period began.
        period: the period.
        first_metric: gives the name of a kind's value.
    """
    if not is_number(now.value):
        return now
    begin = seconds_of(period.started)
    points = [
        (seconds_of(str(run["started"])), value)
        for run in runs
        if (result := result_of(run, str(line.get("check")))) is not None
        and is_number(value := measured(result, line.get("metric"), first_metric))
    ]
    carried = [value for when, value in points if when <= begin][-1:]
    inside = [value for when, value in points if when > begin]
    base = [*carried, *inside]
    if len(base) < 2:
        return replace(now, remarks=[*now.remarks, {"id": "no_earlier_figure", "fields": {}}])
    difference = now.value - base[0]
    identity = "increased" if difference > 0 else "decreased" if difference < 0 else "unchanged"
    remark = {"id": identity, "fields": {"amount": abs(difference), "form": now.form}}
    return replace(now, remarks=[*now.remarks, remark])


def _without(now: Figure, identity: str, **fields: Any) -> Figure:
    return Figure(None, "change", reason={"id": identity, "fields": fields}, kind=now.kind, state=now.state)
