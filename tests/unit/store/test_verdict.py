# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict of a run and the exit status of a play."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import exit_status, verdict
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("verdict"))
def test_a_verdict_is_the_worst_of_everything(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    assert verdict(**arguments) == expected


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (["ok"], 0),
        (["ok", "warning"], 1),
        (["critical", "unknown"], 2),
        (["unknown", "warning"], 3),
        (["interrupted"], 3),
        ([], 3),
    ],
)
def test_the_exit_status_is_that_of_a_nagios_plugin(states: list[str], status: int) -> None:
    assert exit_status(states) == status
