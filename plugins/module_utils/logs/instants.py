# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The times of an access log, ``21/Nov/2026:09:58:44 +0900``, as instants: most of a block's are not even read."""

from __future__ import annotations

import re
from typing import AbstractSet

from ..zones import days_of
from .window import Window

HOUR_SECONDS = 3600
_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), 1
    )
}
_MINUTE = re.compile(rb"(\d\d)/([A-Z][a-z][a-z])/(\d{4}):(\d\d):(\d\d)\Z")
_OFFSET = re.compile(rb"[+-]\d{4}\Z")
_MINUTES_REMEMBERED = 100000
#: Up to here times of the same hour are the same, and from here on those of the same zone.
_HOUR_CHARACTERS, _ZONE_CHARACTER = 15, 21
#: Where the tens of minutes and seconds stand.
_TENS = (15, 18)
_STAMP_CHARACTERS = 26
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)


def minute_epoch(minute: bytes, offset: bytes) -> int | None:
    """Return the instant of ``21/Nov/2026:09:58`` at ``+0900``; None when there is no such time."""
    match = _MINUTE.match(minute)
    if match is None or match.group(2) not in _MONTHS or not _OFFSET.match(offset):
        return None
    day, month, year = int(match.group(1)), _MONTHS[match.group(2)], int(match.group(3))
    hour, minutes = int(match.group(4)), int(match.group(5))
    if not 1 <= day <= 31 or hour > 23 or minutes > 59:
        return None
    ahead = int(offset[1:3]) * 3600 + int(offset[3:5]) * 60
    return days_of(year, month, day) * 86400 + hour * 3600 + minutes * 60 - (-ahead if offset[:1] == b"-" else ahead)


class Instants:
    """Reads times; see :meth:`place`.

    Args:
        window: what is asked for.

    Attributes:
        hour: since the epoch, when all times of the latest place were of the same one; None otherwise.
    """

    def __init__(self, window: Window) -> None:
        self.hour: int | None = None
        self._window = window
        self._minutes: dict[tuple[bytes, bytes], int | None] = {}

    def epoch(self, time: bytes) -> int | None:
        """Return the instant of a time, whose separators may be any characters; None when there is no such time."""
        key = (time[:17], time[21:])
        if key not in self._minutes:
            if len(self._minutes) >= _MINUTES_REMEMBERED:
                self._minutes.clear()
            self._minutes[key] = minute_epoch(*key)
        minute, second = self._minutes[key], time[18:20]
        return minute + int(second) if minute is not None and second.isdigit() else None

    def place(self, times: AbstractSet[bytes]) -> bool | None:
        """Tell whether all times are inside (True) or outside (False) of the window.

        None when some are inside and some are outside, or when there is one that cannot be read.
        """
        self.hour = None
        edges = self._edges(times)
        if edges is None:
            return None
        first, last = edges
        window = self._window
        if window.holds(first) and window.holds(last):
            if first // HOUR_SECONDS == last // HOUR_SECONDS:
                self.hour = first // HOUR_SECONDS
            return True
        return False if last < window.start or first >= window.end else None

    def _edges(self, times: AbstractSet[bytes]) -> tuple[int, int] | None:
        """Return the first and the last instant; None when there is a time that cannot be read."""
        earliest, latest = min(times), max(times)
        if _within_one_hour(times, earliest, latest):
            first, last = self.epoch(earliest), self.epoch(latest)
            return None if first is None or last is None else (first, last)
        epochs = [self.epoch(time) for time in times if time[17:18] == b":" and time[20:21] == b" "]
        known = [epoch for epoch in epochs if epoch is not None]
        return (min(known), max(known)) if len(known) == len(times) else None


def _within_one_hour(times: AbstractSet[bytes], earliest: bytes, latest: bytes) -> bool:
    """Tell whether times have the same hour and zone and are written well, so that they are ordered as texts are."""
    # What is between two texts begins as both of them do.
    if earliest[:_HOUR_CHARACTERS] != latest[:_HOUR_CHARACTERS]:
        return False
    text = b"".join(times)
    usual = earliest[:_HOUR_CHARACTERS] + b"00:00 " + earliest[_ZONE_CHARACTER:]
    if text.translate(_DIGITS_AS_ZEROS) != usual.translate(_DIGITS_AS_ZEROS) * len(times):
        return False
    # Nothing is left of the characters at one place when those that may be there are taken away.
    if any(text[tens::_STAMP_CHARACTERS].strip(b"012345") for tens in _TENS):
        return False
    places = range(_ZONE_CHARACTER, _STAMP_CHARACTERS)
    return not any(text[place::_STAMP_CHARACTERS].strip(earliest[place : place + 1]) for place in places)
