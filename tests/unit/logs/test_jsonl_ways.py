# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting a block at once and counting its lines one by one are the same."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.logs.jsonl import JsonlCounter
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.jsonl_rules import Rules
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.timestamps import TimestampReader
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import Window
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import zone

MIDNIGHT = 1795219200
RULES = Rules(
    timestamp_keys=("time", "ts"),
    duration_key="duration",
    status_key="status",
    error_values=("error", ">= 500"),
    prefixes=("API: ",),
    security_keys={"logger": "security"},
    security_prefixes=("SECURITY_AUDIT",),
    over_ms=11.9,
    operation_key="message",
    client_keys=("details.client_ip", "logger"),
    clusters={"tasks": re.compile("tasks")},
    gauge_key="status",
    counts={"posts": {"message": "POST /tasks", "status": [200, "success"]}, "nothing": {"absent": 1}},
)
TEXTS = st.sampled_from(
    [
        "POST /tasks",
        "GET /tasks/7",
        "",
        'quoted "text"',
        "back\\slash",
        "SECURITY_AUDIT x",
        "日本語",
        "tab\there",
        "{a}",
    ]
)
STATUSES = st.sampled_from([200, 404, 500, 5e2, "success", "error", "", None, True, [500], -1, "500"])
DURATIONS = st.sampled_from([0, 0.5, 12, 1e3, -3, None, "7", True, 1e300, {"a": 1}, 123456.789])
LEVELS = st.sampled_from(["INFO", "error", "CRITICAL", 40, None, ["ERROR"]])
TIMES = st.sampled_from(
    ["2026-11-20T23:59:59.9Z", "2026-11-21T00:00:00Z", "2026-11-21T00:30:00+00:00", "2026-11-21T00:59:59,999", "never"]
)
RECORDS = st.fixed_dictionaries(
    {"time": TIMES},
    optional={
        "level": LEVELS,
        "logger": st.sampled_from(["app", "security", 3]),
        "message": TEXTS,
        "status": STATUSES,
        "duration": DURATIONS,
        "ts": TIMES,
        "details": st.sampled_from(
            [
                {"client_ip": "10.0.0.1"},
                {"client_ip": 7, "more": None},
                {},
                {"client_ip": {"a": 1}},
                {"x": [1]},
                "x",
                1.5e-3,
            ]
        ),
    },
)
PLAIN = st.sampled_from(
    [
        "plain text",
        "",
        '{"time": "2026-11-21T00:10:00Z", "level": "ERROR", "level": "INFO"}',
        '{"time": "2026-11-21T00:10:00Z", "duration": 007}',
        '{"time": "2026-11-21T00:10:00Z", "duration": NaN}',
        '{"time": "2026-11-21T00:10:00Z", "duration": 1e999}',
        '{"time": "2026-11-21T00:10:00Z", "level": "ERROR"',
        '{"time": "2026-11-21T00:10:00Z","level":"ERROR","message":"compact"}',
        '{"level": "ERROR", "time": "2026-11-21T00:10:00Z"}',
        '{"time": "2026-11-21T00:10:00Z"}\r',
        'API: {"time": "2026-11-21T00:10:00Z", "status": "error"}',
        "[1, 2]",
        "\x00{}",
    ]
)


def figures_of(lines: list[str], together: int, rules: Rules = RULES) -> dict[str, Any]:
    """Count lines in blocks of so many and return everything that was counted, the order of the evidence aside."""
    counter = JsonlCounter(rules, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))
    for start in range(0, len(lines), together):
        counter.count_block("".join(line + "\n" for line in lines[start : start + together]).encode())
    figures = counter.finish()
    counted = {name: value for name, value in asdict(figures).items() if name not in ("durations", "unread")}
    details = counter.details
    first, last = details.gauge.first, details.gauge.last
    return {
        **counted,
        "durations": asdict(figures.durations.summary()),
        "unread": figures.unread.count,
        "clients": details.clients.count(),
        "slow": details.slow,
        # Which of equally long ones are the last to be kept does not matter.
        "slowest": sorted(one for one in details.slowest.ranked(str) if one[0] > details.slowest.least),
        "clusters": details.clusters,
        # Within its minute the order of records does not matter.
        "gauge": (first and first[0], last and last[0], details.gauge.maximum),
    }


@settings(deadline=None, max_examples=300)
@given(
    records=st.lists(RECORDS, min_size=1, max_size=12),
    plain=st.lists(PLAIN, max_size=4),
    usual=st.lists(st.sampled_from(["INFO", "ERROR"]), min_size=8, max_size=20),
    compact=st.booleans(),
    nested=st.booleans(),
    gauge=st.booleans(),
)
def test_a_block_at_once_counts_what_its_lines_count(
    records: list[dict[str, Any]], plain: list[str], usual: list[str], compact: bool, nested: bool, gauge: bool
) -> None:
    separators = (",", ":") if compact else (", ", ": ")
    common = [
        {
            "time": f"2026-11-21T00:15:{number:02}Z",
            "level": level,
            "message": "POST /tasks",
            "status": 200,
            "duration": 3,
            **({"details": {"client_ip": f"10.0.0.{number}", "event": "x"}} if nested else {}),
        }
        for number, level in enumerate(usual)
    ]
    lines = [json.dumps(record, separators=separators, ensure_ascii=False) for record in common]
    odd = [json.dumps(record, separators=separators, ensure_ascii=False) for record in records]
    mixed = [*lines[:3], *odd, *lines, *plain, *odd, *lines]
    # Without a figure that the records carry, values that hardly differ are usual, too.
    rules = RULES if gauge else replace(RULES, gauge_key=None)
    one_by_one = figures_of(mixed, 1, rules)
    assert figures_of(mixed, 9, rules) == one_by_one
    assert figures_of(mixed, 1000, rules) == one_by_one
    assert figures_of([*lines * 30, *mixed, *odd * 20], 20, rules) == figures_of(
        [*lines * 30, *mixed, *odd * 20], 1, rules
    )


def test_the_usual_lines_of_an_application_are_not_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    line = '{"time": "2026-11-21T00:15:00Z", "level": "INFO", "message": "POST /tasks", "duration": 3}\n'
    counter = JsonlCounter(RULES, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))
    counter.count_block(line.encode())
    monkeypatch.setattr(counter, "_read", None)
    counter.count_block((line * 50).encode())
    assert counter.finish().records == 51


def test_what_is_no_longer_usual_is_no_longer_looked_for() -> None:
    usual = '{"time":"2026-11-21T00:15:00Z","level":"INFO","message":"POST /tasks","duration":3}\n'
    changed = '{"time":"2026-11-21T00:15:00Z","level":"WARNING","message":"GET /","duration":0.5}\n'
    rules = replace(RULES, gauge_key=None)
    counter = JsonlCounter(rules, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))
    counter.count_block(usual.encode())
    for _block in range(3):
        counter.count_block((usual * 50).encode())
    for _block in range(20):
        counter.count_block((usual + changed * 50).encode())
    figures = counter.finish()
    assert figures.levels == {"INFO": 171, "WARNING": 1000}
    assert figures.durations.summary().count == 1171
    assert counter._shape.usual == []


def test_nor_are_those_that_hold_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    line = '{"time":"2026-11-21T00:15:00Z","message":"POST /tasks","duration":3,"details":{"client_ip":"10.0.0.1"}}\n'
    counter = JsonlCounter(RULES, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))
    counter.count_block(line.encode())
    monkeypatch.setattr(counter, "_read", None)
    counter.count_block((line * 50).encode())
    assert (counter.finish().records, counter.details.clients.count()) == (51, 1)
