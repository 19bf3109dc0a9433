# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock is stale only with a proof (AIMO-05); everything else is held or unknown."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import lock as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.locks import (
    lock_verdict,
    parse_lock_pid,
    parse_process_stat,
)
from tests.unit.cases import load_cases


def held_lock() -> dict[str, Any]:
    """Return the facts about a lock whose holder is at work; a case says what is different."""
    return {
        "now": 1060.0,
        "boot_time": 500.0,
        "lock": {"kind": "file", "changed": 1000.0, "shared": False},
        "pid": {"number": 4711, "problem": None, "written": 1000.0},
        "process": {
            "exists": True,
            "zombie": False,
            "started": 999.0,
            "command": "python src/main.py run",
            "same_namespace": True,
        },
        "namesake": False,
        "command_contains": "src/main.py",
        "database": None,
    }


def facts_with(differences: dict[str, Any]) -> dict[str, Any]:
    """Return the facts about a held lock with some of them replaced."""
    facts = held_lock()
    for name, value in differences.items():
        facts[name] = {**facts[name], **value} if isinstance(facts[name], dict) else value
    return facts


@pytest.mark.parametrize(("arguments", "expected"), load_cases("lock_verdict"))
def test_a_lock_is_judged_by_what_is_proven(arguments: dict[str, Any], expected: list[str]) -> None:
    found = lock_verdict(facts_with(arguments))
    assert [found.verdict, found.reason] == expected
    states = {"none": "ok", "held": "ok", "stale": "critical", "unknown": "unknown"}
    assert kind.observe(facts_with(arguments), "/srv/app.lock").state == states[found.verdict]


def test_how_long_a_lock_is_held_is_a_figure_for_levels() -> None:
    assert kind.observe(held_lock(), "/srv/app.lock").value == 60.0
    assert kind.observe(facts_with({"now": 900.0}), "/srv/app.lock").value == 0.0
    assert kind.observe(facts_with({"lock": {"kind": "none", "changed": None}}), "/srv/app.lock").value == 0.0


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_lock_pid"))
def test_a_pid_is_read_from_what_applications_write(arguments: dict[str, str], expected: int | None) -> None:
    assert parse_lock_pid(arguments["text"]) == expected


def test_a_command_with_parentheses_does_not_shift_the_fields() -> None:
    tail = "S 1 10 10 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 0 0"
    assert parse_process_stat(f"42 (a) b (c) {tail}\n") == ("S", 1, 98765)


@pytest.mark.parametrize("text", ["", "42 (a", "42 (a) S 1", "garbage"])
def test_a_line_that_is_no_process_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_process_stat(text)
