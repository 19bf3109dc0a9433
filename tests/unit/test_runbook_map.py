# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map from runbook items to what does them is true: what it names exists, and what exists is in it."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
PROFILES = CHECKOUT / "inventories" / "example" / "group_vars"
MAP: dict[str, dict[str, Any]] = yaml.safe_load((CHECKOUT / "docs" / "runbook_map.yml").read_text(encoding="utf-8"))
ITEM = re.compile(r"\b(?:AIMO|EST|DIY|SBX|COM)-\d+\b")
# "check llm_cost (aimo, kind duckdb_query)"
NAMED_CHECK = re.compile(r"\bcheck (?P<check>\w+) \((?P<system>\w+)(?:, kind (?P<kind>\w+))?")


def profile_entries(system: str, key: str) -> dict[str, dict[str, Any]]:
    """Return the checks or actions of a system and its variants, by name."""
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(PROFILES.glob(f"{system}*/*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        # A list may be put together from others, which are named alike.
        lists = [
            value for name, value in content.items() if name.endswith(key[len("system") :]) and isinstance(value, list)
        ]
        for entry in [*chain(*lists), *content.get(f"{key[:-1]}_changes", [])]:
            entries[entry["name"]] = {**entries.get(entry["name"], {}), **entry}
    return entries


def cited_items() -> dict[str, str]:
    """Return every item that a profile, a plugin, a role or a playbook cites, with one place that does."""
    cited = {}
    for folder in ("inventories", "playbooks", "plugins", "roles"):
        for path in sorted((CHECKOUT / folder).rglob("*")):
            if path.suffix in {".j2", ".md", ".py", ".yml"}:
                for item in ITEM.findall(path.read_text(encoding="utf-8")):
                    cited[item] = str(path.relative_to(CHECKOUT))
    return cited


@pytest.mark.parametrize("item", sorted(MAP))
def test_an_item_says_how_far_it_is_and_what_proves_it(item: str) -> None:
    entry = MAP[item]
    assert set(entry) <= {"kind", "status", "by", "proof", "deviation"}
    assert entry["kind"] in {"action", "attest", "check", "report"}
    assert entry["status"] in {"done", "open", "part"}
    if entry["status"] == "open":
        assert "by" not in entry
        return
    assert entry["by"]
    assert entry["proof"]
    assert [path for path in entry["proof"] if not (CHECKOUT / path).exists()] == []
    assert entry["status"] == "done" or entry["deviation"], "what is missing?"


@pytest.mark.parametrize("item", sorted(item for item in MAP if MAP[item].get("by")))
def test_the_checks_that_an_item_names_exist(item: str) -> None:
    for named in (found for line in MAP[item]["by"] for found in NAMED_CHECK.finditer(line)):
        checks = profile_entries(named["system"], "system_checks")
        assert named["check"] in checks
        if named["kind"]:
            assert checks[named["check"]]["kind"] == named["kind"]


def test_every_item_that_is_cited_is_on_the_map() -> None:
    assert {item: place for item, place in cited_items().items() if item not in MAP} == {}


def test_what_a_profile_does_is_not_called_open() -> None:
    done = {
        str(entry["runbook"])
        for system in sorted({path.name for path in PROFILES.iterdir()})
        for key in ("system_checks", "system_actions")
        for entry in profile_entries(system, key).values()
        if entry.get("runbook")
    }
    assert sorted(item for item in done if MAP.get(item, {}).get("status") == "open") == []
