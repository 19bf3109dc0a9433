# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of systemd's journal, counted by the hour, so that the next look needs to read only what is new."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Pattern

from .tally import tally, without_numbers

ERRORS, WARNINGS, OTHER = "errors", "warnings", "other_errors"
HOUR = 3600
_ERROR, _WARNING = 3, 4
_TEXT_CHARACTERS = 200
_SEARCHED_CHARACTERS = 4000
_HOURS_KEPT = 24 * 31


@dataclass
class Position:
    """Where a look ended, and what the hours before it held.

    Attributes:
        cursor: of the last entry that was read; empty when there was none.
        hours: counts by hour since the epoch and name.
    """

    cursor: str = ""
    hours: dict[int, Counter[str]] = field(default_factory=dict)

    def add(self, epoch: float, name: str) -> None:
        """Count one entry."""
        self.hours.setdefault(int(epoch // HOUR), Counter())[name] += 1

    def total(self, name: str) -> int:
        """Return the count of a name over all hours."""
        return sum(counts[name] for counts in self.hours.values())

    def forget_before(self, epoch: float) -> None:
        """Drop the hours that ended before a moment."""
        self.hours = {hour: counts for hour, counts in self.hours.items() if (hour + 1) * HOUR > epoch}

    def to_text(self, asked: str) -> str:
        """Return everything as one text.

        Args:
            asked: what was counted; counts of another question do not go on.
        """
        hours = {str(hour): counts for hour, counts in sorted(self.hours.items())}
        return json.dumps({"asked": asked, "cursor": self.cursor, "hours": hours}, separators=(",", ":"))


def read_position(text: Any, asked: str) -> Position | None:
    """Return the position that a former look wrote down; None when it is none, or answers another question."""
    try:
        data = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("asked") != asked or not isinstance(data.get("cursor"), str):
        return None
    given = data.get("hours")
    if not isinstance(given, dict) or len(given) > _HOURS_KEPT:
        return None
    hours: dict[int, Counter[str]] = {}
    for hour, counts in given.items():
        if not hour.isascii() or not hour.isdigit() or len(hour) > 9 or not isinstance(counts, dict):
            return None
        if not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts.values()):
            return None
        hours[int(hour)] = Counter(counts)
    return Position(data["cursor"], hours)


@dataclass
class JournalFigures:
    """What one look read.

    Attributes:
        position: where it ended.
        new: entries that it read.
        texts: its errors by what lies behind them and text, numbers taken out.
        unread: entries that were none.
        said: lines that are no entries: what journalctl itself has to say.
    """

    position: Position
    new: int = 0
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread: int = 0
    said: list[str] = field(default_factory=list)


def count_lines(
    lines: Iterable[bytes],
    figures: JournalFigures,
    start: float,
    clusters: Mapping[str, Pattern[str]],
    error: Pattern[str] | None = None,
) -> None:
    """Count what ``journalctl --output=json`` prints.

    Args:
        lines: its lines, what it says of itself among them.
        figures: filled in.
        start: entries before this are not counted, in seconds since the epoch.
        clusters: what may lie behind an error, the first to fit first.
        error: makes an entry an error whatever its level: what a service only prints has none.
    """
    for line in lines:
        text = line.decode("utf-8", "replace").strip()
        if not text:
            continue
        if text[0] != "{":
            if len(figures.said) < 5:
                figures.said.append(text[:_TEXT_CHARACTERS])
            continue
        entry = _entry(text)
        if entry is None:
            figures.unread += 1
            continue
        cursor, epoch, priority, message = entry
        figures.position.cursor = cursor
        figures.new += 1
        if epoch < start:
            continue
        searched = message[:_SEARCHED_CHARACTERS]
        if priority <= _ERROR or (error is not None and error.search(searched)):
            cluster = next((name for name, pattern in clusters.items() if pattern.search(searched)), OTHER)
            figures.position.add(epoch, ERRORS)
            figures.position.add(epoch, cluster)
            tally(figures.texts, ((cluster, without_numbers(message[:_TEXT_CHARACTERS]) or "(no message)"),))
        elif priority == _WARNING:
            figures.position.add(epoch, WARNINGS)


def _entry(text: str) -> tuple[str, float, int, str] | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    cursor, stamp, priority = data.get("__CURSOR"), data.get("__REALTIME_TIMESTAMP"), data.get("PRIORITY", "6")
    if not isinstance(cursor, str) or not _digits(stamp) or not _digits(priority):
        return None
    return cursor, int(str(stamp)) / 1e6, int(str(priority)), _message(data.get("MESSAGE"))


def _digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20


def _message(value: Any) -> str:
    """Return a message; one that is no UTF-8 comes as a list of bytes, a very long one as nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", "replace")
    return ""


def question(*asked: Any) -> str:
    """Return what tells one question from another: counts go on only where it is the same."""
    import hashlib

    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:16]
