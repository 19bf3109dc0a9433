# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Availability from what was really observed (EST-18, EST-37).

Every run that looked at a system is an observation of it. Between two observations the system counts as what it was
at the first of them; a gap longer than the maximum is unobserved beyond that maximum. Nothing is ever assumed: time
before the first observation, after the last one, or after a look that ended in ``unknown`` is not observed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .period import Period, seconds_of

UP = "up"
DOWN = "down"
UNOBSERVED = "unobserved"
#: Beginning and end in seconds since the epoch.
Interval = tuple[float, float]
#: A day and two hours: a daily look that starts late still joins the one before.
MAXIMUM_GAP_SECONDS = 26 * 3600
#: A share of time needs a beginning and an end.
OBSERVATIONS_NEEDED = 2

Observation = tuple[float, str]


@dataclass(frozen=True)
class Availability:
    """How much of a window was observed, and how much of that the system was up.

    Args:
        observations: looks that ended in up or down.
        up_seconds, down_seconds, observed_seconds: up and down add up to observed.
        window_seconds: length of the whole window.
        percent: up in percent of observed; None when it was not measured.
        reason: id of why it was not measured.
        down_now: the last look found it down; its downtime begins there and has no length yet.
    """

    observations: int
    up_seconds: float
    down_seconds: float
    observed_seconds: float
    window_seconds: float
    percent: float | None
    reason: str | None = None
    down_now: bool = False


def observed_state(run: Mapping[str, Any]) -> str | None:
    """Return what a run says about its system: up, down, unobserved, or None when it did not look.

    A host that cannot be reached is down. Otherwise the checks with ``availability: true`` decide; one that is
    ``unknown`` leaves it unobserved, one that is only in warning is up.
    """
    if run.get("reachable") is False:
        return DOWN
    states = [
        str(result.get("state"))
        for result in run.get("results") or []
        if decides_availability(run, str(result.get("check")))
    ]
    return state_of_checks(states, failed=bool(run.get("failure")))


def state_of_checks(states: Collection[str], *, failed: bool) -> str | None:
    """Return what the checks that decide availability say of a system that could be reached.

    Args:
        states: their states; empty when none of them was asked.
        failed: the run did not get to its end.
    """
    if not states:
        return UNOBSERVED if failed else None
    if "critical" in states:
        return DOWN
    return UP if all(state in ("ok", "warning") for state in states) else UNOBSERVED


def decides_availability(run: Mapping[str, Any], check: str) -> bool:
    """Tell whether the run's profile lets this check decide between up and down."""
    checks = (run.get("profile") or {}).get("checks") or {}
    return bool((checks.get(check) or {}).get("availability"))


def availability_of(
    observations: Iterable[Sequence[Any]],
    started: float,
    finished: float,
    maximum_gap_seconds: float = MAXIMUM_GAP_SECONDS,
    maintenance: Iterable[Interval] = (),
) -> Availability:
    """Weigh observations by the time they hold.

    Args:
        observations: pairs of seconds since the epoch and state, in any order; one before the window may carry in,
            one after it ends the time of the one before.
        started: beginning of the window, seconds since the epoch.
        finished: end of the window.
        maximum_gap_seconds: how long one observation holds at most.
        maintenance: recorded maintenance windows; that time and what was seen in it count for nothing.
    """
    breaks = _merged(maintenance)
    everything = sorted(
        (float(when), str(state))
        for when, state in observations
        if not any(since <= float(when) < until for since, until in breaks)
    )
    ordered = [(when, state) for when, state in everything if when <= finished]
    seconds = {UP: 0.0, DOWN: 0.0, UNOBSERVED: 0.0}
    for (begin, state), (end, _next_state) in itertools.pairwise(everything):
        held_until = min(end, begin + maximum_gap_seconds, finished)
        seconds[state] += _seconds_outside(max(begin, started), held_until, breaks)
    observed = seconds[UP] + seconds[DOWN]
    count = sum(1 for when, state in ordered if state != UNOBSERVED and when + maximum_gap_seconds > started)
    reason = None
    if count < OBSERVATIONS_NEEDED:
        reason = "too_few_observations"
    elif observed <= 0:
        reason = "no_observed_time"
    return Availability(
        observations=count,
        up_seconds=seconds[UP],
        down_seconds=seconds[DOWN],
        observed_seconds=observed,
        window_seconds=_seconds_outside(started, finished, breaks),
        percent=None if reason else min(100.0, 100.0 * seconds[UP] / observed),
        reason=reason,
        down_now=bool(ordered) and len(ordered) == len(everything) and ordered[-1][1] == DOWN,
    )


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the intervals in order, those that touch as one."""
    merged: list[Interval] = []
    for begin, end in sorted((float(begin), float(end)) for begin, end in intervals if begin < end):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def _seconds_outside(begin: float, end: float, breaks: Iterable[Interval]) -> float:
    """Return how long it is from begin to end without the breaks."""
    inside = sum(max(0.0, min(end, until) - max(begin, since)) for since, until in breaks)
    return max(0.0, end - begin - inside)


def availability_of_runs(
    runs: Iterable[Mapping[str, Any]],
    period: Period,
    maximum_gap_seconds: float = MAXIMUM_GAP_SECONDS,
    maintenance: Iterable[Interval] = (),
) -> Availability:
    """Return the availability of one system instance over a period, from its runs; maintenance counts for nothing."""
    observations = [
        (seconds_of(str(run["started"])), state) for run in runs if (state := observed_state(run)) is not None
    ]
    begin, end = seconds_of(period.started), seconds_of(period.finished)
    return availability_of(observations, begin, end, maximum_gap_seconds, maintenance)


def printed_percent(percent: float) -> float:
    """Return a percentage cut to two decimals: a system that was down for a minute never reads as 100 %."""
    return math.floor(round(percent * 100, 6)) / 100


def printed_downtime(seconds: float) -> tuple[int, str]:
    """Return downtime as it is printed: whole minutes as in the runbook, whole seconds when it is less than one.

    Returns:
        The figure, at least 1 when there was any downtime at all, and its format.
    """
    if 0 < seconds < 60:
        return max(1, math.floor(seconds + 0.5)), "seconds"
    return math.floor(seconds / 60 + 0.5), "minutes"
