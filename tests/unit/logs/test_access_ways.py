# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting blocks of an access log at once, and reading its lines one by one, are the same for lines of any kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.logs.access import (
    AccessCounter,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.instants import Instants
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.logformat import NAMED, compile_format
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.statuses import Statuses
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import Window
from tests.unit.logs.line_by_line import SLOW, assert_same, epoch_of, expected_of, written

MIDNIGHT = 1795219200
FORMATS = (
    NAMED["common"],
    NAMED["combined"],
    NAMED["vhost_combined"] + " %D",
    '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D',
    '%{ms}T "%>s" %a [%{X-Forwarded-For}i] "%r" %t',
    "%t %s %T %h",
    '%D %t "%{Host}i" "%r" "%h" %>s',
)
#: What a field may be, besides the usual: also what no server would write, and what looks like another field.
CLIENTS = (b"10.0.0.1", b"10.0.0.2", b"2001:db8::1", b"-", b"a\xff", b"x\ty")
USERS = (b"-", b"operator", b"two words", b"7", b"[x", b'"q"')
REQUESTS = (
    b"GET / HTTP/1.1",
    b"GET /tasks/17?a=b HTTP/1.1",
    b"GET /a.b.c HTTP/1.0",
    b"GET /../../etc/passwd HTTP/1.1",
    b"GET /x%2e%2e%2fy HTTP/1.1",
    b"GET /x?etc/shadow HTTP/1.1",
    b"GET //etc/shadow HTTP/1.1",
    b"GET /?q=1+union+select HTTP/1.1",
    b"GET /?q=<script> HTTP/1.1",
    b"GET /sleep(5) HTTP/1.1",
    b"",
    b"-",
    b'\\"x\\"',
    b'a "quote',
    b"\\x16\\x03",
    b"\xe3\x81\x82 \xff",
    b'" 200 1 "',
    b"[21/Nov/2026:00:00:01 +0000] 200 ",
)
USUAL_STATUSES = (b"200",) * 8 + (b"404", b"401", b"429", b"500", b"503", b"304")
STATUSES = (*USUAL_STATUSES * 3, b"-", b"20", b"2000", b"2 0", b" 20", b"")
DURATIONS = (b"0", b"7", b"00012", b"999", b"1000", b"1001", b"123456789012345", b"1234567890123456", b"-1", b"")
TIMES = st.one_of(
    st.integers(min_value=-4000, max_value=8000),
    st.integers(min_value=100, max_value=700),
    st.integers(min_value=100, max_value=700),
    st.sampled_from(
        [
            b"21/Nov/2026:00:00:61 +0000",
            b"21/Nov/2026:00:60:00 +0000",
            b"21/Nov/2026:24:00:00 +0000",
            b"31/Nov/2026:00:0:00: +0000",
            b"21/Nov/2026:00:00:0x +0000",
            b"21/Nov/2026:00:00:01 *0000",
            b"21/Nov/2026:00:00:01 +00x0",
            b"21/Nov/2026:00:00x01 +0000",
            b"21/Nov/2026:00:00:01x+0000",
            b"21/nov/2026:00:00:01 +0000",
            b"21/Nov/2026:00:0]:01 +0000",
            b"20/Nov/2026:20:00:05 -0400",
            b"21/Nov/2026:09:00:05 +0900",
        ]
    ),
)
FIELDS = ("time", "client", "user", "request", "status", "duration", "other", "end")


def lines_of(odd: int) -> st.SearchStrategy[dict[str, object]]:
    """Return lines; so many in a hundred of their fields are odd."""

    def mixed(usual: Sequence[object], odder: Sequence[object]) -> st.SearchStrategy[object]:
        return st.integers(0, 99).flatmap(lambda chance: st.sampled_from(odder if chance < odd else usual))

    return st.fixed_dictionaries(
        {
            "time": TIMES if odd else st.integers(min_value=100, max_value=700),
            "client": mixed(CLIENTS[:2], CLIENTS),
            "user": mixed(USERS[:2], USERS),
            "request": mixed(REQUESTS[:10], REQUESTS),
            "status": mixed(USUAL_STATUSES, STATUSES),
            "duration": st.integers(0, 3000).map(lambda number: b"%d" % number)
            if odd < 20
            else mixed(DURATIONS[:7], DURATIONS),
            "other": mixed([b"-"], [b"x", b"a b", b'c" "d', b"e\\", b"\r", b"[", b""]),
            "end": mixed([b"\n"], [b"\r\n", b" \n", b"", b"\x00\n"]),
        }
    )


