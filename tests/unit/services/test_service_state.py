# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What managers say of a service, and the steps that lead to a state."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.service_control import plan
from ansible_collections.aiops.runbooks.plugins.module_utils.service_state import (
    Snapshot,
    parse_containers_inspected,
    parse_systemd,
)
from tests.unit.cases import load_cases


def answer(function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the snapshot, or the error, as a case states it."""
    try:
        found = function(**arguments)
    except RunbooksError as error:
        return {"error": error.message}
    fault = {"fault": found.fault} if found.fault else {}
    return {**found.shown(), "settled": found.settled, **fault}


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_systemd"))
def test_a_unit_is_what_systemctl_says(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    assert answer(parse_systemd, arguments) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_containers_inspected"))
def test_a_compose_service_is_what_all_its_containers_are(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    assert answer(parse_containers_inspected, arguments) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("service_plan"))
def test_the_plan_names_the_steps(arguments: dict[str, Any], expected: list[str]) -> None:
    assert plan(Snapshot(**arguments["before"]), arguments["wanted"]) == expected


@pytest.mark.parametrize("wanted", ["started", "restarted"])
def test_what_its_manager_cannot_start_is_stopped_and_never_started(wanted: str) -> None:
    before = Snapshot(True, "active", "ab@0", 17, fault="Unit wiki.service is bad-setting")
    assert plan(before, "stopped") == ["stop"]
    with pytest.raises(RunbooksError, match=r"wiki.service is bad-setting.*systemctl daemon-reload"):
        plan(before, wanted)
