# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: entries counted by the hour, read on from a cursor, and what a look makes of what journalctl does."""

from __future__ import annotations

import itertools
import json
import os
import re
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine, journal, registry
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.journal import (
    JournalFigures,
    Position,
    count_lines,
    read_position,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from tests.unit.cases import load_cases
from tests.unit.patience import quickly

NOW = 1795230000
CLUSTERS = {"database_lock": re.compile("database is locked"), "timeout": re.compile("timeout")}
ERROR = re.compile(journal.PARAMETERS["error_pattern"]["default"])


def entry(number: int, age_seconds: float, priority: int = 3, message: Any = "failed") -> bytes:
    """Return one entry as journalctl prints it."""
    stamp = str(int((NOW - age_seconds) * 1e6))
    data = {"__CURSOR": f"s=1;i={number}", "__REALTIME_TIMESTAMP": stamp, "PRIORITY": str(priority), "MESSAGE": message}
    return json.dumps(data).encode()


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_journal"))
def test_a_stretch_of_the_journal(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    figures = JournalFigures(Position())
    count_lines([line.encode() for line in arguments["lines"]], figures, NOW - 86400, CLUSTERS, ERROR)
    levels, floor = arguments.get("levels", {}), arguments.get("coverage_floor")
    check = engine.Check(name="journal", kind="journal", coverage_floor=floor, **levels)

    class Kind:
        METRICS = journal.METRICS

        @staticmethod
        def look(_parameters: Any, _context: Any) -> Any:
            return journal.observe(figures, list(CLUSTERS), "asked", "new")

    context = Context(now=NOW, deadline=time.monotonic() + 60)
    result = engine.answer("wiki", check, Kind, context, "2026-11-21T00:00:00Z").to_dict()
    seen = {key: result[key] for key in expected if key in ("state", "value", "coverage")}
    seen["reason"] = result["reason"]["id"]
    seen["metrics"] = {name: result["metrics"].get(name) for name in expected.get("metrics", {})}
    assert seen == {"reason": "within_levels", "metrics": {}, **{k: v for k, v in expected.items() if k in seen}}
    assert any(expected.get("evidence_contains", "") in line for line in [*result["evidence"], ""])


@given(
    ages=st.lists(st.integers(min_value=0, max_value=100000), max_size=30),
    parts=st.lists(st.integers(min_value=0, max_value=30), max_size=3),
    priorities=st.lists(st.integers(min_value=0, max_value=7), min_size=30, max_size=30),
)
def test_reading_on_counts_what_reading_all_counts(ages: list[int], parts: list[int], priorities: list[int]) -> None:
    lines = [entry(at, age, priorities[at]) for at, age in enumerate(sorted(ages, reverse=True))]
    start = (NOW // 3600 - 24) * 3600
    whole = JournalFigures(Position())
    count_lines(lines, whole, start, CLUSTERS, ERROR)
    position: Position | None = Position()
    edges = [0, *sorted(min(part, len(lines)) for part in parts), len(lines)]
    for first, last in itertools.pairwise(edges):
        assert position is not None
        position.forget_before(start)
        figures = JournalFigures(position)
        count_lines(lines[first:last], figures, start, CLUSTERS, ERROR)
        position = read_position(figures.position.to_text("asked"), "asked")
    assert position == whole.position
    assert read_position(whole.position.to_text("asked"), "another question") is None


@given(data=st.binary(max_size=400), text=st.text(max_size=200))
def test_any_bytes_are_counted_and_any_text_is_a_position_or_none(data: bytes, text: str) -> None:
    figures = JournalFigures(Position())
    for lines in (data.split(b"\n"), [b"{" + data], [entry(1, 0, 3, text) + data]):
        count_lines(lines, figures, 0, CLUSTERS, ERROR)
    for given_text in (text, '{"asked":"a","cursor":"c","hours":' + text + "}", '{"asked":"a","hours":{}}'):
        position = read_position(given_text, "a")
        assert position is None or position.total("errors") >= 0


@pytest.fixture
def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a script that is found as journalctl."""
    script = tmp_path / "bin" / "journalctl"
    script.parent.mkdir()
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    return script


def _look(script: Path, text: str, timeout_seconds: float = 60, **parameters: Any) -> dict[str, Any]:
    script.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    script.chmod(stat.S_IRWXU)
    check = {"name": "j", "kind": "journal", "timeout_seconds": timeout_seconds}
    parsed = engine.parse_check({**check, "parameters": {"units": ["wiki.service"], **parameters}}, registry.load)
    return engine.look("wiki", [parsed], registry.load, now=NOW)[0]


def test_a_look_reads_on_and_begins_anew_where_the_cursor_is_gone(journalctl: Path, tmp_path: Path) -> None:
    entries = tmp_path / "entries"
    entries.write_bytes(entry(1, 90) + b"\n" + entry(2, 60) + b"\n")
    script = f"""case "$*" in
        *--after-cursor=s=1\\;i=2*) cat {entries}.new ;;
        *--after-cursor*) echo Failed to seek to cursor; exit 1 ;;
        *) cat {entries} ;;
    esac"""
    first = _look(journalctl, script)
    assert (first["value"], first["metrics"]["new_entries"]) == (2, 2)
    (tmp_path / "entries.new").write_bytes(entry(3, 1) + b"\n")
    second = _look(journalctl, script, position=first["metrics"]["position"])
    assert (second["value"], second["metrics"]["new_entries"]) == (3, 1)
    again = _look(journalctl, script, position=second["metrics"]["position"])
    assert (again["value"], again["metrics"]["new_entries"]) == (2, 2)


def test_a_journal_that_does_not_end_is_left_at_the_deadline(journalctl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The kind itself is to say so, however busy the machine is.
    monkeypatch.setattr(engine, "_GRACE_SECONDS", 60.0)
    result = quickly(lambda: _look(journalctl, "while :; do echo '{}'; sleep 0.1; done", timeout_seconds=1), 3)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "log_not_read_in_time")


def test_a_journal_that_cannot_be_read_is_unknown(journalctl: Path) -> None:
    result = _look(journalctl, "echo 'Failed to open files: Bad message'; exit 1")
    assert (result["state"], result["reason"]["id"]) == ("unknown", "journal_unreadable")
    assert result["evidence"] == ["Failed to open files: Bad message"]
