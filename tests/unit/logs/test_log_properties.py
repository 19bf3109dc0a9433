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
from collections import Counter
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
from ansible_collections.aiops.runbooks.plugins.module_utils.logs import percentiles
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.access import AccessCounter
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.logformat import NAMED, compile_format
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.percentiles import Distinct, Histogram
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.security import Bursts, kind_of, suspicious
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.slowest import Slowest
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import Window, window_of
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import date_of, days_of, parse_zone, zone
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.procedures import period_for

ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC")
INSTANTS = st.integers(min_value=0, max_value=4102444800)
FORMAT = NAMED["combined"] + " %D"


def nearest_rank(values: list[int], percent: int) -> int:
    """Return the smallest value that at least so many percent of all values do not exceed."""
    return sorted(values)[math.ceil(percent * len(values) / 100) - 1]


@settings(deadline=None)
@given(
    values=st.one_of(
        st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=300),
        st.lists(st.integers(min_value=0, max_value=50), min_size=1, max_size=300),
        st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=300).map(sorted),
    ),
    in_run=st.sampled_from([1, 7, 50, 1000]),
    in_memory=st.sampled_from([1, 20, 1000]),
    above=st.integers(min_value=0, max_value=10**12),
    sorted_at_last=st.sampled_from([1, 4, 4096]),
)
def test_quantiles_are_those_of_a_sort_in_memory_or_spilled(
    values: list[int], in_run: int, in_memory: int, above: int, sorted_at_last: int
) -> None:
    histogram = Histogram(in_run, in_memory)
    for start in range(0, len(values), 7):
        part = values[start : start + 7]
        if start % 3:
            histogram.add_many(part if start % 2 else [b"%d" % value for value in part])
        else:
            histogram.add_decimals([float(f"{value}e-3") for value in part], 1000.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(percentiles, "VALUES_SORTED_AT_LAST", sorted_at_last)
        summary = histogram.summary((50, 95, 99, 100), above)
    assert summary.quantiles == [nearest_rank(values, percent) for percent in (50, 95, 99, 100)]
    assert (summary.count, summary.total, summary.largest) == (len(values), sum(values), max(values))
    assert summary.above == sum(value > above for value in values)
    assert summary.mean() == pytest.approx(sum(values) / len(values))


@given(
    values=st.lists(st.integers(min_value=0, max_value=10**14), min_size=1, max_size=60),
    whole=st.lists(st.integers(min_value=0, max_value=10**14), max_size=60),
    factor=st.sampled_from([1, 1000, 1000000]),
)
def test_decimal_fractions_count_as_the_whole_numbers_they_stand_for(
    values: list[int], whole: list[int], factor: int
) -> None:
    first, second = Histogram(7, 50), Histogram(9, 1000)
    first.add_many(whole)
    second.add_many(whole)
    second.add_decimals([value / factor for value in values], float(factor))
    first.merge(second)
    everything = whole + whole + values
    summary = first.summary((1, 50, 99, 100), values[0])
    assert summary.quantiles == [nearest_rank(everything, percent) for percent in (1, 50, 99, 100)]
    assert (summary.count, summary.total, summary.largest) == (len(everything), sum(everything), max(everything))
    assert summary.above == sum(value > values[0] for value in everything)


@pytest.mark.parametrize("limit", [math.inf, math.nan])
def test_nothing_lies_above_a_limit_that_is_none(limit: float) -> None:
    histogram = Histogram()
    histogram.add_many((1, 2))
    assert histogram.summary(above=limit).above == 0


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


@given(
    now=INSTANTS,
    name=st.sampled_from(ZONES),
    text=st.sampled_from(["today", "day", "week", "month", "calendar_month", "0.5", "36"]),
)
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


@given(now=INSTANTS, name=st.sampled_from(ZONES))
def test_calendar_months_follow_each_other_and_a_report_is_about_one_of_them(now: int, name: str) -> None:
    there = ZoneInfo(name)
    this, before = window_of("calendar_month", now, name), window_of("previous_month", now, name)
    assert before.end == this.start
    local = datetime.fromtimestamp(now, there)
    last = datetime.fromtimestamp(this.end - 1, there)
    assert (last.year, last.month) == (local.year, local.month)
    assert datetime.fromtimestamp(this.end, there).day == 1
    assert datetime.fromtimestamp(before.end - 1, there).month == (local.month - 2) % 12 + 1
    made = datetime.fromtimestamp(now, UTC).isoformat()
    asked = window_of("report_month", now, name)
    assert asked == (this if local.day > 7 else before)
    period = period_for("monthly", made, name)
    assert asked.start == datetime.fromisoformat(period.started).timestamp()


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
        context = Context(now=1795219200.0, deadline=time.monotonic() + 60)
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


@given(request=st.text(alphabet="./\\%2eEfF5cC<>scriptunoelawdrp'+;$({jndi:*| ", max_size=60))
def test_nothing_that_looks_like_an_attack_is_without_a_mark(request: str) -> None:
    line = request.encode()
    assert suspicious([line]).get(line) == kind_of(line)


@settings(deadline=None)
@given(
    durations=st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=200),
    keep=st.integers(min_value=1, max_value=20),
    block=st.integers(min_value=1, max_value=50),
)
def test_the_slowest_are_those_of_a_sort(durations: list[int], keep: int, block: int) -> None:
    slowest = Slowest(keep)
    named = list(zip(durations, range(len(durations)), strict=True))
    for start in range(0, len(named), block):
        slowest.add_many(named[start : start + block])
    assert [duration for duration, _name in slowest.ranked(lambda name: name)] == sorted(durations, reverse=True)[:keep]


@given(
    moments=st.lists(st.integers(min_value=0, max_value=40), max_size=60),
    clients=st.lists(st.sampled_from([b"a", b"b"]), min_size=60, max_size=60),
)
def test_a_burst_is_enough_refusals_of_one_client_within_five_minutes(moments: list[int], clients: list[bytes]) -> None:
    bursts = Bursts()
    refused = list(zip(clients, moments, strict=False))
    bursts.add(Counter(refused))
    most = {
        client: max(sum(one == client and start <= at < start + 5 for one, at in refused) for start in range(41))
        for client in (b"a", b"b")
    }
    assert bursts.sources() == Counter({client: count for client, count in most.items() if count >= 10})
