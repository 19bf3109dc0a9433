# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells one procedure's report from another's: its period, its checklist, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# The 1st may be a holiday (EST-24); what a monthly check looks at and what its report is about are the same month.
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import DAYS_OF_GRACE

from .period import Period, moment, period_of, timestamp, zone_of

_MONTHS = {"month": 1, "quarter": 3}


@dataclass(frozen=True)
class Procedure:
    """One procedure's report.

    Args:
        unit: its period: ``day``, ``week`` (seven days), or the calendar's ``month`` or ``quarter``.
        checklist: which checklist of the profile it fills (EST-36).
        carries: what an earlier run of the day found stands until it is looked at again: the report of the evening is
            the report of the day (EST-10).
    """

    unit: str
    checklist: str
    carries: bool = False


PROCEDURES = {
    "daily": Procedure("day", "daily"),
    "evening": Procedure("day", "daily", carries=True),
    "weekly": Procedure("week", "weekly"),
    "monthly": Procedure("month", "monthly"),
    "quarterly": Procedure("quarter", "quarterly"),
}


def period_for(procedure: str, made: str, timezone: str = "UTC") -> Period:
    """Return the period of a procedure's report.

    A report about a month or a quarter that is made in its first week is about the one that has just ended; made
    later, it is about the present one so far.

    Args:
        procedure: one of `PROCEDURES`.
        made: ISO 8601 UTC timestamp of the report, usually now.
        timezone: IANA name of the zone whose midnight begins a day.
    """
    unit = PROCEDURES[procedure].unit
    if unit not in _MONTHS:
        return replace(period_of(made, timezone, 1 if unit == "day" else 7), unit=unit, made=made)
    local = moment(made).astimezone(zone_of(timezone))
    begin = first_of(local, _MONTHS[unit])
    if (local.date() - begin.date()).days < DAYS_OF_GRACE:
        before = first_of(begin - timedelta(days=1), _MONTHS[unit])
        return Period(timestamp(before), timestamp(begin), timezone, unit, made)
    return Period(timestamp(begin), made, timezone, unit, made)


def first_of(local: datetime, months: int) -> datetime:
    """Return midnight of the first day of the month, or of a group of so many months, that a local time is in."""
    month = (local.month - 1) // months * months + 1
    return local.replace(month=month, day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
