# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line and the exit status that a monitoring system gets (SBX-04)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.nagios import plugin_line
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("plugin_line"))
def test_a_run_is_one_line_and_one_status(arguments: dict[str, Any], expected: list[Any]) -> None:
    status, line = plugin_line(arguments["runs"], arguments.get("problem", ""))
    assert (status, line[: len(expected[1])] if expected[1].endswith(": ") else line) == tuple(expected)
    assert "\n" not in line
