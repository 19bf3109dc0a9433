# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What level the four systems' own rules give to what was looked at, case by case."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.classification import classify
from tests.unit.cases import load_cases

PROFILES = Path(__file__).resolve().parents[3] / "inventories" / "example" / "group_vars"


@pytest.mark.parametrize(("arguments", "expected"), load_cases("classify"))
def test_a_look_has_its_level(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    text = (PROFILES / arguments["system"] / "incident.yml").read_text(encoding="utf-8")
    rules = yaml.safe_load(text)["system_priorities"]
    found = asdict(classify(arguments["results"], rules, arguments["reachable"]))
    comparable = {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}
    assert {key: comparable[key] for key in expected} == expected
    assert not found["rules"] or (found["status"]["en"] and found["impact"]["ja"])


def test_a_profile_without_rules_has_no_levels() -> None:
    assert classify([{"check": "a", "state": "critical"}], []).level is None
    assert classify([], [], reachable=False).level is None


def test_all_of_several_checks() -> None:
    rule = {"name": "both", "level": "P1", "checks": ["a", "b"], "match": "all"}
    one = [{"check": "a", "state": "critical"}, {"check": "b", "state": "ok"}]
    assert classify(one, [rule]).level == "P3"
    assert classify([{**each, "state": "critical"} for each in one], [rule]).level == "P1"
