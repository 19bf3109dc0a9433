# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The very shape of most lines: what looks like it and is not, and neighbours that are one column."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.logs.jsonl import JsonlCounter
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.timestamps import TimestampReader
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import Window
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import zone
from tests.unit.logs.test_jsonl_ways import MIDNIGHT, RULES, figures_of


def usual_line(**more: Any) -> dict[str, Any]:
    """Return a record as most of an application's are."""
    record = {
        "time": "2026-11-21T00:15:01.5Z",
        "level": "INFO",
        "logger": "app",
        "message": "POST /tasks",
        "status": "success",
        "duration": 1.25,
        "memory": 180.5,
        "details": {"client_ip": "10.0.0.1", "request": "abc"},
    }
    return {**record, **more}


def compact(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


USUAL = compact(usual_line())
#: Another kind of record, whose keys are in an order that no record has together with those of the others.
EVENT = compact(
    {
        "time": "2026-11-21T00:15:01.5Z",
        "status": "success",
        "level": "INFO",
        "logger": "security",
        "details": {"client_ip": "10.0.0.9"},
    }
)
ODD_LINES = st.sampled_from(
    [
        "xx" + USUAL,
        EVENT,
        EVENT,
        EVENT.replace("INFO", "ERROR"),
        EVENT.replace('"INFO"', "7.50"),
        EVENT + USUAL,
        " " + USUAL,
        USUAL + " ",
        USUAL + USUAL,
        USUAL + "\r",
        USUAL[:-20],
        USUAL[:-4] + '\n"}}',
        '"}}',
        "}}",
        "{}",
        USUAL.replace("{", "{{", 1),
        USUAL.replace("1.25", "007.5"),
        USUAL.replace("1.25", "1."),
        USUAL.replace("180.5", "00.5"),
        USUAL.replace("180.5", "1.5.5"),
        USUAL.replace("POST", "PO\tST\x00"),
        USUAL.replace(",", ", "),
        USUAL.replace("success", "suc\\u0063ess"),
        USUAL.replace('"logger"', '"level"'),
        USUAL.replace('"logger":"app",', ""),
        compact(usual_line(details={"client_ip": "10.0.0.1", "request": "abc", "level": "ERROR"})),
        compact({"status": "error", **usual_line()}),
        compact({**usual_line(), "error_message": "late"}),
    ]
)
USUAL_RECORDS = st.builds(
    usual_line,
    time=st.sampled_from(
        [
            "2026-11-20T23:59:59.9Z",
            "2026-11-21T00:00:00.0Z",
            "2026-11-21T00:14:59.0Z",
            "2026-11-21T00:15:07.123Z",
            "2026-11-21T00:15:07",
            "2026-11-21T01:15:07+01:00",
        ]
    ),
    level=st.sampled_from(["INFO", "INFO", "INFO", "ERROR", "debug", 30]),
    logger=st.sampled_from(["app", "app", "app", "security"]),
    message=st.sampled_from(["POST /tasks", "GET /tasks/7", "GET /tasks/8", "日本語", ""]),
    status=st.sampled_from(["success", "success", "success", "error", 500, None]),
    duration=st.one_of(
        st.integers(min_value=0, max_value=99999).map(lambda value: value / 100),
        st.sampled_from([0, 0.0, 0.125, 0.1235, 12, -1.5, 1e16, 1e11 + 0.5, 99999999999.5, 1.5e-7]),
    ),
    memory=st.sampled_from([180.5, 180.25, 181, -1.0, None]),
    details=st.builds(
        lambda client, request: {"client_ip": client, "request": request},
        st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3", 7, None]),
        st.text(alphabet="abc123", max_size=6),
    ),
)


@settings(deadline=None, max_examples=200)
@given(
    learnt=st.lists(USUAL_RECORDS, max_size=2),
    records=st.lists(st.one_of(USUAL_RECORDS.map(compact), ODD_LINES), max_size=40),
    gauge=st.sampled_from([None, "memory"]),
    unit=st.sampled_from(["ms", "s", "us"]),
    security=st.booleans(),
    several=st.booleans(),
)
def test_whatever_is_usual_and_whatever_comes_between_counts_the_same(
    learnt: list[dict[str, Any]], records: list[str], gauge: str | None, unit: str, security: bool, several: bool
) -> None:
    rules = replace(
        RULES,
        prefixes=(),
        security_prefixes=(),
        security_keys={"logger": "security", "status": ["error", "success"]} if security else {},
        source_keys=("details.client_ip",),
        event_keys=("status",),
        client_keys=("details.client_ip",),
        gauge_key=gauge,
        duration_unit=unit,
        over_ms=5.0,
    )
    base = [USUAL, *([EVENT] if several else []), *(compact(record) for record in learnt)]
    lines = [*base * 12, *records[:20], *base * 3, *records[20:], *base]
    one_by_one = figures_of(lines, 1, rules)
    for together in (9, 36, 1000):
        assert figures_of(lines, together, rules) == one_by_one


def test_neighbours_that_hardly_differ_are_one_column_until_they_differ() -> None:
    rules = replace(RULES, gauge_key="memory", client_keys=("details.client_ip",))
    counter = JsonlCounter(rules, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))

    def count(first: int, message: str) -> None:
        lines = [
            compact(usual_line(duration=number / 4, message=message.format(number), level=level))
            for number, level in zip(range(first, first + 100), ["INFO", "INFO", "ERROR", "INFO"] * 25, strict=True)
        ]
        counter.count_block("".join(line + "\n" for line in lines).encode())

    def cells() -> list[tuple[list[str], int | None]]:
        return [(list(cell.keys), cell.decimals) for cell in counter._shape.usual[0].layout.cells]

    for block in range(3):
        count(block * 100, "POST /tasks")
    rest = [(["duration"], 3), (["memory"], None), (["details.client_ip"], None)]
    assert cells() == [(["level", "logger", "message", "status"], None), *rest]
    for block in range(3, 20):
        count(block * 100, "POST /tasks/{}")
    assert cells() == [*[([key], None) for key in ("level", "logger", "message", "status")], *rest]
    figures = counter.finish()
    assert (figures.records, figures.errors, figures.levels) == (2000, 500, {"INFO": 1500, "ERROR": 500})
    assert figures.messages == {"ERROR POST /tasks": 75, "ERROR POST /tasks/#": 425}
    assert figures.counts["posts"] == 300
    assert figures.durations.summary((100,)).quantiles == [1999 * 250]


