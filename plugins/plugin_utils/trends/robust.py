# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A straight line through measurements that are neither evenly spaced nor free of outliers.

Theil and Sen: the median of the slopes between all pairs of points. A third of the points may be wrong (a clean-up, a
restored copy, a failed measurement) before the line follows them; Kendall's variance says how certain the slope is.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

DAY_SECONDS = 86400
#: Two-sided 90 %: one line in twenty is steeper, one in twenty less steep.
_NORMAL_QUANTILE = 1.6449
#: Pairs grow with the square of the points; more days than this are taken together.
MOST_POINTS = 200
#: Greater figures overflow when two of them are added; nothing that is measured comes near.
LARGEST = 1e300

#: Seconds since the epoch and the figure.
Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A line through measurements.

    Args:
        slope: change per day.
        low: least slope that the measurements allow.
        high: greatest slope that the measurements allow.
        intercept: its figure at the epoch of its days.
        last_day: day of the newest measurement.
        points: measurements that it is drawn through.
    """

    slope: float
    low: float
    high: float
    intercept: float
    last_day: float
    points: int

    def at(self, day: float) -> float:
        """Return the line's figure on a day."""
        return self.intercept + self.slope * day

    @property
    def certain(self) -> bool:
        """Tell whether the measurements leave no doubt about the direction."""
        return not self.low < 0 < self.high


def daily(points: Iterable[Point], started: float, finished: float) -> list[Point]:
    """Return one point per day of (started, finished], each the median of that day's points, oldest first.

    Ten looks within an hour are no history. What is not a number of a size that can be computed with is left out.

    Args:
        points: seconds since the epoch and figure, in any order.
        started: moment before the first, seconds since the epoch.
        finished: the last moment.
    """
    days_together = max(1, math.ceil((finished - started) / DAY_SECONDS / MOST_POINTS))
    by_day: dict[int, list[Point]] = defaultdict(list)
    for when, value in points:
        if started < when <= finished and abs(value) <= LARGEST:
            # Counted back from the end, so that the newest day is a whole one.
            by_day[int((finished - when) // (DAY_SECONDS * days_together))].append((when, value))
    return [
        (statistics.median(when for when, _value in group), statistics.median(value for _when, value in group))
        for _day, group in sorted(by_day.items(), reverse=True)
    ]


def span_days(points: Sequence[Point]) -> float:
    """Return the days between the first and the last point."""
    return (points[-1][0] - points[0][0]) / DAY_SECONDS if points else 0.0


def line_through(points: Sequence[Point]) -> Line | None:
    """Return the line through points of different moments, oldest first; None when there is none.

    Args:
        points: seconds since the epoch and figure.
    """
    days = [((when - points[0][0]) / DAY_SECONDS, value) for when, value in points]
    slopes = sorted(
        (later - earlier) / (end - begin)
        for (begin, earlier), (end, later) in itertools.combinations(days, 2)
        if end > begin
    )
    if not slopes or not all(map(math.isfinite, slopes)):
        return None
    slope = statistics.median(slopes)
    count, pairs = len(days), len(slopes)
    spread = _NORMAL_QUANTILE * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return Line(
        slope=slope,
        low=slopes[max(0, math.floor((pairs - spread) / 2))],
        high=slopes[min(pairs - 1, math.ceil((pairs + spread) / 2))],
        intercept=statistics.median(value - slope * day for day, value in days),
        last_day=days[-1][0],
        points=count,
    )


def date_after(now: float, days: float) -> str:
    """Return the UTC date that many days after a moment, as ``2027-02-03``.

    Args:
        now: seconds since the epoch.
        days: days, not further away than the calendar goes.
    """
    return datetime.fromtimestamp(now + days * DAY_SECONDS, UTC).strftime("%Y-%m-%d")
