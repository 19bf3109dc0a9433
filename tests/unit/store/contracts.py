# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of every database under the store: the tests of all files contract_*.py beside this one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def contract_tests() -> dict[str, Callable[..., Any]]:
    """Return the tests by their names; the module that takes them in brings a ``store_url`` fixture."""
    found: dict[str, Callable[..., Any]] = {}
    for path in sorted(Path(__file__).parent.glob("contract_*.py")):
        name = f"tests.unit.store.{path.stem}"
        pytest.register_assert_rewrite(name)
        tests = {key: test for key, test in vars(importlib.import_module(name)).items() if key.startswith("test_")}
        assert not found.keys() & tests.keys(), f"{path.name} has a test of a name that another one has"
        found.update(tests)
    return found
