# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every input: quantiles, windows, zones, and parsers that are fed anything."""

from __future__ import annotations

import contextlib
import gzip
import math
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import access_log, jsonl_log
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.access import AccessCounter
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.logformat import NAMED, compile_format
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.percentiles import Distinct, Histogram
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import Window, window_of
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import date_of, days_of, parse_zone, zone

ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC")
INSTANTS = st.integers(min_value=0, max_value=4102444800)
FORMAT = NAMED["combined"] + " %D"


def nearest_rank(values: list[int], percent: int) -> int:
    """Return the smallest value that at least so many percent of all values do not exceed."""
    return sorted(values)[math.ceil(percent * len(values) / 100) - 1]


@settings(deadline=None)
@given(
    values=st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=300),
    distinct_in_memory=st.sampled_from([1, 3, 50, 1000]),
    above=st.integers(min_value=0, max_value=10**12),
)
def test_quantiles_are_those_of_a_sort_in_memory_or_spilled(
    values: list[int], distinct_in_memory: int, above: int
) -> None:
    histogram = Histogram(distinct_in_memory)
    for start in range(0, len(values), 7):
        part = values[start : start + 7]
        histogram.add_many(part if start % 2 else [b"%d" % value for value in part])
    summary = histogram.summary((50, 95, 99, 100), above)
    assert summary.quantiles == [nearest_rank(values, percent) for percent in (50, 95, 99, 100)]
    assert (summary.count, summary.total, summary.largest) == (len(values), sum(values), max(values))
    assert summary.above == sum(value > above for value in values)
    assert summary.mean() == pytest.approx(sum(values) / len(values))


def test_nothing_has_no_quantiles() -> None:
    summary = Histogram().summary()
    assert (summary.count, summary.mean(), summary.quantiles, summary.largest) == (0, None, [None, None, None], None)


@given(values=st.lists(st.binary(max_size=3)))
def test_distinct_values_are_counted_exactly_up_to_the_limit(values: list[bytes]) -> None:
    distinct = Distinct(limit=1000)
    distinct.add_many(values)
    assert (distinct.count(), distinct.exact) == (len(set(values)), True)


def test_beyond_the_limit_distinct_values_are_estimated_closely() -> None:
    distinct = Distinct(limit=20000)
    for start in range(0, 400000, 1000):
        distinct.add_many(b"10.%d" % number for number in range(start, start + 1000))
        distinct.add_many(b"10.%d" % number for number in range(start, start + 1000))
    assert not distinct.exact
    assert distinct.count() == pytest.approx(400000, rel=0.05)


@given(days=st.integers(min_value=-100000, max_value=100000))
def test_days_and_dates_are_inverse(days: int) -> None:
    year, month, day = date_of(days)
    assert days_of(year, month, day) == days
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days) == datetime(year, month, day, tzinfo=UTC)


@given(epoch=INSTANTS, name=st.sampled_from(ZONES))
def test_zones_agree_with_the_standard_library(epoch: int, name: str) -> None:
    there = ZoneInfo(name)
    offset = datetime.fromtimestamp(epoch, there).utcoffset()
    assert offset is not None
    assert zone(name).offset(epoch) == offset.total_seconds()
    # As a wall clock reading, which may come twice or never.
    reading = datetime.fromtimestamp(epoch, UTC).replace(tzinfo=there)
    assert zone(name).epoch(epoch) == reading.timestamp()


@given(data=st.binary(max_size=200))
def test_a_zone_file_of_any_bytes_is_a_zone_or_a_named_fault(data: bytes) -> None:
    for content in (data, b"TZif2" + data, Path("/usr/share/zoneinfo/Europe/Berlin").read_bytes()[: len(data)]):
        with contextlib.suppress(CheckError):
            assert abs(parse_zone(content).offset(0)) < 1 << 31


@given(now=INSTANTS, name=st.sampled_from(ZONES), text=st.sampled_from(["today", "day", "week", "month", "0.5", "36"]))
def test_a_window_holds_now_and_todays_window_is_one_date(now: int, name: str, text: str) -> None:
    window = window_of(text, now, name)
    assert window.start < window.end
    assert window.holds(now)
    if text == "today":
        there = ZoneInfo(name)
        date = datetime.fromtimestamp(now, there).date()
        assert datetime.fromtimestamp(window.start, there).date() == date
        assert datetime.fromtimestamp(window.start - 1, there).date() < date
        assert datetime.fromtimestamp(window.end - 1, there).date() == date
        assert datetime.fromtimestamp(window.end, there).date() > date


@settings(deadline=None)
@given(
    moments=st.lists(st.integers(min_value=0, max_value=7200), max_size=40),
    garbage=st.lists(st.sampled_from([b"", b"garbage", b"\x00\xff", b'"' * 30]), max_size=3),
    start=st.integers(min_value=0, max_value=7200),
    length=st.integers(min_value=1, max_value=7200),
    cut=st.integers(min_value=1, max_value=40),
)
def test_block_by_block_or_line_by_line_the_same_requests_are_counted(
    moments: list[int], garbage: list[bytes], start: int, length: int, cut: int
) -> None:
    base = 1795219200
    lines = [_line(base + moment, moment) for moment in sorted(moments)]
    inside = [moment for moment in moments if start <= moment < start + length]
    mixed = lines[:1] + garbage + lines[1:]
    counter = AccessCounter(compile_format(FORMAT), Window(base + start, base + start + length))
    for first in range(0, len(mixed), cut):
        counter.count_block(b"".join(line + b"\n" for line in mixed[first : first + cut]))
    figures = counter.finish()
    assert figures.requests == len(inside)
    assert figures.durations.summary().total == sum(inside)
    assert figures.clients.count() == len({moment % 7 for moment in inside})


def _line(epoch: int, microseconds: int) -> bytes:
    stamp = datetime.fromtimestamp(epoch, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return b'10.0.0.%d - - [%s] "GET / HTTP/1.1" 200 1 "-" "-" %d' % (
        microseconds % 7,
        stamp.encode(),
        microseconds,
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=2000), packed=st.booleans(), number=st.integers(min_value=0, max_value=2))
def test_any_bytes_are_an_answer(data: bytes, packed: bool, number: int) -> None:
    record = (
        _line(1795219100, 5),
        b'{"time": "2026-11-20T23:59:00Z", "level": "ERROR", "status": 500, "ms": 1}',
        b'API: {"ts": 1795219100, "message": "SECURITY_AUDIT: {\\"event\\": 1}"}',
    )[number]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "app.log")
        Path(path).write_bytes(record + b"\n" + data)
        if packed:
            Path(path + ".1.gz").write_bytes(gzip.compress(data)[: len(data)])
        context = Context(now=1795219200.0, deadline=time.monotonic() + 30)
        given_to: dict[Any, dict[str, Any]] = {
            access_log: {"log_format": FORMAT},
            jsonl_log: {
                "prefix": ["API: "],
                "status_key": "status",
                "duration_key": "ms",
                "security": {"message_prefixes": ["SECURITY_AUDIT"], "key_equals": {"level": "WARNING"}},
            },
        }
        for kind, parameters in given_to.items():
            complete = validated("here", kind.PARAMETERS, {"path": path, "window": "900000", **parameters})
            seen = kind.look(complete, context)
            assert seen.coverage is not None
            assert 0 <= seen.coverage <= 1
            assert seen.state in ("ok", "unknown")
            assert isinstance(seen.value, (int, float)) or seen.value is None
