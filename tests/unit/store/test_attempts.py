# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often something may be tried."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import refused_attempt
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("refused_attempt"))
def test_attempts_are_counted_within_a_window_and_cool_down(arguments: dict[str, Any], expected: str | None) -> None:
    past = [datetime.fromisoformat(moment) for moment in arguments["past"]]
    assert refused_attempt(arguments["limits"], past, datetime.fromisoformat(arguments["now"])) == expected
