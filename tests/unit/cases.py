# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load the JSON cases that describe what a pure function returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
KEYS = {"description", "arguments", "expected"}


def load_cases(function_name: str) -> list[Any]:
    """Return one pytest parameter set per file of ``tests/fixtures/<function_name>/``.

    A test takes them as ``@pytest.mark.parametrize(("arguments", "expected"), load_cases("levels"))``;
    the file's name is the case's id. A folder without cases, and a case with other keys than
    ``description``, ``arguments`` and ``expected``, is an error: it would be a test that never runs.
    """
    paths = sorted((FIXTURES / function_name).glob("*.json"))
    if not paths:
        raise LookupError(f"tests/fixtures/{function_name} holds no cases")
    return [_parameters(path) for path in paths]


def _parameters(path: Path) -> Any:
    case = json.loads(path.read_text(encoding="utf-8"))
    if set(case) != KEYS:
        raise ValueError(f"{path}: a case has exactly the keys {sorted(KEYS)}, this one has {sorted(case)}")
    return pytest.param(case["arguments"], case["expected"], id=path.stem)
