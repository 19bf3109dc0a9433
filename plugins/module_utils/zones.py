# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time zones from the host's own database, on every Python that Ansible supports.

Python has ``zoneinfo`` since 3.9 only, and ``time.tzset`` changes the zone of every thread: the two hundred bytes
that matter are read here, and the rule for the future at the end of the file with them.
"""

from __future__ import annotations

import os
import re
import struct
from bisect import bisect_right
from dataclasses import dataclass
from typing import Callable

from .errors import CheckError

DATABASES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
_NAME = re.compile(r"^[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*$")
_FIXED = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z")
_DAY = 86400
_RULE = re.compile(
    r"^(?:<[^>]+>|[A-Za-z]{3,})(?P<standard>[+-]?[\d:]+)"
    r"(?:(?:<[^>]+>|[A-Za-z]{3,})(?P<summer>[+-]?[\d:]+)?,(?P<begin>[^,]+),(?P<end>[^,]+))?$"
)
_zones: dict[str, Zone] = {}


@dataclass(frozen=True)
class Zone:
    """One zone: its past transitions, and the rule that continues them."""

    moments: list[int]
    offsets: list[int]
    first_offset: int
    rule: Callable[[int], int] | None

    def offset(self, epoch: float) -> int:
        """Return how many seconds local time is ahead of UTC at an instant."""
        index = bisect_right(self.moments, epoch)
        if index == len(self.moments) and self.rule is not None:
            return self.rule(int(epoch // 1))
        return self.offsets[index - 1] if index else self.first_offset

    def epoch(self, local: float) -> float:
        """Return the instant of a wall clock reading, given as seconds since 1970 on that clock.

        A reading that happens twice is the first of the two; one that never happens is as much later as the clock
        was put forward.
        """
        before = self.offset(local - _DAY)
        after = self.offset(local + _DAY)
        for offset in sorted({before, after}, reverse=True):
            if self.offset(local - offset) == offset:
                return local - offset
        return local - before


def zone(name: str) -> Zone:
    """Return a zone by its IANA name.

    Raises:
        CheckError: ``timezone_unknown`` when this host does not know it.
    """
    if name not in _zones:
        _zones[name] = _load(name)
    return _zones[name]


def days_of(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date of the Gregorian calendar."""
    shifted = year - (month <= 2)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def date_of(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a number of days since 1970-01-01."""
    shifted = days + 719468
    era = shifted // 146097
    day_of_era = shifted - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = shifted_month + (3 if shifted_month < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted_month + 2) // 5 + 1


def _load(name: str) -> Zone:
    if name in _FIXED:
        return Zone([], [], 0, None)
    if _NAME.match(name):
        for database in DATABASES:
            path = os.path.join(database, *name.split("/"))
            if os.path.isfile(path):
                with open(path, "rb") as stream:
                    return parse_zone(stream.read(1 << 20), name)
    raise CheckError("timezone_unknown", timezone=name)


def parse_zone(data: bytes, name: str = "") -> Zone:
    """Read a compiled zone (RFC 8536).

    Raises:
        CheckError: ``timezone_unknown`` when the bytes are no such file.
    """
    try:
        if data[:4] != b"TZif":
            raise ValueError("no TZif header")
        start, wide = 0, data[4:5] >= b"2"
        if wide:
            # The first block repeats the zone in 32 bits for old readers.
            start = 44 + _block_size(data, 0, 4)
        moments, offsets, first, end = _block(data, start, 8 if wide else 4)
        footer = data[end:].strip(b"\n").split(b"\n")[0].decode("ascii") if wide else ""
        return Zone(moments, offsets, first, _rule(footer) if footer else None)
    except (ValueError, IndexError, KeyError, struct.error) as error:
        raise CheckError("timezone_unknown", timezone=name, error=str(error)) from None


def _block_size(data: bytes, start: int, width: int) -> int:
    isut, isstd, leap, times, types, characters = struct.unpack(">6l", data[start + 20 : start + 44])
    size: int = times * (width + 1) + types * 6 + characters + leap * (width + 4) + isstd + isut
    return size


def _block(data: bytes, start: int, width: int) -> tuple[list[int], list[int], int, int]:
    _isut, _isstd, _leap, times, types, _characters = struct.unpack(">6l", data[start + 20 : start + 44])
    at = start + 44
    moments = list(struct.unpack(f">{times}{'q' if width == 8 else 'l'}", data[at : at + times * width]))
    at += times * width
    kinds = data[at : at + times]
    at += times
    known = [struct.unpack(">l", data[at + 6 * index : at + 6 * index + 4])[0] for index in range(types)]
    return moments, [known[kind] for kind in kinds], known[0], start + 44 + _block_size(data, start, width)


def _rule(text: str) -> Callable[[int], int]:
    """Return the offset as a function of the instant, from a POSIX rule such as ``CET-1CEST,M3.5.0,M10.5.0/3``."""
    match = _RULE.match(text)
    if match is None:
        raise ValueError(f"rule {text!r}")
    # POSIX counts westward.
    standard = -_seconds(match.group("standard"))
    if match.group("begin") is None:
        return lambda epoch: standard
    summer = -_seconds(match.group("summer")) if match.group("summer") else standard + 3600
    begin, end = _turn(match.group("begin")), _turn(match.group("end"))

    def offset(epoch: int) -> int:
        year = date_of((epoch + standard) // _DAY)[0]
        starts, stops = begin(year) - standard, end(year) - summer
        in_summer = starts <= epoch < stops if starts < stops else not stops <= epoch < starts
        return summer if in_summer else standard

    return offset


def _seconds(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    return sign * (parts[0] * 3600 + parts[1] * 60 + parts[2])


def _turn(text: str) -> Callable[[int], int]:
    """Return the local second of a year at which the clock is changed, from ``M3.5.0/2``, ``J60`` or ``59``."""
    date, _slash, clock = text.partition("/")
    second = _seconds(clock) if clock else 7200
    if not date.startswith("M"):
        leap_day_counts = not date.startswith("J")
        number = int(date.lstrip("J"))

        def by_day(year: int) -> int:
            leap = days_of(year, 3, 1) - days_of(year, 2, 28) == 2
            day = number if leap_day_counts else number - 1 + (1 if leap and number >= 60 else 0)
            return (days_of(year, 1, 1) + day) * _DAY + second

        return by_day
    month, week, weekday = (int(part) for part in date[1:].split("."))

    def by_week(year: int) -> int:
        first = days_of(year, month, 1)
        # 1970-01-01 was a Thursday, and Sunday is 0.
        day = first + (weekday - (first + 4)) % 7 + (week - 1) * 7
        last = (days_of(year + 1, 1, 1) if month == 12 else days_of(year, month + 1, 1)) - 1
        return (day if day <= last else day - 7) * _DAY + second

    return by_week
