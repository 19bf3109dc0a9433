# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a figure is going: growth per month, the day a limit is reached, one month beside the one before (EST-20).

With too little history there is no figure but ``too_little_history``; where the measurements do not follow a line
there is no date but ``no_trend``. That is only ``unknown`` where a level could have been reached.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ansible_collections.aiops.runbooks.plugins.module_utils.judge import Level, judge
from ansible_collections.aiops.runbooks.plugins.module_utils.model import OK, UNKNOWN, Observation, Reason, Scalar

from .robust import DAY_SECONDS, Line, Point, daily, date_after, line_through, span_days

MONTH_DAYS = 30
#: Days of each of two months that are compared.
_POINTS_OF_A_MONTH = 2
_SUFFIX = {"%": "_percent", "s": "_seconds", "ms": "_ms", "B": "_bytes", "days": "_days", "USD": "_usd"}


@dataclass(frozen=True)
class Question:
    """What is asked of a series.

    Args:
        unit: unit of the figures.
        window_days: how far back they are looked at.
        needed_points: days with a measurement below which nothing is said.
        needed_days: days between the first and the last below which nothing is said.
        warning, critical: levels of the answer.
        limit: what the figure must not reach (forecast).
        horizon_days: how far ahead anything is said (forecast).
    """

    unit: str = ""
    window_days: float = 90
    needed_points: int = 5
    needed_days: float = 28
    warning: Level | None = None
    critical: Level | None = None
    limit: Level | None = None
    horizon_days: float = 365


def growth(points: Iterable[Point], now: float, asked: Question) -> Observation:
    """Return the growth of the last month in percent of what there was a month ago.

    Args:
        points: seconds since the epoch and figure.
        now: seconds since the epoch.
        asked: the question.
    """
    days = daily(points, now - asked.window_days * DAY_SECONDS, now)
    missing = _too_little(days, asked)
    if missing is not None:
        return missing
    line = line_through(days)
    if line is None:
        return _no_trend(days, asked, UNKNOWN)
    base = line.at(line.last_day - MONTH_DAYS)
    metrics = _figures(days, line, asked)
    if base <= 0:
        return Observation(state=UNKNOWN, reason=Reason("nothing_to_compare", {"days": MONTH_DAYS}), metrics=metrics)
    low, value, high = (100.0 * slope * MONTH_DAYS / base for slope in (line.low, line.slope, line.high))
    if not all(map(math.isfinite, (low, value, high))):
        return _no_trend(days, asked, UNKNOWN)
    metrics.update(growth_low_percent=low, growth_high_percent=high)
    if line.certain:
        return Observation(value=value, metrics=metrics)
    if asked.warning is None and asked.critical is None:
        return _no_trend(days, asked, OK, metrics)
    if _state(low, asked) != _state(high, asked):
        return _no_trend(days, asked, UNKNOWN, metrics)
    return Observation(value=value, metrics=metrics)


def forecast(points: Iterable[Point], now: float, asked: Question) -> Observation:
    """Return the days until the figure reaches its limit; none when it does not within the horizon.

    Args:
        points: seconds since the epoch and figure.
        now: seconds since the epoch.
        asked: the question, with a limit.
    """
    if asked.limit is None:
        raise ValueError("a forecast needs a limit")
    days = daily(points, now - asked.window_days * DAY_SECONDS, now)
    if days and asked.limit.reached(days[-1][1]):
        return Observation(
            value=0.0,
            reason=Reason("limit_reached", {"value": days[-1][1], "limit": asked.limit.limit}),
            metrics={"points": len(days), f"current{_suffix(asked.unit)}": days[-1][1]},
        )
    missing = _too_little(days, asked)
    if missing is not None:
        return missing
    line = line_through(days)
    if line is None:
        return _no_trend(days, asked, UNKNOWN)
    metrics = _figures(days, line, asked)
    until = _days_until(line, asked.limit, (now - days[-1][0]) / DAY_SECONDS)
    central = until(line.slope)
    soonest, farthest = sorted((until(line.low), until(line.high)))
    if soonest > asked.horizon_days or (line.certain and central > asked.horizon_days):
        fields = {"limit": asked.limit.limit, "horizon_days": asked.horizon_days}
        return Observation(reason=Reason("limit_not_in_sight", fields), metrics=metrics, nothing_to_measure=True)
    metrics["soonest_days"] = soonest
    metrics["farthest_days"] = farthest if math.isfinite(farthest) else None
    if line.certain:
        day = date_after(now, central)
        metrics["reached_on"] = day
        return Observation(
            value=central, reason=Reason("limit_expected", {"limit": asked.limit.limit, "day": day}), metrics=metrics
        )
    same = _state(soonest, asked) == _state(math.inf, asked)
    return _no_trend(days, asked, OK if same else UNKNOWN, metrics)


