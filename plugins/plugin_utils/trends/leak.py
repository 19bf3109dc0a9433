# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether memory only ever grows since the process last gave some of it back (DIY-17).

A process that is restarted, or that frees what it no longer needs, falls; only what it has gained since then can be a
leak. Growth that is not certain is none.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

from ansible_collections.aiops.runbooks.plugins.module_utils.model import OK, UNKNOWN, Observation, Reason, Scalar

from .growth import Question
from .robust import DAY_SECONDS, MOST_POINTS, Point, line_through, span_days

#: Memory that falls by this share was given back: the process was restarted, or freed it.
_FALL = 0.25


def leak(points: Iterable[Point], now: float, asked: Question) -> Observation:
    """Return the certain growth a day in percent of the memory at its beginning; no figure when none is certain.

    Args:
        points: seconds since the epoch and figure, in any order.
        now: seconds since the epoch.
        asked: the question.
    """
    start = now - asked.window_days * DAY_SECONDS
    known = sorted(point for point in points if start < point[0] <= now and math.isfinite(point[1]) and point[1] > 0)
    since = _since_last_fall(known)
    days = span_days(since)
    if len(since) < asked.needed_points or days < asked.needed_days:
        fields = {
            "points": len(since),
            "days": days,
            "needed_points": asked.needed_points,
            "needed_days": asked.needed_days,
        }
        return Observation(state=UNKNOWN, reason=Reason("too_little_history", fields), metrics={"points": len(since)})
    line = line_through(_thinned(since))
    metrics: dict[str, Scalar] = {"points": len(since), "history_days": days, "current_bytes": since[-1][1]}
    if line is None or not line.certain or line.slope <= 0:
        reason = Reason("no_steady_growth", {"points": len(since), "days": days})
        return Observation(state=OK, reason=reason, metrics=metrics, nothing_to_measure=True)
    base = line.at(0.0)
    if base <= 0:
        return Observation(state=UNKNOWN, reason=Reason("no_trend", {"points": len(since), "days": days}))
    return Observation(value=100.0 * line.slope / base, metrics={**metrics, "per_day_bytes": line.slope})


def _since_last_fall(points: list[Point]) -> list[Point]:
    fallen = [place for place in range(1, len(points)) if points[place][1] <= points[place - 1][1] * (1 - _FALL)]
    return points[fallen[-1] :] if fallen else points


def _thinned(points: list[Point]) -> list[Point]:
    """Return at most so many points as a line takes, each the median of its neighbours."""
    together = math.ceil(len(points) / MOST_POINTS)
    groups = [points[place : place + together] for place in range(0, len(points), together)]
    return [
        (statistics.median(at for at, _value in one), statistics.median(value for _at, value in one)) for one in groups
    ]
