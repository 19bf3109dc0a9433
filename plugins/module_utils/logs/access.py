# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of an access log's window, in one pass.

Blocks of lines are matched and counted at the speed of C; Python looks at single lines only where a block crosses an
edge of the window.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import List, Sequence

from .instants import HOUR_SECONDS, Instants
from .logformat import LogFormat
from .percentiles import Histogram
from .security import RATE_LIMITED, Bursts, suspicious
from .slowest import Slowest
from .statuses import STATUS_RATE_LIMITED, UNAUTHORIZED, Statuses, is_told
from .tally import SAMPLES, Callers, Unread, tally, tally_counts, without_numbers
from .window import Window

_FAILURES_MAXIMUM = 8
Columns = List[Sequence[bytes]]


@dataclass
class AccessFigures:
    """What the records of a window add up to.

    Attributes:
        statuses: how often each status was answered.
        durations: in the units of the log format.
        clients: requests by client address.
        hours: requests by hour since the epoch.
        failed: requests answered with 5xx, by status, method and path.
        slow: requests above the limit, by method and path.
        slowest: the request lines with the longest durations.
        unauthorized: client addresses answered with 401.
        bursts: the same by minute.
        suspicious: requests that look like an attack, and those refused by a rate limit, by kind.
        sources: where these came from, by kind and client address.
        unread: lines of the window that are not in the format.
    """

    statuses: Counter[bytes] = field(default_factory=Counter)
    durations: Histogram = field(default_factory=Histogram)
    clients: Callers = field(default_factory=Callers)
    hours: Counter[int] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    slow: Counter[str] = field(default_factory=Counter)
    slowest: Slowest = field(default_factory=Slowest)
    unauthorized: Counter[bytes] = field(default_factory=Counter)
    bursts: Bursts = field(default_factory=Bursts)
    suspicious: Counter[str] = field(default_factory=Counter)
    sources: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    unread: Unread = field(default_factory=Unread)

    @property
    def requests(self) -> int:
        """How many requests the window holds."""
        return sum(self.statuses.values())

    def merge(self, later: AccessFigures) -> None:
        """Take in the figures of the stretch of the log that follows."""
        self.statuses.update(later.statuses)
        self.hours.update(later.hours)
        self.suspicious.update(later.suspicious)
        tally(self.failed, later.failed)
        tally(self.slow, later.slow)
        tally(self.unauthorized, later.unauthorized)
        tally(self.sources, later.sources)
        # A counter beside another one adds these to the other's at once.
        if later.durations is not self.durations:
            self.durations.merge(later.durations)
            self.clients.merge(later.clients)
        self.slowest.merge(later.slowest)
        self.bursts.merge(later.bursts)
        self.unread.merge(later.unread)


