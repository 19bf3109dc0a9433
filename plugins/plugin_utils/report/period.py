# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window that a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .width import clean

DAYS_OF_A_WEEK = 7


@dataclass(frozen=True)
class Period:
    """A window of time with the zone in which its days are named.

    Args:
        started: ISO 8601 UTC timestamp of its first second.
        finished: ISO 8601 UTC timestamp of its end, which is no longer part of it.
        timezone: IANA name.
        unit: ``day``, ``week``, ``month`` or ``quarter``; says how it is named.
        made: ISO 8601 UTC timestamp of the report; empty when that is the end.
    """

    started: str
    finished: str
    timezone: str = "UTC"
    unit: str = "week"
    made: str = ""

    @property
    def first_day(self) -> str:
        """Return the date of the first second in the period's zone."""
        return local_day(self.started, self.timezone)

    @property
    def last_day(self) -> str:
        """Return the date of the end in the period's zone."""
        return local_day(self.finished, self.timezone)

    @property
    def complete(self) -> bool:
        """Tell whether the period was over when the report was made."""
        return bool(self.made) and seconds_of(self.made) >= seconds_of(self.finished) and self.made != self.finished

    @property
    def days(self) -> int:
        """Return how many calendar days the period has touched."""
        last_second = timestamp(moment(self.finished) - timedelta(seconds=1))
        first, last = (date.fromisoformat(day) for day in (self.first_day, local_day(last_second, self.timezone)))
        return (last - first).days + 1


def period_of(finished: str, timezone: str = "UTC", days: int = DAYS_OF_A_WEEK) -> Period:
    """Return the window of a report that is made at ``finished``.

    A week is what the runbook prints: seven calendar days of the system's zone, the last of them the day of the
    report (EST-18: 2025-10-21 ~ 2025-10-27).

    Args:
        finished: ISO 8601 UTC timestamp, usually now.
        timezone: IANA name of the zone whose midnight begins a day.
        days: calendar days of the window, the unfinished one of the report included.
    """
    local = moment(finished).astimezone(zone_of(timezone))
    midnight = (local - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return Period(started=timestamp(midnight), finished=finished, timezone=timezone)


def moment(text: str) -> datetime:
    """Return an ISO 8601 timestamp as a datetime; without an offset it is UTC.

    Raises:
        ValueError: the text is not a timestamp.
    """
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def seconds_of(text: str) -> float:
    """Return an ISO 8601 timestamp in seconds since the epoch."""
    return moment(text).timestamp()


def timestamp(when: datetime) -> str:
    """Return a datetime as ``2026-11-21T10:00:00Z``."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_day(text: str, timezone: str) -> str:
    """Return the date of a timestamp in a zone, as ``2026-11-21``."""
    return moment(text).astimezone(zone_of(timezone)).strftime("%Y-%m-%d")


def time_text(text: str, zone: str) -> str:
    """Return an ISO 8601 UTC timestamp as ``2026-11-21 19:00`` in the zone; anything else is returned as it is."""
    try:
        parsed = moment(text)
    except (TypeError, ValueError):
        return clean(text)
    return parsed.astimezone(zone_of(zone)).strftime("%Y-%m-%d %H:%M")


def zone_of(name: str) -> ZoneInfo:
    """Return the zone, or UTC when this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
