# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instants of records, as applications write them."""

from __future__ import annotations

import re
from typing import Any

from ..zones import Zone, days_of

_TEXT = re.compile(
    r"^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d(?:[.,]\d{1,12})?))?\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?$"
)
_MINUTES_REMEMBERED = 100000


class TimestampReader:
    """Reads timestamps; the minutes that it has seen cost nothing the next time.

    Args:
        naive_zone: the zone of timestamps that name none.
    """

    def __init__(self, naive_zone: Zone) -> None:
        self._zone = naive_zone
        self._minutes: dict[str, float] = {}

    def epoch(self, value: Any) -> float | None:
        """Return seconds since the epoch; None when the value is no timestamp.

        Args:
            value: ISO 8601 text with or without zone, or a number of seconds, milliseconds or microseconds.
        """
        if isinstance(value, str):
            # Minute and zone decide the instant of the minute; the seconds are added.
            zulu = value[-1:] == "Z"
            minute = self._minutes.get(value[:16] + "Z" if zulu else value[:16])
            if minute is not None and value[16:17] == ":" and value[17:18].isdigit():
                try:
                    return minute + float(value[17:-1] if zulu else value[17:])
                except ValueError:
                    pass
            return self._read(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e17:
            return None
        return value / 1e6 if value > 1e14 else value / 1e3 if value > 1e11 else float(value)

    def _read(self, value: str) -> float | None:
        match = _TEXT.match(value)
        if match is None:
            return None
        year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
        if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60):
            return None
        local = float(days_of(year, month, day) * 86400 + hour * 3600 + minute * 60)
        second, zone = match.group(6), match.group(7)
        if zone is None:
            key, start = value[:16], self._zone.epoch(local)
        elif zone in ("Z", "UTC"):
            key, start = value[:16] + "Z", local
        else:
            digits = zone[1:].replace(":", "").ljust(4, "0")
            ahead = int(digits[:2]) * 3600 + int(digits[2:]) * 60
            key, start = "", local - ahead if zone[0] == "+" else local + ahead
        if key:
            if len(self._minutes) >= _MINUTES_REMEMBERED:
                self._minutes.clear()
            self._minutes[key] = start
        return start + (float(second.replace(",", ".")) if second else 0.0)
