# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backup sets have been kept long enough: planning only, nothing here touches a disk (EST-04).

What is not known for a set of ours never goes, and neither does the newest set that was found whole: a rule that is
too sharp, or backups that have failed for months, cost no last good copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .errors import ProfileError
from .zones import Zone, date_of, days_of

_DAY = 86400.0
#: Sets that an application's own script made have no manifest; whether they are ours the profile says.
OURS, SCRIPT, STRANGE = "ours", "script", "strange"
ORIGINS = (OURS, SCRIPT, STRANGE)


@dataclass(frozen=True)
class SetState:
    """One directory whose name is that of a set.

    Args:
        name: of the directory.
        made: seconds since the epoch, from the name.
        origin: ``ours`` has a manifest, ``script`` holds what the application's script copies, ``strange`` is
            everything else.
        whole: whether it was found whole; None when it was not looked at.
    """

    name: str
    made: float
    origin: str = OURS
    whole: bool | None = None


@dataclass(frozen=True)
class Keep:
    """How long sets are kept. A set stays when any of these wants it.

    Args:
        last: so many of the newest.
        within_days: all that are younger.
        daily: the newest of each of so many days that have one.
        weekly: the newest of each of so many weeks (Monday to Sunday) that have one.
        monthly: the newest of each of so many months that have one.
        delete_after_days: no set that is younger goes, whatever the others say; alone, it is the only rule.
        scripts: whether sets that an application's own script made may go, too.
    """

    last: int = 1
    within_days: float | None = None
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    delete_after_days: float | None = None
    scripts: bool = False


@dataclass(frozen=True)
class Decision:
    """Whether a set goes, and why: what keeps it, or ``due``."""

    name: str
    due: bool
    reason: str


def parse_keep(given: Mapping[str, Any]) -> Keep:
    """Return the rules of a profile.

    Raises:
        ProfileError: a negative number, or no rule at all.
    """
    known = {key: value for key, value in given.items() if value is not None}
    for key, value in known.items():
        if isinstance(value, (int, float)) and value < 0:
            raise ProfileError(f"keep.{key} is {value}, it cannot be negative")
    keep = Keep(**known)
    if not (keep.within_days or keep.daily or keep.weekly or keep.monthly or keep.delete_after_days):
        way_out = "Say within_days, daily, weekly, monthly or delete_after_days"
        raise ProfileError("Nothing says how long backup sets are kept", way_out)
    return keep


def plan(sets: Sequence[SetState], keep: Keep, now: float, zone: Zone) -> list[Decision]:
    """Decide about every set, newest first.

    Args:
        sets: in any order.
        keep: the rules.
        now: seconds since the epoch.
        zone: in which days begin.
    """
    ordered = sorted(sets, key=lambda one: (one.made, one.name), reverse=True)
    newest_whole = next((one.name for one in ordered if one.whole and one.origin != STRANGE), None)
    usable = [one for one in ordered if one.origin != STRANGE and one.whole is not False]
    wanted = _wanted(usable, keep, zone)
    newest = {one.name for one in usable[: keep.last]}
    reasons = [_reason(one, one.name in newest, keep, now, newest_whole, wanted) for one in ordered]
    return [Decision(one.name, reason == "due", reason) for one, reason in zip(ordered, reasons)]


def _reason(
    one: SetState, newest: bool, keep: Keep, now: float, newest_whole: str | None, wanted: Mapping[str, str]
) -> str:
    age_days = (now - one.made) / _DAY
    # In the order of their weight: what protects a set whatever the rules are comes first.
    reasons = (
        ("not_ours", one.origin == STRANGE),
        ("made_by_script", one.origin == SCRIPT and not keep.scripts),
        ("no_whole_set", newest_whole is None),
        ("newest_whole", one.name == newest_whole),
        ("from_the_future", age_days < 0),
        ("last", newest),
        ("within", keep.within_days is not None and age_days <= keep.within_days),
        ("young", keep.delete_after_days is not None and age_days <= keep.delete_after_days),
        (wanted.get(one.name, ""), one.name in wanted),
    )
    return next((reason for reason, applies in reasons if applies), "due")


def _wanted(usable: Sequence[SetState], keep: Keep, zone: Zone) -> dict[str, str]:
    """Return the names that a day, a week or a month wants; a damaged set represents nothing."""
    wanted: dict[str, str] = {}
    for reason, count in (("daily", keep.daily), ("weekly", keep.weekly), ("monthly", keep.monthly)):
        seen: set[int] = set()
        for one in usable:
            period = _period(one.made, reason, zone)
            if period in seen:
                continue
            if len(seen) >= count:
                break
            seen.add(period)
            wanted.setdefault(one.name, reason)
    return wanted


def _period(moment: float, kind: str, zone: Zone) -> int:
    day = int((moment + zone.offset(moment)) // _DAY)
    if kind == "daily":
        return day
    if kind == "weekly":
        # 1970-01-01 was a Thursday; weeks begin on Mondays.
        return (day + 3) // 7
    year, month, _day = date_of(day)
    return days_of(year, month, 1)
