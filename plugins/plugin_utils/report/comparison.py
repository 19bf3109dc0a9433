# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures beside their own past: the change since a period began (EST-24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .figures import Figure, FirstMetric, Run, measured, result_of
from .numbers import is_number
from .period import Period, seconds_of


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
