# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service level objectives: what was promised, what was measured, and what is left of the error budget.

Availability is computed from recorded observations, error rate and response time from the figures that the checks
took out of the logs. Thresholds are the profile's (EST-37, DIY-13).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.judge import Level
from ansible_collections.aiops.runbooks.plugins.module_utils.model import (
    CRITICAL,
    OK,
    UNKNOWN,
    WARNING,
    Observation,
    Reason,
    Scalar,
)

from ..report.availability import MAXIMUM_GAP_SECONDS, Interval, availability_of
from .budget import BURN_WINDOWS, LEAST_SHARE, TOLERANCE, availability_burn_rates, budget_left_percent, burn_rate
from .parts import Part, covered_days
from .questions import INVERSE

_PERCENTILE = re.compile(r"^p(\d{1,2})_")
#: A week through the change to summer time is an hour short of seven days.
_NEARLY = 0.95
DAY_SECONDS = 86400


@dataclass(frozen=True)
class Objective:
    """What was promised.

    Args:
        target: level that the figure must be at, such as ``>= 99``.
        window_days: over how long.
        needed_days: observed days below which nothing is said.
        metric: name of the figure.
    """

    target: Level
    window_days: float = 30
    needed_days: float = 7
    metric: str = "availability_percent"

    @property
    def missed(self) -> str:
        """Return the level at which the objective is missed."""
        return f"{INVERSE[self.target.sign]} {self.target.text.split()[1]}"


def availability(
    observations: Sequence[Sequence[Any]],
    now: float,
    promised: Objective,
    maintenance: Iterable[Interval] = (),
    maximum_gap_seconds: float = MAXIMUM_GAP_SECONDS,
) -> Observation:
    """Return the share of the observed time in which the system was up, and its error budget.

    The budget is that of the observed time, so that it is spent exactly when the target is missed.

    Args:
        observations: pairs of seconds since the epoch and ``up``, ``down`` or ``unobserved``.
        now: seconds since the epoch.
        promised: the objective.
        maintenance: recorded maintenance windows; they count for nothing.
        maximum_gap_seconds: how long one observation holds at most.
    """
    breaks = list(maintenance)
    seen = availability_of(observations, now - promised.window_days * DAY_SECONDS, now, maximum_gap_seconds, breaks)
    allowed_share = (100.0 - promised.target.limit) / 100.0
    allowed = allowed_share * seen.observed_seconds
    observed_days = seen.observed_seconds / DAY_SECONDS
    metrics: dict[str, Scalar] = {
        "downtime_seconds": seen.down_seconds,
        "observed_days": observed_days,
        "observed_percent": 100.0 * seen.observed_seconds / seen.window_seconds if seen.window_seconds else None,
        "observations": seen.observations,
    }
    rates = availability_burn_rates(observations, now, allowed_share, maximum_gap_seconds, breaks)
    evidence = _untold(rates)
    metrics.update({f"burn_rate_{name}": rate for name, rate in rates.items()})
    # What is down for longer than the whole window allows has missed its target, however little is known of the rest.
    missed_for_certain = seen.down_seconds > allowed_share * seen.window_seconds
    if seen.percent is None or (observed_days < _NEARLY * promised.needed_days and not missed_for_certain):
        return _too_little_history(seen.observations, observed_days, promised, metrics, evidence)
    left, seconds = budget_left_percent(seen.down_seconds, allowed), max(0.0, allowed - seen.down_seconds)
    metrics.update(budget_left_percent=left, budget_left_seconds=seconds, budget_seconds=allowed)
    reason = Reason("downtime_budget_left", {"percent": left, "seconds": seconds})
    return Observation(value=seen.percent, reason=reason, metrics=metrics, evidence=evidence)


def error_rate(parts: Sequence[Part], now: float, promised: Objective) -> Observation:
    """Return the share of requests that failed, and how many more may.

    Args:
        parts: stretches with their error rate in percent and their requests.
        now: seconds since the epoch.
        promised: the objective; its limit is a percentage.
    """
    counted = [part for part in parts if part.requests is not None]
    requests, failed = _requests_and(counted, _failed)
    allowed_share = promised.target.limit / 100.0
    rates = _burn_rates(counted, now, _failed, allowed_share)
    metrics: dict[str, Scalar] = {
        "requests": requests,
        "errors": failed,
        "covered_days": covered_days(counted),
        **{f"burn_rate_{name}": rate for name, rate in rates.items()},
    }
    if covered_days(counted) < _NEARLY * promised.needed_days:
        return _too_little_history(len(counted), covered_days(counted), promised, metrics, _untold(rates))
    if not requests:
        return Observation(reason=Reason("no_requests"), metrics=metrics, nothing_to_measure=True)
    metrics.update(_budget(failed, allowed_share * requests))
    return Observation(
        value=100.0 * failed / requests, reason=_requests_left(metrics), metrics=metrics, evidence=_untold(rates)
    )


