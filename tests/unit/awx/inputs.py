# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each playbook can be given, from what is written down: argument specs, profiles, and what texts tell to type."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader

from tests.conftest import CHECKOUT

ROLE = re.compile(r"name: aiops\.runbooks\.(\w+)")
TYPED = re.compile(r"-e '?\{?\"?([a-z]\w+)\"?[=:]")


@cache
def loaded(path: str) -> Any:
    """Return a file of data as Ansible reads it."""
    return DataLoader().load_from_file(str(CHECKOUT / path))


@cache
def profile_actions() -> list[dict[str, Any]]:
    """Return every action of the example profiles."""
    found = []
    for path in sorted((CHECKOUT / "inventories/example/group_vars").rglob("*.yml")):
        values = (loaded(str(path.relative_to(CHECKOUT))) or {}).values()
        lists = [value for value in values if isinstance(value, list)]
        found += [each for value in lists for each in value if isinstance(each, dict) and "type" in each]
    return [action for action in found if "every" in action]


@cache
def options_of(role: str) -> frozenset[str]:
    """Return the options of a role."""
    path = CHECKOUT / "roles" / role / "meta" / "argument_specs.yml"
    specification = yaml.safe_load(path.read_text(encoding="utf-8"))
    return frozenset(specification["argument_specs"]["main"].get("options") or {})


def roles_of(playbook: str) -> set[str]:
    """Return the roles that a playbook reaches: its own, and those of the actions that its procedure does."""
    roles = set(ROLE.findall((CHECKOUT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")))
    if roles & {"run", "incident"}:
        roles |= {action["type"] for action in profile_actions() if playbook in action["every"]}
    return roles


def own_inputs_of(playbook: str) -> set[str]:
    """Return the options of the roles that a playbook names itself; those of an action are its profile's."""
    roles = set(ROLE.findall((CHECKOUT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")))
    roles |= {"run"} if "incident" in roles else set()
    return {name for role in roles for name in options_of(role) if not name.startswith("system_")}


def words_of(playbook: str) -> set[str]:
    """Return every word that is read when a playbook runs: its own, its roles', and its actions' in the profiles."""
    paths = [CHECKOUT / "playbooks" / f"{playbook}.yml", *(CHECKOUT / "inventories/example").rglob("*.yml")]
    for role in roles_of(playbook):
        paths += (CHECKOUT / "roles" / role).rglob("*.yml")
    return {word for path in paths for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


def typed_in_texts() -> dict[str, str]:
    """Return the variables that texts and messages tell a person to type, with the file that does."""
    places = [CHECKOUT / "README.md", CHECKOUT / "inventories/example", CHECKOUT / "playbooks", CHECKOUT / "plugins"]
    places += [path for path in sorted((CHECKOUT / "roles").iterdir()) if path.is_dir()]
    found: dict[str, str] = {}
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.suffix in (".md", ".yml", ".py"):
                found |= dict.fromkeys(TYPED.findall(path.read_text(encoding="utf-8")), _short(path))
    return found


def _short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))
