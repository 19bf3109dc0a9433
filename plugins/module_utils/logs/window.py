# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stretch of time a question is about, as instants: "today" is the system's day, not the controller's."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ProfileError
from ..zones import date_of, days_of, zone

CHOICES = ("today", "yesterday", "day", "week", "month", "calendar_month", "previous_month", "report_month")
#: Days of a new month in which a report, and what is looked at for it, is still about the one before.
DAYS_OF_GRACE = 7
_DAY = 86400


@dataclass(frozen=True)
class Window:
    """From ``start`` up to, but not including, ``end``, in seconds since the epoch."""

    start: float
    end: float

    def holds(self, epoch: float) -> bool:
        """Tell whether an instant belongs to the window."""
        return self.start <= epoch < self.end


def window_of(text: str | int | float, now: float, timezone: str) -> Window:
    """Return the window that a profile names.

    Args:
        text: ``today`` (since local midnight), ``yesterday`` (the local day before), ``day`` (the last 24 hours),
            ``week`` (since the same wall clock time seven days ago), ``month`` (since the same wall clock time on the
            same day of last month, or on its last day), ``calendar_month`` (since local midnight of the 1st),
            ``previous_month`` (the local calendar month before), ``report_month`` (the calendar month that a monthly
            report is about: in its first week the one before), or a number of hours.
        now: seconds since the epoch.
        timezone: IANA name of the system's zone; a day in it may have 23 or 25 hours.

    Raises:
        ProfileError: the window is none of these.
        CheckError: ``timezone_unknown``.
    """
    there = zone(timezone)
    local = now + there.offset(now)
    today = int(local // _DAY)
    # What is being written while it is read belongs to the window, too.
    end = float(int(now // 1) + 1)
    if text == "today":
        return Window(there.epoch(today * _DAY), there.epoch((today + 1) * _DAY))
    if text == "yesterday":
        return Window(there.epoch((today - 1) * _DAY), there.epoch(today * _DAY))
    if text == "day":
        return Window(now - _DAY, end)
    if text == "week":
        return Window(there.epoch(local - 7 * _DAY), end)
    if text == "month":
        return Window(there.epoch(_month_before(today) * _DAY + local % _DAY), end)
    if text in ("calendar_month", "previous_month", "report_month"):
        first, following = _month_of(today)
        if text == "previous_month" or (text == "report_month" and today - first < DAYS_OF_GRACE):
            first, following = _month_of(first - 1)
        return Window(there.epoch(first * _DAY), there.epoch(following * _DAY))
    try:
        hours = float(text)
    except (TypeError, ValueError):
        hours = 0.0
    if not 0 < hours < 1000000:
        raise ProfileError(
            f"Window is {text!r}", "Choices: {}, or a number of hours above 0".format(", ".join(CHOICES))
        )
    return Window(now - hours * 3600, end)


def _month_before(day: int) -> int:
    year, month, day_of_month = date_of(day)
    first = days_of(year, month, 1)
    previous_year, previous_month, _last = date_of(first - 1)
    return min(days_of(previous_year, previous_month, 1) + day_of_month - 1, first - 1)


def _month_of(day: int) -> tuple[int, int]:
    """Return the first day of a day's month, and that of the next month."""
    year, month, _day = date_of(day)
    return days_of(year, month, 1), days_of(year + month // 12, month % 12 + 1, 1)
