# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a report line, from the records of the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .numbers import format_of, is_number
from .period import local_day, seconds_of

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
    runs: Sequence[Run], line: Mapping[str, Any], first_metric: FirstMetric, timezone: str = "UTC"
) -> Figure:
    """Return the figure of a line that names a check.

    Args:
        runs: the runs of one system instance in the window, oldest first; the last one is the report's own.
        line: ``check``, ``metric``, ``aggregate`` (last, mean, max or sum) and ``format`` of the layout.
        first_metric: gives the name of a kind's value.
        timezone: zone whose days are summed.
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


def incidents(runs: Iterable[Run], started: str) -> int:
    """Return how often a system became critical in the window.

    The runs of a system look at different things: a check keeps its last known state until it is looked at again.
    The system becomes critical when the first of its checks does, or when its host cannot be reached.

    Args:
        runs: oldest first; runs before ``started`` set the state at the beginning and are not counted.
        started: ISO 8601 UTC beginning of the window.
    """
    known: dict[str, str] = {}
    count = 0
    was_critical = False
    beginning = seconds_of(started)
    for run in runs:
        profile_checks = (run.get("profile") or {}).get("checks")
        if profile_checks:
            known = {check: state for check, state in known.items() if check in profile_checks}
        known.update({str(result.get("check")): str(result.get("state")) for result in run.get("results") or []})
        critical = run.get("reachable") is False or "critical" in known.values()
        if critical and not was_critical and seconds_of(str(run["started"])) >= beginning:
            count += 1
        was_critical = critical
    return count
