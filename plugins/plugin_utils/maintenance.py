# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a person says of a maintenance window to its moments: zones, summer time and slips of the finger."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError

from .store import Holder

#: A window is planned before the work: downtime that has happened already stays downtime.
LATE_SECONDS = 600
#: Longer than any maintenance: a slip in the month or the year.
LONGEST_DAYS = 14
_EXAMPLES = "Write 2026-12-01 22:00, 2026-12-01T22:00+09:00 or now; an end may also be a length: 30 minutes, 2 hours"
_LENGTH = re.compile(r"^(?:for\s+)?(\d+(?:\.\d+)?)\s*(m|min|minutes?|h|hours?|d|days?)$", re.IGNORECASE)
_UNIT_SECONDS = {"m": 60, "h": 3600, "d": 86400}
_WHOLE = re.compile(r"^(?P<start>.+?)\s+(?:to\s+(?P<end>.+)|(?P<length>for\s+.+))$", re.IGNORECASE)
_TOLD = {
    "en": {
        "planned": "{title}: maintenance from {begins} to {ends} ({zone}): {reason}",
        "cancelled": "{title}: the maintenance planned for {begins} ({zone}) does not take place: {reason}",
        "over": "{title}: the maintenance that began at {begins} ({zone}) is over: {reason}",
    },
    "ja": {
        "planned": "{title}：{begins}から{ends}まで（{zone}）メンテナンスを行います。内容：{reason}",
        "cancelled": "{title}：{begins}（{zone}）に予定していたメンテナンスは中止します。内容：{reason}",
        "over": "{title}：{begins}（{zone}）に開始したメンテナンスは終了しました。内容：{reason}",
    },
}


@dataclass(frozen=True)
class Place:
    """How a system is called by its people, and what time they have.

    Args:
        title: name by language.
        zone: IANA name.
    """

    title: Mapping[str, str]
    zone: str


class MaintenanceError(RunbooksError):
    """A maintenance window that cannot be: names what was said and the way out."""


def window_moments(
    start: str | None, end: str | None, whole: str | None, zone: str, now: datetime
) -> tuple[datetime, datetime]:
    """Return when a window begins and ends, UTC.

    Args:
        start: ``now`` or a time; a time without an offset is of the zone.
        end: a time, or a length (``30 minutes``).
        whole: both at once, ``START to END`` or ``START for LENGTH``; then the other two are not given.
        zone: IANA name of the system's zone.
        now: the control side's clock.

    Raises:
        MaintenanceError: it is no time, no time of that zone, over already, or longer than a maintenance is.
    """
    if whole:
        parts = _WHOLE.match(whole.strip())
        if start or end or parts is None:
            raise MaintenanceError(
                f"the window {whole!r} cannot be read", "Write 'now for 30 minutes' or 'START to END', and nothing else"
            )
        start, end = parts["start"], parts["end"] or parts["length"]
    if not start or not end:
        raise MaintenanceError("a maintenance window needs a beginning and an end", _EXAMPLES)
    begins = _moment(start, zone, now)
    length = _LENGTH.match(end.strip())
    if length is not None:
        seconds = float(length[1]) * _UNIT_SECONDS[length[2][0].lower()]
        ends = begins + timedelta(seconds=min(seconds, 2 * LONGEST_DAYS * 86400))
    else:
        ends = _moment(end, zone, now)
    _refuse_slips(start, end, begins, ends, now)
    return begins, ends


def _refuse_slips(start: str, end: str, begins: datetime, ends: datetime, now: datetime) -> None:
    if ends <= begins:
        raise MaintenanceError(f"the window from {start} to {end} ends before it begins", _EXAMPLES)
    if begins < now - timedelta(seconds=LATE_SECONDS):
        raise MaintenanceError(
            f"the window would begin in the past ({start})",
            "Downtime that was not announced stays downtime; write now to begin at once",
        )
    if ends - begins > timedelta(days=LONGEST_DAYS):
        raise MaintenanceError(
            f"the window from {start} to {end} is longer than {LONGEST_DAYS} days", "Plan several, or correct the date"
        )


def _moment(said: str, zone: str, now: datetime) -> datetime:
    said = said.strip()
    if said.lower() == "now":
        return now.astimezone(UTC).replace(microsecond=0)
    try:
        read = datetime.fromisoformat(said)
    except ValueError:
        raise MaintenanceError(f"{said!r} is not a time", _EXAMPLES) from None
    if read.utcoffset() is not None:
        return read.astimezone(UTC)
    if ":" not in said:
        raise MaintenanceError(f"{said!r} has no time of day", _EXAMPLES)
    try:
        local = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MaintenanceError(
            f"this machine does not know the time zone {zone!r}", "Give the time with its offset, or install tzdata"
        ) from None
    first, second = (read.replace(tzinfo=local, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(local).replace(tzinfo=None) != read:
        raise MaintenanceError(f"{said} does not happen in {zone}: the clock is put forward then", _EXAMPLES)
    if first != second:
        offsets = " or ".join(f"{moment.astimezone(local).isoformat()}" for moment in (first, second))
        raise MaintenanceError(f"{said} happens twice in {zone}: the clock is put back then", f"Write {offsets}")
    return first


def window_record(
    host: str, system: str, begins: datetime, ends: datetime, reason: str, who: Holder, now: datetime, token: str
) -> dict[str, Any]:
    """Return the record of a window.

    Args:
        host: inventory name.
        system: name of the system.
        begins: its first moment, UTC.
        ends: the moment after its last.
        reason: what is done in it.
        who: operator and controller.
        now: when it is planned.
        token: makes the record's id unique.
    """
    return {
        "id": f"{host}-{begins.strftime('%Y%m%dT%H%MZ')}-{token}",
        "system": system,
        "host": host,
        "begins": begins,
        "ends": ends,
        "reason": reason,
        "operator": who.operator,
        "controller": who.controller,
        "planned": now,
    }


def window_texts(windows: Sequence[Mapping[str, Any]], places: Mapping[str, Place]) -> dict[str, str]:
    """Return what people are told of windows, by language: a line for each of them, in the times of its system.

    Args:
        windows: rows of the store; a window that was closed before it began does not take place.
        places: by host.
    """
    return {
        language: "\n".join(_told(window, places[window["host"]], language) for window in windows) for language in _TOLD
    }


def _told(window: Mapping[str, Any], place: Place, language: str) -> str:
    begins, ends = (
        datetime.fromisoformat(window[name]).astimezone(ZoneInfo(place.zone)) for name in ("begins", "ends")
    )
    over = "cancelled" if (window.get("closed") or "") <= window["begins"] else "over"
    kind = over if window.get("closed") else "planned"
    same_day = begins.date() == ends.date()
    return _TOLD[language][kind].format(
        title=place.title[language],
        begins=begins.strftime("%Y-%m-%d %H:%M"),
        ends=ends.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M"),
        zone=place.zone,
        reason=window["reason"],
    )