#: Lines of all kinds: usual ones, odd ones, one of a few by its number, one torn at a place, and no line at all.
TORN = st.tuples(st.integers(0, 3), st.integers(1, 200))
BYTES = st.one_of(st.binary(max_size=60), st.sampled_from([b"\n", b'"\n', b"garbage\n", b'a "b" c\n', b"\xff\xfe\n"]))
MIXTURES = st.one_of(
    st.lists(st.one_of(lines_of(0), st.integers(0, 3)), max_size=30),
    st.lists(st.one_of(lines_of(0), st.integers(0, 3), TORN), max_size=30),
    st.lists(st.one_of(lines_of(2), st.integers(0, 3)), max_size=30),
    st.lists(st.one_of(lines_of(5), st.integers(0, 3), TORN, BYTES), max_size=30),
    st.lists(st.one_of(lines_of(50), TORN, BYTES), max_size=30),
)


def of_any_kind(text: str, few: list[dict[str, object]], line: object) -> bytes:
    """Write what a mixture has for a line."""
    if isinstance(line, bytes):
        return line
    if isinstance(line, dict):
        return written(text, line)
    number, place = line if isinstance(line, tuple) else (line, 0)
    whole = written(text, few[number % len(few)])
    return whole[:place] + b"\n" + whole[place:] if place else whole


@settings(deadline=None, max_examples=400)
@given(
    text=st.sampled_from(FORMATS),
    few=st.lists(lines_of(3), min_size=1, max_size=4),
    lines=MIXTURES,
    start=st.sampled_from([0, 300, 3600]),
    length=st.sampled_from([1, 60, 3600, 100000]),
    cut=st.integers(min_value=1, max_value=40),
)
def test_blocks_and_lines_of_any_kind_are_counted_alike(
    text: str, few: list[dict[str, object]], lines: list[object], start: int, length: int, cut: int
) -> None:
    data = b"".join(of_any_kind(text, few, line) for line in lines) + b"\n"
    window = Window(MIDNIGHT + start, MIDNIGHT + start + length)
    counter = AccessCounter(compile_format(text), window, SLOW)
    whole = data.split(b"\n")[:-1]
    for first in range(0, len(whole), cut):
        counter.count_block(b"".join(line + b"\n" for line in whole[first : first + cut]))
    assert_same(counter.finish(), expected_of(text, window, data))


@pytest.mark.parametrize("text", FORMATS)
@pytest.mark.parametrize(
    "odd",
    [
        {"request": b'\\"x\\"'},
        {"request": b"GET /a\nb HTTP/1.1"},
        {"other": b'a" "b'},
        {"other": b'a\n" "b'},
        {"other": b"a\\"},
        {"user": b"two words"},
        {"user": b"two\nlines"},
        {"client": b"two\nlines"},
        {"status": b"2 0"},
        {"status": b"abc"},
        {"status": b"a\nb"},
        {"time": b"21/Nov/2026:00:00x01 +0000"},
        {"time": b"21/Nov/2026:00:00:01x+0000"},
        {"time": b"21/Nov/2026:00:00:01 *0000"},
        {"time": b"21/Nov/2026:00:00:61 +0000"},
        {"time": b"21/Nov/2026:00:00:01\n+0000"},
        {"duration": b"1234567890123456"},
        {"duration": b"1\n2"},
        {"end": b"\r\n"},
        {"end": b"\r\r\n"},
    ],
)
def test_one_odd_line_among_many(text: str, odd: dict[str, object]) -> None:
    usual: dict[str, object] = {
        "client": b"10.0.0.1",
        "user": b"-",
        "request": REQUESTS[1],
        "status": b"200",
        "other": b"-",
    }
    usual.update(time=100, duration=b"7", end=b"\n")
    data = written(text, usual) * 3 + written(text, {**usual, **odd}) + written(text, usual) * 3
    window = Window(MIDNIGHT, MIDNIGHT + 86400)
    counter = AccessCounter(compile_format(text), window, SLOW)
    counter.count_block(written(text, usual))
    counter.count_block(data)
    assert_same(counter.finish(), expected_of(text, window, written(text, usual) + data))


