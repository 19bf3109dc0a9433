# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Levels, parameters and redaction from JSON cases."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.judge import judge, parse_level
from ansible_collections.aiops.runbooks.plugins.module_utils.model import CRITICAL, OK, UNKNOWN, WARNING, worst
from ansible_collections.aiops.runbooks.plugins.module_utils.redact import evidence_lines, redact
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("judge"))
def test_a_figure_is_judged_by_its_levels(arguments: dict[str, Any], expected: str) -> None:
    state, _level = judge(arguments["value"], parse_level(arguments["warning"]), parse_level(arguments["critical"]))
    assert state == expected


@pytest.mark.parametrize("text", ["80", "above 80", ">= ", ">= 80 %", "=> 80", ""])
def test_a_level_without_operator_or_number_is_refused(text: str) -> None:
    with pytest.raises(ProfileError, match="check x, key warning"):
        parse_level(text, "check x, key warning")


@pytest.mark.parametrize(("arguments", "expected"), load_cases("validated"))
def test_parameters_are_completed_or_refused(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    if "error" in expected:
        with pytest.raises(ProfileError) as refused:
            validated("check x", arguments["specification"], arguments["given"])
        assert str(refused.value) == expected["error"]
    else:
        assert validated("check x", arguments["specification"], arguments["given"]) == expected["parameters"]


@pytest.mark.parametrize(("arguments", "expected"), load_cases("redact"))
def test_secrets_do_not_leave_the_host(arguments: dict[str, Any], expected: str) -> None:
    assert redact(arguments["text"]) == expected


def test_evidence_is_bounded() -> None:
    lines = evidence_lines(["x" * 10_000] * 50)
    assert len(lines) == 20
    assert all(len(line) == 400 for line in lines)


def test_unknown_is_worse_than_warning_and_nothing_is_unknown() -> None:
    assert worst([OK, UNKNOWN, WARNING]) == UNKNOWN
    assert worst([OK, UNKNOWN, CRITICAL]) == CRITICAL
    assert worst([]) == UNKNOWN