def latency(parts: Sequence[Part], now: float, promised: Objective) -> Observation:
    """Return the response time that was kept over all parts.

    Means are weighed by requests. Percentiles of parts cannot be added up; but when every part keeps the target, or
    every part misses it, so does the whole. Between the two, the count of slow requests decides exactly, and without
    it the answer is a warning. The value is then the worst part's.

    Args:
        parts: stretches with their response time, requests and slow requests.
        now: seconds since the epoch.
        promised: the objective; its metric says whether the figure is a percentile.
    """
    told = [part for part in parts if part.value is not None]
    metrics: dict[str, Scalar] = {
        "parts": len(told),
        "parts_missed": sum(1 for part in told if not promised.target.reached(part.value or 0.0)),
        "covered_days": covered_days(parts),
    }
    if covered_days(parts) < _NEARLY * promised.needed_days:
        return _too_little_history(len(parts), covered_days(parts), promised, metrics, [])
    if not told:
        return Observation(reason=Reason("no_requests"), metrics=metrics, nothing_to_measure=True)
    percentile = _PERCENTILE.match(promised.metric)
    if percentile is None:
        return Observation(value=_weighed_mean(told), metrics=metrics)
    allowed_share = 1.0 - int(percentile.group(1)) / 100.0
    return _percentile(told, now, promised, allowed_share, metrics)


def _percentile(
    told: Sequence[Part], now: float, promised: Objective, allowed_share: float, metrics: dict[str, Scalar]
) -> Observation:
    worst = max(part.value for part in told if part.value is not None)
    best = min(part.value for part in told if part.value is not None)
    counted = [part for part in told if part.requests is not None and part.slow is not None]
    exact = len(counted) == len(told)
    requests, slow = _requests_and(counted, _slow)
    reason: Reason | None = None
    evidence: list[str] = []
    if counted:
        rates = _burn_rates(counted, now, _slow, allowed_share)
        evidence = _untold(rates)
        metrics.update(_budget(slow, allowed_share * requests), requests=requests, slow_requests=slow)
        metrics.update({f"burn_rate_{name}": rate for name, rate in rates.items()})
        reason = _requests_left(metrics)
    missed = metrics["parts_missed"]
    if missed in (0, len(told)):
        return Observation(value=worst if missed == 0 else best, reason=reason, metrics=metrics, evidence=evidence)
    fields = {"missed": missed, "parts": len(told), "worst": worst, "limit": promised.target.text}
    kept = exact and slow <= allowed_share * requests
    state = OK if kept else CRITICAL if exact else WARNING
    whole = Reason("target_kept_overall" if kept else "target_missed_in_parts", fields)
    metrics["worst_part"] = worst
    # Between the parts' figures there is no exact one of the whole: the levels must not be applied to a guess.
    return Observation(state=state, reason=whole, metrics=metrics, evidence=evidence, nothing_to_measure=True)


def _failed(part: Part) -> float:
    """Return how many requests failed: the whole number that the percentage was computed from, where there is one."""
    failed = (part.value or 0.0) * (part.requests or 0.0) / 100.0
    whole = float(round(failed))
    return whole if math.isclose(failed, whole, rel_tol=1e-9, abs_tol=1e-6) else failed


def _slow(part: Part) -> float:
    return part.slow or 0.0


def _requests_and(parts: Sequence[Part], bad: Any) -> tuple[float, float]:
    return sum(part.requests or 0.0 for part in parts), sum(bad(part) for part in parts)


def _burn_rates(parts: Sequence[Part], now: float, bad: Any, allowed_share: float) -> dict[str, float | None]:
    """Return the burn rate over each window that its parts cover by more than half."""
    rates: dict[str, float | None] = {}
    for name, seconds in BURN_WINDOWS.items():
        inside = [part for part in parts if part.started >= now - seconds - TOLERANCE * part.seconds]
        enough = sum(part.seconds for part in inside) >= LEAST_SHARE * seconds
        requests, spent = _requests_and(inside, bad)
        rates[name] = burn_rate(spent, requests, allowed_share) if enough else None
    return rates


def _budget(spent: float, allowed: float) -> dict[str, Scalar]:
    return {
        "budget_left_percent": budget_left_percent(spent, allowed),
        "budget_left_requests": max(0.0, allowed - spent),
        "budget_requests": allowed,
    }


def _requests_left(metrics: dict[str, Scalar]) -> Reason:
    fields = {"percent": metrics["budget_left_percent"], "requests": metrics["budget_left_requests"]}
    return Reason("request_budget_left", fields)


def _weighed_mean(parts: Sequence[Part]) -> float:
    weights = [1.0 if part.requests is None else part.requests for part in parts]
    whole = sum(weights)
    if whole <= 0:
        weights, whole = [1.0] * len(parts), float(len(parts))
    return sum(weight * (part.value or 0.0) for weight, part in zip(weights, parts, strict=True)) / whole


def _untold(rates: dict[str, float | None]) -> list[str]:
    """Say for which windows there is no burn rate."""
    missing = [name for name, rate in rates.items() if rate is None]
    return [f"too little history for the burn rate over {', '.join(missing)}"] if missing else []


def _too_little_history(
    points: int, days: float, promised: Objective, metrics: dict[str, Scalar], evidence: list[str]
) -> Observation:
    fields = {"points": points, "days": days, "needed_points": 2, "needed_days": promised.needed_days}
    reason = Reason("too_little_history", fields)
    return Observation(state=UNKNOWN, reason=reason, metrics=metrics, evidence=evidence)
