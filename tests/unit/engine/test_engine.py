# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's promise: every check is answered, in time, whatever the others do."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from tests.unit.patience import given_time, quickly, until_ended

from .kinds import KINDS


def look(*checks: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask the checks and return their results."""
    return engine.look("wiki", [engine.parse_check(check, KINDS.__getitem__) for check in checks], KINDS.__getitem__)


def figure(value: Any, **keys: Any) -> dict[str, Any]:
    """Return a check that answers at once with a value."""
    return {"name": "figure", "kind": "figure", "parameters": {"value": value}, **keys}


def test_a_figure_at_its_level_gives_state_reason_and_masked_evidence() -> None:
    (result,) = look(figure(92, warning=">= 80", critical=">= 90", runbook="EST-03"))
    assert result["state"] == "critical"
    fields = {"metric": "figure", "value": 92, "unit": "%", "level": "critical", "limit": ">= 90"}
    assert result["reason"] == {"id": "level_reached", "fields": fields}
    assert result["evidence"] == ["token=********"]
    assert (result["system"], result["unit"], result["runbook"]) == ("wiki", "%", "EST-03")


def test_limits_judge_the_other_metrics_and_the_worst_wins() -> None:
    (result,) = look(figure(1, warning=">= 80", limits={"other": {"critical": ">= 5"}}))
    assert (result["state"], result["reason"]["fields"]["metric"]) == ("critical", "other")


def test_a_level_asked_of_nothing_is_unknown() -> None:
    (result,) = look(figure(None, warning=">= 80"))
    assert (result["state"], result["reason"]["id"]) == ("unknown", "not_measured")


def test_too_little_understood_is_unknown_however_good_the_figure() -> None:
    (result,) = look(figure(0, warning=">= 80", coverage_floor=0.9))
    assert (result["state"], result["reason"]["id"]) == ("unknown", "coverage_below_floor")


def test_a_hang_costs_its_own_time_and_no_other_answer(tmp_path: Path) -> None:
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    checks = (
        {"name": "hang", "kind": "hang", "timeout_seconds": 0.5},
        {"name": "fifo", "kind": "fifo", "parameters": {"value": str(fifo)}, "timeout_seconds": 0.5},
        figure(1, warning=">= 80", timeout_seconds=60),
    )
    results = quickly(partial(look, *checks), 5)
    assert [result["check"] for result in results] == ["hang", "fifo", "figure"]
    assert [result["state"] for result in results] == ["unknown", "unknown", "ok"]
    assert [result["reason"]["id"] for result in results[:2]] == ["timed_out", "timed_out"]


def test_a_crash_of_the_interpreter_costs_only_what_was_not_answered_yet() -> None:
    results = look(figure(1), {"name": "crash", "kind": "crash", "timeout_seconds": 60})
    assert [result["state"] for result in results] == ["ok", "unknown"]
    assert results[1]["reason"]["id"] == "check_crashed"


def test_a_named_fault_and_a_defect_are_answers() -> None:
    fault, defect = look({"name": "fault", "kind": "fault", "warning": "> 1"}, {"name": "defect", "kind": "defect"})
    assert (fault["state"], fault["reason"]) == ("critical", {"id": "file_missing", "fields": {"path": "/nowhere"}})
    assert defect["state"] == "unknown"
    assert defect["reason"]["fields"] == {"error": "ZeroDivisionError", "message": "password=********"}


@pytest.mark.parametrize("kind", ["command", "deaf"])
def test_a_command_and_its_children_end_at_the_deadline(tmp_path: Path, kind: str) -> None:
    """Also when its check is still busy waiting for it."""
    note = tmp_path / "child"
    script = f"sleep 31536000 & echo $! > {note}.new; mv {note}.new {note}; wait"
    check = {"name": "c", "kind": kind, "parameters": {"value": script}}
    (result,) = given_time(lambda limit: look({**check, "timeout_seconds": limit}), lambda _found: note.exists())
    assert result["state"] in (("ok", "unknown") if kind == "command" else ("unknown",))
    until_ended(int(note.read_text()))


def test_checks_run_side_by_side(tmp_path: Path) -> None:
    script = f"touch {tmp_path}/$$; while [ $(ls {tmp_path} | wc -l) -lt 8 ]; do sleep 0.05; done"
    check = {"kind": "command", "parameters": {"value": script}, "timeout_seconds": 60}
    results = look(*[{"name": f"c{n}", **check} for n in range(8)])
    assert [(result["state"], result["value"]) for result in results] == [("ok", 0)] * 8, "each waits for all others"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"warning": "80"}, "Check figure, key warning is '80', which is not a level"),
        ({"limits": {"othr": {"warning": "> 1"}}}, "Check figure, key limits: kind figure has no metric 'othr'"),
        ({"limits": {"other": {"warn": "> 1"}}}, "Check figure, limits.other has the key 'warn'"),
        ({"parameters": {"valu": 1}}, r"Check figure \(kind figure\) has no parameter 'valu', did you mean value\?"),
    ],
)
def test_a_wrong_check_names_the_check_the_key_and_the_choices(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        engine.parse_check({**figure(1), **change}, KINDS.__getitem__)