class AccessCounter:
    """Counts the blocks of one log; see :meth:`count_block`.

    Args:
        log_format: what a line looks like.
        window: what is counted.
        slow: durations above this are counted by operation, in the units of the log format; None counts none.
    """

    def __init__(self, log_format: LogFormat, window: Window, slow: float | None = None) -> None:
        self.figures = AccessFigures()
        self._format = log_format
        self._window = window
        self._slow = None if slow is None else math.floor(slow)
        self._position: dict[str, int] = {name: index for index, name in enumerate(log_format.fields)}
        self._width = len(log_format.fields) + 1
        self._status = self._position["status"]
        self._time = self._position["time"]
        self._instants = Instants(window)
        self._statuses = Statuses(log_format.plain_status)
        self._fast_failures = 0
        self._beside: AccessCounter | None = None

    def count_block(self, block: bytes) -> None:
        """Count whole lines."""
        columns, others, by_status = self._columns(block)
        unread = others.count(b"\n")
        times = columns[self._time]
        if not times:
            self.figures.unread.add(others.split(b"\n", SAMPLES)[:SAMPLES], unread)
            return
        place = self._instants.place(set(times))
        if place is None or (unread and self.figures.unread.inside is not place):
            # Which of them belong to the window only their order can tell.
            self._count_lines(block)
            return
        self.figures.unread.neighbour(place)
        if place:
            if unread:
                self.figures.unread.add(others.split(b"\n", SAMPLES)[:SAMPLES], unread)
            self._count_columns(columns, by_status)

    def beside(self) -> AccessCounter:
        """Return a counter of other stretches of the log in this process, whose figures are given to this one later.

        What does not depend on the order of the log is counted for both at once.
        """
        other = AccessCounter(self._format, self._window, self._slow)
        other._beside = self
        other.take()
        return other

    def take(self) -> AccessFigures:
        """Return the figures of what was counted since the last time."""
        figures, self.figures = self.figures, AccessFigures()
        # All that is taken of a counter is given to one other: what has been told need not be told again.
        self.figures.slowest = Slowest(least=figures.slowest.least)
        if self._beside is not None:
            whole = self._beside.figures
            self.figures.durations, self.figures.clients = whole.durations, whole.clients
        return figures

    def give(self, taken: AccessFigures) -> None:
        """Take in what another counter has counted in the stretch of the log that follows."""
        self.figures.merge(taken)

    def finish(self) -> AccessFigures:
        """Return the figures."""
        self.figures.unread.finish()
        return self.figures

    def _columns(self, block: bytes) -> tuple[Columns, bytes, Counter[bytes]]:
        """Return the fields of all lines in the format, field by field, the other lines, and the statuses, counted."""
        # Where every other block needs the strict pattern after all, the fast one only costs.
        if self._fast_failures < _FAILURES_MAXIMUM and b"\\" not in block:
            parts = self._format.fast.split(block)
            columns = self._fields(parts)
            rows = len(columns[0])
            by_status = self._statuses.count(columns[self._status])
            if by_status is not None:
                # Most blocks hold nothing but lines of the format.
                others = b""
                alone = _has_lines(block, rows)
                if not alone:
                    others = b"".join(parts[:: self._width])
                    alone = b"\r" not in others and _has_lines(block, rows + others.count(b"\n"))
                if alone:
                    self._fast_failures = 0
                    return columns, others, by_status
            self._fast_failures += 1
        parts = self._format.whole.split(block)
        columns, others = self._fields(parts), b"".join(parts[:: self._width])
        return columns, others, self._statuses.count(columns[self._status]) or Counter()

    def _fields(self, parts: Sequence[bytes]) -> Columns:
        """Return the fields of the lines that match, field by field.

        Args:
            parts: what lies between two matches, and the groups of the match that follows, over and over.
        """
        return [parts[place :: self._width] for place in range(1, self._width)]

    def _count_columns(self, columns: Columns, by_status: Counter[bytes]) -> None:
        figures, times = self.figures, columns[self._time]
        tally_counts(figures.statuses, by_status.items())
        if self._instants.hour is not None:
            figures.hours[self._instants.hour] += len(times)
        else:
            for time, requests_then in Counter(times).items():
                figures.hours[(self._instants.epoch(time) or 0) // HOUR_SECONDS] += requests_then
        clients = self._column(columns, "client")
        figures.clients.add_many(clients)
        requests = self._column(columns, "request")
        durations = self._column(columns, "duration")
        if durations:
            # Of up to 15 digits, a float is made and sorted faster than a whole number, and is as exact.
            self._count_durations(list(map(float, durations)), requests or columns[self._status])
        if any(map(is_told, by_status)):
            self._count_told(requests, clients, times)
        self._count_suspicious(requests, clients)

    def _column(self, columns: Columns, name: str) -> Sequence[bytes]:
        return columns[self._position[name]] if name in self._position else ()

    def _count_told(self, requests: Sequence[bytes], clients: Sequence[bytes], times: Sequence[bytes]) -> None:
        """Count the rows of which more is told than their number: failures and refusals."""
        failed: list[str] = []
        limited: list[tuple[str, bytes]] = []
        refused: list[int] = []
        for row, status in self._statuses.told():
            if status == UNAUTHORIZED:
                refused.append(row)
            elif status != STATUS_RATE_LIMITED:
                if requests:
                    failed.append(failure(status, requests[row]))
            else:
                limited.append((RATE_LIMITED, clients[row] if clients else b""))
        figures = self.figures
        figures.suspicious[RATE_LIMITED] += len(limited)
        tally(figures.failed, failed)
        if clients and limited:
            tally(figures.sources, limited)
        if clients and refused:
            tally(figures.unauthorized, [clients[row] for row in refused])
            epoch = self._instants.epoch
            figures.bursts.add(Counter((clients[row], (epoch(times[row]) or 0) // 60) for row in refused))

    def _count_durations(self, durations: list[float], requests: Sequence[bytes]) -> None:
        figures, slow = self.figures, self._slow
        # Sorted now, they are no more work when they are sorted with others, and the longest is known.
        ordered = sorted(durations)
        figures.durations.add_decimals(ordered, 1.0)
        least = figures.slowest.least if slow is None else min(figures.slowest.least, slow)
        if ordered[-1] <= least:
            return
        long = [(int(duration), requests[row]) for row, duration in enumerate(durations) if duration > least]
        figures.slowest.add_many(long)
        if slow is not None:
            tally(figures.slow, [operation(request) for duration, request in long if duration > slow])

    def _count_suspicious(self, requests: Sequence[bytes], clients: Sequence[bytes]) -> None:
        figures = self.figures
        kinds = suspicious(requests)
        if kinds:
            found = [(kinds[request], row) for row, request in enumerate(requests) if request in kinds]
            figures.suspicious.update(kind for kind, _row in found)
            if clients:
                tally(figures.sources, [(kind, clients[row]) for kind, row in found])

    def _count_lines(self, block: bytes) -> None:
        names = self._format.fields
        counted: list[tuple[bytes, ...]] = []
        for line in block.split(b"\n")[:-1]:
            match = self._format.line.match(line)
            epoch = self._instants.epoch(match.group("time")) if match else None
            if match is None or epoch is None:
                self.figures.unread.add([line], 1)
                continue
            inside = self._window.holds(epoch)
            self.figures.unread.neighbour(inside)
            if inside:
                counted.append(match.group(*names))
        if counted:
            columns: Columns = list(zip(*counted))
            self._instants.hour = None
            self._count_columns(columns, self._statuses.count(columns[self._status]) or Counter())


def _has_lines(block: bytes, number: int) -> bool:
    """Tell whether a block has no more than so many lines, in a quarter of the time that counting them takes."""
    return b"\n" not in block.replace(b"\n", b"\r", number)


def operation(request: bytes) -> str:
    """Return method and path of a request, as evidence.

    What a user typed into a form stays out of it, and identifiers in the path do not tell operations apart.
    """
    words = request.split(b" ")
    return without_numbers(b" ".join(words[:2]).split(b"?", 1)[0][:200].decode("utf-8", "replace"))


def failure(status: bytes, request: bytes) -> str:
    """Return status, method and path of a request, see :func:`operation`."""
    return f"{status.decode('ascii', 'replace')} {operation(request)}"