def month_over_month(points: Iterable[Point], now: float, asked: Question) -> Observation:
    """Return the change from the month before to the last month in percent, each month being the median of its days.

    Args:
        points: seconds since the epoch and figure.
        now: seconds since the epoch.
        asked: the question.
    """
    month = MONTH_DAYS * DAY_SECONDS
    days = daily(points, now - 2 * month, now)
    missing = _too_little(days, asked)
    if missing is not None:
        return missing
    this = [value for when, value in days if when > now - month]
    before = [value for when, value in days if when <= now - month]
    if min(len(this), len(before)) < _POINTS_OF_A_MONTH:
        return _too_little_history(days, asked)
    newer, older = statistics.median(this), statistics.median(before)
    suffix = _suffix(asked.unit)
    metrics: dict[str, Scalar] = {
        f"this_month{suffix}": newer,
        f"previous_month{suffix}": older,
        "points": len(days),
        "history_days": span_days(days),
    }
    if newer == older:
        return Observation(value=0.0, metrics=metrics)
    change = 100.0 * (newer - older) / abs(older) if older else math.inf
    if not math.isfinite(change):
        return Observation(state=UNKNOWN, reason=Reason("nothing_to_compare", {"days": MONTH_DAYS}), metrics=metrics)
    return Observation(value=change, metrics=metrics)


def _days_until(line: Line, limit: Level, days_since_last: float) -> Callable[[float], float]:
    """Return what gives, for a slope, the days from now on which the limit is reached; infinite when never."""
    current = line.at(line.last_day)
    distance = limit.limit - current
    rising = limit.sign in (">", ">=")
    if (distance <= 0) == rising:
        distance = 0.0

    def until(slope: float) -> float:
        if distance == 0:
            return 0.0
        if slope == 0 or (slope > 0) != rising:
            return math.inf
        return max(0.0, distance / slope - days_since_last)

    return until


def _state(value: float, asked: Question) -> str:
    return judge(value, asked.warning, asked.critical)[0]


def _suffix(unit: str) -> str:
    return _SUFFIX.get(unit, "")


def _figures(days: list[Point], line: Line, asked: Question) -> dict[str, Scalar]:
    suffix = _suffix(asked.unit)
    per_month = line.slope * MONTH_DAYS
    return {
        f"current{suffix}": days[-1][1],
        f"per_month{suffix}": per_month if math.isfinite(per_month) else None,
        "points": len(days),
        "history_days": span_days(days),
    }


def _too_little(days: list[Point], asked: Question) -> Observation | None:
    if len(days) >= asked.needed_points and span_days(days) >= asked.needed_days:
        return None
    return _too_little_history(days, asked)


def _too_little_history(days: list[Point], asked: Question) -> Observation:
    fields = {
        "points": len(days),
        "days": span_days(days),
        "needed_points": asked.needed_points,
        "needed_days": asked.needed_days,
    }
    return Observation(state=UNKNOWN, reason=Reason("too_little_history", fields), metrics={"points": len(days)})


def _no_trend(days: list[Point], asked: Question, state: str, metrics: dict[str, Scalar] | None = None) -> Observation:
    fields = {"points": len(days), "days": span_days(days)}
    known: dict[str, Scalar] = {"points": len(days), "history_days": span_days(days), **(metrics or {})}
    return Observation(state=state, reason=Reason("no_trend", fields), metrics=known, nothing_to_measure=state == OK)
