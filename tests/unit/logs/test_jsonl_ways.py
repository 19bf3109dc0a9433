# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting a block at once and counting its lines one by one are the same."""

from __future__ import annotations

import json
from dataclasses import asdict
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
        "details": st.sampled_from([{"client_ip": "10.0.0.1"}, "x", 1.5e-3]),
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


def figures_of(lines: list[str], together: int) -> dict[str, Any]:
    """Count lines in blocks of so many and return everything that was counted, the order of the evidence aside."""
    counter = JsonlCounter(RULES, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))
    for start in range(0, len(lines), together):
        counter.count_block("".join(line + "\n" for line in lines[start : start + together]).encode())
    figures = counter.finish()
    counted = {name: value for name, value in asdict(figures).items() if name not in ("durations", "unread")}
    return {**counted, "durations": asdict(figures.durations.summary())}


@settings(deadline=None, max_examples=300)
@given(
    records=st.lists(RECORDS, min_size=1, max_size=12),
    plain=st.lists(PLAIN, max_size=4),
    usual=st.lists(st.sampled_from(["INFO", "ERROR"]), min_size=8, max_size=20),
    compact=st.booleans(),
)
def test_a_block_at_once_counts_what_its_lines_count(
    records: list[dict[str, Any]], plain: list[str], usual: list[str], compact: bool
) -> None:
    separators = (",", ":") if compact else (", ", ": ")
    common = [
        {
            "time": f"2026-11-21T00:15:{number:02}Z",
            "level": level,
            "message": "POST /tasks",
            "status": 200,
            "duration": 3,
        }
        for number, level in enumerate(usual)
    ]
    lines = [json.dumps(record, separators=separators, ensure_ascii=False) for record in common]
    odd = [json.dumps(record, separators=separators, ensure_ascii=False) for record in records]
    mixed = [*lines[:3], *odd, *lines, *plain, *odd, *lines]
    one_by_one = figures_of(mixed, 1)
    assert figures_of(mixed, 9) == one_by_one
    assert figures_of(mixed, 1000) == one_by_one


def test_the_usual_lines_of_an_application_are_not_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    line = '{"time": "2026-11-21T00:15:00Z", "level": "INFO", "message": "POST /tasks", "duration": 3}\n'
    counter = JsonlCounter(RULES, Window(MIDNIGHT, MIDNIGHT + 3600), TimestampReader(zone("UTC")))
    counter.count_block(line.encode())
    monkeypatch.setattr(counter, "_count_line", None)
    counter.count_block((line * 50).encode())
    assert counter.finish().records == 51
