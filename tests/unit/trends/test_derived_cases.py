# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objectives and trends of described histories, from the profile to the Result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cases import load_cases
from tests.unit.trends.histories import answered


@pytest.mark.parametrize(("arguments", "expected"), load_cases("derived_results"))
def test_derived_results(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    (result,) = answered(tmp_path, arguments["history"], **arguments["profile"])
    seen = {key: result[key] for key in expected if key in result}
    seen["reason"] = result["reason"]["id"]
    for key, holder in (("fields", result["reason"]["fields"]), ("metrics", result["metrics"])):
        if key in expected:
            seen[key] = {name: holder.get(name, "not there") for name in expected[key]}
    assert {key: _near(value) for key, value in expected.items()} == seen


def _near(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _near(item) for name, item in value.items()}
    return pytest.approx(value) if isinstance(value, float) else value
