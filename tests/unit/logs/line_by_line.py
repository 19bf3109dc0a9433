# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an access log holds, read line by line without any haste: what the fast ways must find, too."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ansible_collections.aiops.runbooks.plugins.module_utils.logs.access import AccessFigures, failure, operation
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.logformat import compile_format
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.security import RATE_LIMITED, kind_of
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import Window

SLOW = 1000


@dataclass
class Expected:
    """What reading line by line finds."""

    statuses: Counter[bytes] = field(default_factory=Counter)
    clients: Counter[bytes] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    durations: list[int] = field(default_factory=list)
    slow: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    unauthorized: Counter[bytes] = field(default_factory=Counter)
    minutes: Counter[tuple[bytes, int]] = field(default_factory=Counter)
    suspicious: Counter[str] = field(default_factory=Counter)
    sources: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    unread: int = 0


def written(text: str, fields: dict[str, object]) -> bytes:
    """Write a line in a format."""
    time = fields["time"]
    if isinstance(time, int):
        moment = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=time)
        time = moment.strftime("%d/%b/%Y:%H:%M:%S +0000").encode()
    assert isinstance(time, bytes)
    values = {"t": b"[" + time + b"]", "h": fields["client"], "a": fields["client"], "u": fields["user"]}
    values.update({"r": fields["request"], "s": fields["status"], "D": fields["duration"], "T": fields["duration"]})

    def value(match: re.Match[bytes]) -> bytes:
        found = values.get(match.group(1).decode(), fields["other"])
        assert isinstance(found, bytes)
        return found

    end = fields["end"]
    assert isinstance(end, bytes)
    return re.sub(rb"%>?(?:\{[^}]*\})?([A-Za-z])", value, text.encode()) + end


def epoch_of(stamp: bytes) -> int | None:
    """Return the instant of a time of the log, which may have any number of seconds; None when there is no such."""
    match = re.fullmatch(rb"(\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d):(\d\d) ([+-])(\d\d)(\d\d)", stamp)
    if not match:
        return None
    day = match.group(1)
    try:
        minute = datetime.strptime(day.decode(), "%d/%b/%Y:%H:%M").replace(tzinfo=UTC)
    except ValueError:
        if not day.startswith(b"31/Nov"):
            return None
        minute = datetime.strptime(day.decode().replace("31/Nov", "01/Dec"), "%d/%b/%Y:%H:%M").replace(tzinfo=UTC)
    ahead = int(match.group(4)) * 3600 + int(match.group(5)) * 60
    return int(minute.timestamp()) + int(match.group(2)) - (-ahead if match.group(3) == b"-" else ahead)


def expected_of(text: str, window: Window, data: bytes) -> Expected:
    """Read line by line."""
    found, log_format = Expected(), compile_format(text)
    rows: list[bool | None] = []
    for line in data.split(b"\n")[:-1]:
        match = log_format.line.match(line)
        epoch = epoch_of(match.group("time")) if match else None
        if match is None or epoch is None:
            rows.append(None)
            continue
        rows.append(window.holds(epoch))
        if not rows[-1]:
            continue
        row = match.groupdict()
        found.hours[epoch // 3600] += 1
        status, request, client = row["status"], row.get("request"), row.get("client")
        found.statuses[status] += 1
        if client is not None:
            found.clients[client] += 1
        if "duration" in row:
            found.durations.append(int(row["duration"]))
            if found.durations[-1] > SLOW:
                found.slow[operation(status if request is None else request)] += 1
        kinds = [RATE_LIMITED] * (status == b"429") + [kind_of(request or b"") or ""]
        for kind in filter(None, kinds):
            found.suspicious[kind] += 1
            if client is not None:
                found.sources[kind, client] += 1
        if status[:1] == b"5" and request is not None:
            found.failed[failure(status, request)] += 1
        if status == b"401" and client is not None:
            found.unauthorized[client] += 1
            found.minutes[client, epoch // 60] += 1
    # A line without a time belongs to where the record before it belongs; before the first one, to where that belongs.
    inside = next((place for place in rows if place is not None), True)
    for place in rows:
        found.unread += place is None and inside
        inside = inside if place is None else place
    return found


def assert_same(figures: AccessFigures, expected: Expected) -> None:
    """Compare what was counted at once with what was read line by line."""
    assert +figures.statuses == expected.statuses
    assert +figures.hours == expected.hours
    assert +figures.suspicious == expected.suspicious
    assert figures.failed == expected.failed
    assert figures.slow == expected.slow
    assert figures.unauthorized == expected.unauthorized
    assert figures.sources == expected.sources
    assert figures.bursts._minutes == expected.minutes
    assert figures.clients.count() == len(expected.clients)
    assert figures.clients.most() == max(expected.clients.values(), default=None)
    assert figures.unread.count == expected.unread
    ordered = sorted(expected.durations)
    summary = figures.durations.summary((50, 95, 99), SLOW)
    assert (summary.count, summary.total, summary.largest) == (len(ordered), sum(ordered), max(ordered, default=None))
    assert summary.quantiles == [ordered[-(-p * len(ordered) // 100) - 1] if ordered else None for p in (50, 95, 99)]
    longest = [duration for duration, _row in figures.slowest.ranked(lambda row: (row, object()))]
    assert longest == ordered[::-1][: len(longest)]
    assert len(longest) == min(50, len(ordered))
