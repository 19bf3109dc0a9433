# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may say of a maintenance window, and what is refused with a way out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.maintenance import MaintenanceError, window_moments
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("given", "expected"), load_cases("window_moments"))
def test_window_moments(given: dict[str, Any], expected: dict[str, str]) -> None:
    now = datetime.fromisoformat(given["now"])
    said = (given.get("start"), given.get("end"), given.get("window"), given["zone"], now)
    if "refused" in expected:
        with pytest.raises(MaintenanceError) as caught:
            window_moments(*said)
        assert expected["refused"] in str(caught.value)
        return
    begins, ends = window_moments(*said)
    assert begins.tzinfo is UTC
    assert {"begins": f"{begins:%Y-%m-%dT%H:%M:%SZ}", "ends": f"{ends:%Y-%m-%dT%H:%M:%SZ}"} == expected