def test_several_shapes_are_usual_when_none_is_that_of_most(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = replace(RULES, gauge_key="memory", prefixes=(), security_prefixes=())
    counter = JsonlCounter(rules, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))
    third = compact({"time": "2026-11-21T00:15:01.5Z", "message": "", "level": "ERROR", "logger": "app"})
    block = "".join(line + "\n" for line in [USUAL, EVENT, third] * 30).encode()
    counter.count_block(block)
    monkeypatch.setattr(counter, "_rows", None)
    monkeypatch.setattr(counter, "_read", None)
    counter.count_block(block)
    figures = counter.finish()
    assert (figures.records, figures.calls, figures.security_events) == (180, 120, 60)
    assert figures.levels == {"INFO": 120, "ERROR": 60}
    assert (figures.durations.summary().total, counter.details.clients.count()) == (60 * 1250, 3)


def test_long_texts_are_read_and_not_remembered() -> None:
    rules = replace(RULES, gauge_key=None, source_keys=("details.client_ip",))
    counter = JsonlCounter(rules, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))
    for number in range(3):
        long = f"{number}" * 5000
        lines = [USUAL] * 20 + [
            compact(usual_line(level="ERROR", logger="security", message=long, details={"client_ip": long}))
        ] * 5
        counter.count_block("".join(line + "\n" for line in lines).encode())
    figures = counter.finish()
    assert (figures.errors, figures.security_events, counter.details.clients.count()) == (15, 15, 4)
    columns = counter._columns
    rows = [row for memory in columns._read.values() for row in memory]
    texts = [text for row in (*rows, *columns._known_clients) for text in ((row,) if isinstance(row, bytes) else row)]
    assert texts
    assert max(map(len, texts)) <= 1000
