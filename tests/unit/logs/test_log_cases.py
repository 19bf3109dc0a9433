# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log engine makes of formats, names, times and lines, case by case."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine, registry
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.logformat import compile_format
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.names import is_rotated_name
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.timestamps import TimestampReader
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import window_of
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import zone
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("window_of"))
def test_a_window_is_a_stretch_of_the_systems_own_time(arguments: dict[str, Any], expected: list[float]) -> None:
    window = window_of(**arguments)
    assert [window.start, window.end] == expected


@pytest.mark.parametrize("text", ["", "fortnight", "-1", "0", "nan", None])
def test_a_window_that_is_none_names_the_choices(text: Any) -> None:
    with pytest.raises(ProfileError, match="today, yesterday, day, week, month"):
        window_of(text, 0.0, "UTC")


@pytest.mark.parametrize(("arguments", "expected"), load_cases("log_format"))
def test_a_log_format_says_what_stands_where(arguments: dict[str, str], expected: dict[str, Any] | None) -> None:
    log_format = compile_format(arguments["text"])
    line = arguments["line"].encode()
    rows = log_format.line.findall(line + b"\n")
    match = log_format.line.match(line)
    if expected is None:
        assert match is None
        assert rows == []
        return
    assert log_format.units_per_second == expected.pop("units")
    named = {name: value.decode() for name, value in zip(log_format.fields, rows[0], strict=True)}
    assert named == expected
    assert match is not None
    assert {name: match.group(name).decode() for name in expected} == expected


def test_a_format_without_time_or_status_is_refused() -> None:
    with pytest.raises(ProfileError, match="has no %t and no %>s"):
        compile_format("%h %r")


@pytest.mark.parametrize(("arguments", "expected"), load_cases("is_rotated_name"))
def test_rotated_copies_are_known_by_their_names(arguments: dict[str, str], expected: bool) -> None:
    assert is_rotated_name(**arguments) is expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("record_epoch"))
def test_a_records_time_is_read_as_written(arguments: dict[str, Any], expected: float | None) -> None:
    reader = TimestampReader(zone(arguments["timezone"]))
    first, again = reader.epoch(arguments["value"]), reader.epoch(arguments["value"])
    assert first == (None if expected is None else pytest.approx(expected, abs=1e-6))
    assert again == (None if expected is None else pytest.approx(expected, abs=1e-6))


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_access_log"))
def test_an_access_logs_window_adds_up(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    _assert_observed("access_log", arguments, expected, tmp_path / "access.log")


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_jsonl_log"))
def test_a_jsonl_logs_window_adds_up(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    _assert_observed("jsonl_log", arguments, expected, tmp_path / "app.jsonl")


def _assert_observed(kind: str, arguments: dict[str, Any], expected: dict[str, Any], log: Path) -> None:
    log.write_text("".join(line + "\n" for line in arguments["lines"]), encoding="utf-8")
    # Written at the time of the case: a file that was last written before the window is not even opened.
    os.utime(log, (arguments["now"], arguments["now"]))
    parameters = {**arguments["parameters"], "path": str(log)}
    check = engine.parse_check(
        {"name": "log", "kind": kind, "parameters": parameters, **arguments.get("judged_by", {})}, registry.load
    )
    context = Context(now=arguments["now"], deadline=time.monotonic() + 30, timezone=arguments["timezone"])
    result = engine.answer("wiki", check, registry.load(kind), context, "2026-11-21T03:00:00Z")
    assert result.state == expected["state"]
    assert result.reason.id == (expected["reason"] or "within_levels")
    assert result.value == (None if expected["value"] is None else pytest.approx(expected["value"]))
    assert result.coverage == pytest.approx(expected["coverage"])
    for name, value in expected["metrics"].items():
        assert result.metrics[name] == (None if value is None else pytest.approx(value)), name
    assert set(result.metrics) >= set(registry.load(kind).METRICS)
