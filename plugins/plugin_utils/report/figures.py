# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a report line, from the records of the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .numbers import format_of, is_number
from .period import local_day

Run = Mapping[str, Any]
Result = Mapping[str, Any]
FirstMetric = Callable[[str], str | None]


@dataclass(frozen=True)
class Figure:
    """One printed figure.

    Args:
        value: the figure; None when it was not measured.
        form: how it is printed, one of the report formats.
        reason: why it was not measured, as an id with fields.
        remarks: what must be said beside it, as ids with fields.
        kind: check kind, whose catalogue explains the reason.
        state: state of the Result behind it; empty when there is none.
        levels: the levels it is held against, such as ``>= 80``.
    """

    value: Any
    form: str
    reason: Mapping[str, Any] | None = None
    remarks: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    kind: str = "common"
    state: str = ""
    levels: Sequence[str | None] = field(default_factory=tuple)


def result_of(run: Run, check: str) -> Result | None:
    """Return the Result of a check in a run."""
    return next((result for result in run.get("results") or [] if result.get("check") == check), None)


def measured(result: Result, metric: str | None, first_metric: FirstMetric) -> Any:
    """Return a metric of a Result; its value when no metric is named or the named one is the kind's first."""
    if metric is None:
        return result.get("value")
    metrics = result.get("metrics") or {}
    if metrics.get(metric) is not None:
        return metrics[metric]
    if metric in ("value", first_metric(str(result.get("kind")))):
        return result.get("value")
    return None


def check_figure(
    runs: Sequence[Run],
    line: Mapping[str, Any],
    first_metric: FirstMetric,
    timezone: str = "UTC",
    days: int | None = None,
) -> Figure:
    """Return the figure of a line that names a check.

    Args:
        runs: the runs of one system instance in the window, oldest first; the last one is the report's own.
        line: ``check``, ``metric``, ``aggregate`` (last, mean, max or sum) and ``format`` of the layout.
        first_metric: gives the name of a kind's value.
        timezone: zone whose days are summed.
        days: days of the period; a sum of fewer says so. None is never too few.
    """
    check, metric = str(line.get("check")), line.get("metric")
    aggregate = str(line.get("aggregate") or "last")
    results = [(run, result) for run in runs if (result := result_of(run, check)) is not None]
    if not results:
        return Figure(None, "text", reason=_why_no_result(runs, check))
    newest = results[-1][1]
    form = str(line.get("format") or form_of_result(newest, metric, first_metric))
    kind, state = str(newest.get("kind") or "common"), str(newest.get("state") or "")
    if aggregate == "last":
        if runs[-1].get("reachable") is False:
            return Figure(None, form, reason={"id": "unreachable", "fields": {}})
        value = state if form == "state" else measured(newest, metric, first_metric)
        if value is None:
            return Figure(None, form, reason=_why_no_value(newest), kind=kind, state=state)
        levels = (newest.get("warning"), newest.get("critical")) if value == newest.get("value") else ()
        return Figure(value, form, kind=kind, state=state, levels=levels)
    numbers = [(run, value) for run, result in results if is_number(value := measured(result, metric, first_metric))]
    if not numbers:
        return Figure(None, form, reason=_why_no_value(newest), kind=kind, state=state)
    value = _aggregated(numbers, aggregate, timezone)
    remarks = []
    if len(numbers) < len(results):
        remarks.append({"id": "measured_share", "fields": {"measured": len(numbers), "asked": len(results)}})
    summed = len({local_day(str(run["started"]), timezone) for run, _value in numbers})
    if aggregate == "sum" and days is not None and summed < days:
        remarks.append({"id": "days_share", "fields": {"measured": summed, "days": days}})
    return Figure(value, form, remarks=remarks, kind=kind, state=state)


def form_of_result(result: Result, metric: str | None, first_metric: FirstMetric) -> str:
    """Return how a metric is printed when the layout does not say: by the Result's unit or the metric's name."""
    own_value = metric is None or metric in ("value", first_metric(str(result.get("kind"))))
    value = result.get("value") if own_value else (result.get("metrics") or {}).get(metric)
    if isinstance(value, str):
        return "text"
    return format_of(metric, str(result.get("unit") or "") if own_value else None)


def _aggregated(numbers: Sequence[tuple[Run, Any]], aggregate: str, timezone: str) -> Any:
    """Return one figure for many runs.

    A sum takes the last figure of each day: a figure "of today" grows until evening and must not be counted twice.
    """
    values = [value for _run, value in numbers]
    if aggregate == "mean":
        return sum(values) / len(values)
    if aggregate == "max":
        return max(values)
    by_day = {local_day(str(run["started"]), timezone): value for run, value in numbers}
    return sum(by_day.values())


def _why_no_result(runs: Sequence[Run], check: str) -> dict[str, Any]:
    newest = runs[-1]
    if newest.get("reachable") is False:
        return {"id": "unreachable", "fields": {}}
    if newest.get("failure"):
        return {"id": "run_failed", "fields": {}}
    known = (newest.get("profile") or {}).get("checks") or {}
    return {"id": "not_looked_at" if check in known else "check_not_in_profile", "fields": {"check": check}}


def _why_no_value(result: Result) -> Mapping[str, Any]:
    """Return the Result's own reason when it explains a missing figure, else that the figure is missing."""
    if result.get("state") != "ok" and (result.get("reason") or {}).get("id"):
        return dict(result["reason"])
    return {"id": "metric_missing", "fields": {}}
