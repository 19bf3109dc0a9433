# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of an access log's window, in one pass.

Blocks of lines are matched and counted at the speed of C; Python looks at single lines only where a block crosses an
edge of the window.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Tuple

from ..zones import days_of
from .logformat import LogFormat
from .percentiles import Distinct, Histogram
from .tally import SAMPLES, Unread, tally, without_numbers
from .window import Window

_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), 1
    )
}
_MINUTE = re.compile(rb"^(\d\d)/([A-Z][a-z][a-z])/(\d{4}):(\d\d):(\d\d)$")
_MINUTES_REMEMBERED = 100000
Row = Tuple[bytes, ...]


@dataclass
class AccessFigures:
    """What the records of a window add up to.

    Attributes:
        statuses: how often each status was answered.
        durations: in the units of the log format.
        clients: different client addresses.
        failed: requests answered with 5xx, by status, method and path.
        unauthorized: client addresses answered with 401.
        unread: lines of the window that are not in the format.
    """

    statuses: Counter[bytes] = field(default_factory=Counter)
    durations: Histogram = field(default_factory=Histogram)
    clients: Distinct = field(default_factory=Distinct)
    failed: Counter[str] = field(default_factory=Counter)
    unauthorized: Counter[bytes] = field(default_factory=Counter)
    unread: Unread = field(default_factory=Unread)

    @property
    def requests(self) -> int:
        """How many requests the window holds."""
        return sum(self.statuses.values())


def minute_epoch(minute: bytes, offset: bytes) -> int | None:
    """Return the instant of ``21/Nov/2026:09:58`` at ``+0900``; None when there is no such time."""
    match = _MINUTE.match(minute)
    if match is None or match.group(2) not in _MONTHS:
        return None
    day, month, year = int(match.group(1)), _MONTHS[match.group(2)], int(match.group(3))
    hour, minutes = int(match.group(4)), int(match.group(5))
    if not 1 <= day <= 31 or hour > 23 or minutes > 59:
        return None
    ahead = int(offset[1:3]) * 3600 + int(offset[3:5]) * 60
    return days_of(year, month, day) * 86400 + hour * 3600 + minutes * 60 - (-ahead if offset[:1] == b"-" else ahead)


class AccessCounter:
    """Counts the blocks of one log; see :meth:`count_block`.

    Args:
        log_format: what a line looks like.
        window: what is counted.
    """

    def __init__(self, log_format: LogFormat, window: Window) -> None:
        self.figures = AccessFigures()
        self._format = log_format
        self._window = window
        self._position: dict[str, int] = {name: index for index, name in enumerate(log_format.fields)}
        self._status = self._position["status"]
        self._minutes: dict[tuple[bytes, bytes], int | None] = {}
        self._fast_failures = 0

    def count_block(self, block: bytes) -> None:
        """Count whole lines."""
        lines = block.count(b"\n")
        rows = self._rows(block, lines)
        if not rows:
            self.figures.unread.add(block.split(b"\n", 3)[:3], lines)
            return
        columns = list(zip(*rows))
        place = self._place(columns)
        if place is None or (place and len(rows) < lines and len(self.figures.unread.samples) < SAMPLES):
            self._count_lines(block)
            return
        self.figures.unread.neighbour(place)
        if place:
            self.figures.unread.add([], lines - len(rows))
            self._count_columns(columns)

    def finish(self) -> AccessFigures:
        """Return the figures."""
        self.figures.unread.finish()
        return self.figures

    def _rows(self, block: bytes, lines: int) -> list[Row]:
        # Where every other block needs the strict pattern after all, the fast one only costs.
        if self._fast_failures < 8 and b"\\" not in block:
            rows: list[Row] = self._format.fast.findall(block)
            if len(rows) == lines and all(status.isdigit() for status in {row[self._status] for row in rows}):
                self._fast_failures = 0
                return rows
            self._fast_failures += 1
        return self._format.bulk.findall(block)

    def _epoch(self, minute: bytes, offset: bytes) -> int | None:
        key = (minute, offset)
        if key not in self._minutes:
            if len(self._minutes) >= _MINUTES_REMEMBERED:
                self._minutes.clear()
            self._minutes[key] = minute_epoch(minute, offset)
        return self._minutes[key]

    def _place(self, columns: list[tuple[bytes, ...]]) -> bool | None:
        """Tell whether all rows are inside (True) or outside (False) of the window; None when it must be looked up."""
        zones = set(columns[self._position["zone"]])
        if len(zones) == 1:
            zone = zones.pop()
            minutes = {(minute, zone) for minute in set(columns[self._position["minute"]])}
        else:
            minutes = set(zip(columns[self._position["minute"]], columns[self._position["zone"]]))
        epochs = [self._epoch(minute, offset) for minute, offset in minutes]
        known = [epoch for epoch in epochs if epoch is not None]
        if len(known) < len(epochs):
            return None
        first, last = min(known), max(known) + 60
        if first >= self._window.start and last < self._window.end:
            return True
        return False if last < self._window.start or first >= self._window.end else None

    def _count_columns(self, columns: list[tuple[bytes, ...]]) -> None:
        figures, position = self.figures, self._position
        statuses = columns[self._status]
        seen = Counter(statuses)
        figures.statuses.update(seen)
        if "client" in position:
            figures.clients.add_many(columns[position["client"]])
            if b"401" in seen:
                pairs = zip(statuses, columns[position["client"]])
                tally(figures.unauthorized, [client for status, client in pairs if status == b"401"])
        if "duration" in position:
            figures.durations.add_many(columns[position["duration"]])
        bad = {status for status in seen if status.startswith(b"5")}
        if bad and "request" in position:
            pairs = zip(statuses, columns[position["request"]])
            tally(figures.failed, [operation(status, text) for status, text in pairs if status in bad])

    def _count_lines(self, block: bytes) -> None:
        names = self._format.fields
        counted: list[Row] = []
        for line in block.split(b"\n")[:-1]:
            match = self._format.line.match(line)
            epoch = self._epoch(match.group("minute"), match.group("zone")) if match else None
            if match is None or epoch is None:
                self.figures.unread.add([line], 1)
                continue
            inside = self._window.holds(epoch + int(match.group("second")))
            self.figures.unread.neighbour(inside)
            if inside:
                counted.append(match.group(*names))
        if counted:
            self._count_columns(list(zip(*counted)))


def operation(status: bytes, request: bytes) -> str:
    """Return status, method and path of a request, as evidence.

    What a user typed into a form stays out of it, and identifiers in the path do not tell operations apart.
    """
    words = request.split(b" ")
    path = b" ".join(words[:2]).split(b"?", 1)[0][:200].decode("utf-8", "replace")
    return f"{status.decode('ascii', 'replace')} {without_numbers(path)}"