@settings(deadline=None)
@given(
    text=st.sampled_from(FORMATS),
    seconds=st.lists(st.integers(min_value=0, max_value=9000), min_size=1, max_size=60),
    statuses=st.lists(st.sampled_from(USUAL_STATUSES), min_size=60, max_size=60),
    cut=st.integers(min_value=1, max_value=70),
)
def test_lines_of_a_well_behaved_server_are_counted_at_once(
    text: str, seconds: list[int], statuses: list[bytes], cut: int
) -> None:
    usual = {"client": b"10.0.0.1", "user": b"-", "request": REQUESTS[1], "other": b"-", "end": b"\n"}
    lines = [
        written(text, {**usual, "time": second, "status": status, "duration": b"%d" % second})
        for second, status in zip(sorted(seconds), statuses, strict=False)
    ]
    window = Window(MIDNIGHT - 9000, MIDNIGHT + 9001)
    # There is no other way to be taken.
    counter = AccessCounter(replace(compile_format(text), whole=re.compile(b"nothing")), window, SLOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AccessCounter, "_count_lines", None)
        for first in range(0, len(lines), cut):
            counter.count_block(b"".join(lines[first : first + cut]))
    assert_same(counter.finish(), expected_of(text, window, b"".join(lines)))


@given(
    times=st.lists(
        TIMES.map(lambda time: written("%t", {**dict.fromkeys(FIELDS, b""), "time": time})[1:27]), min_size=1
    ),
    start=st.sampled_from([0, 300, 3600]),
    length=st.sampled_from([1, 60, 3600, 100000]),
)
def test_a_set_of_times_has_the_place_of_each_of_them(times: list[bytes], start: int, length: int) -> None:
    window = Window(MIDNIGHT + start, MIDNIGHT + start + length)
    instants = Instants(window)
    place = instants.place(set(times))
    epochs = [epoch_of(time) for time in times]
    known = [epoch for epoch in epochs if epoch is not None]
    places = {window.holds(epoch) for epoch in known}
    if place is not None:
        assert len(known) == len(epochs)
        assert places == {place}
    elif len(known) == len(epochs):
        assert min(known) < window.end
        assert max(known) >= window.start
    if place:
        hours = {epoch // 3600 for epoch in known}
        assert instants.hour == (hours.pop() if len(hours) == 1 else None)


@given(columns=st.lists(st.lists(st.sampled_from([b"200", b"404", b"401", b"500"]), min_size=1), min_size=1))
def test_plain_statuses_are_counted_as_one_text(columns: list[list[bytes]]) -> None:
    statuses = Statuses(plain=True)
    for column in columns:
        assert statuses.count(column) == Counter(column)
        assert list(statuses.told()) == [pair for pair in enumerate(column) if pair[1] in (b"401", b"500")]


@given(column=st.lists(st.text(alphabet="20 x", min_size=3, max_size=3).map(str.encode), min_size=1))
def test_three_characters_that_are_no_status_are_found(column: list[bytes]) -> None:
    found = Statuses(plain=True).count(column)
    assert found == (Counter(column) if all(status.isdigit() for status in column) else None)


@given(column=st.lists(st.sampled_from(STATUSES), min_size=1))
def test_quoted_statuses_may_be_any_text(column: list[bytes]) -> None:
    statuses = Statuses(plain=False)
    assert statuses.count(column) == Counter(column)
    told = (b"401", b"429", b"500", b"503")
    assert list(statuses.told()) == [pair for pair in enumerate(column) if pair[1] in told]
