# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedures on the test hosts, and what they recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts.definition import FURTHER
from tests.integration.hosts.plays import playbook


@dataclass(frozen=True)
class Acted:
    """What a procedure left.

    Attributes:
        returncode: Exit status of ansible-playbook.
        output: What it printed.
        run: The Run record of the host; empty when nothing was recorded, as in check mode.
    """

    returncode: int
    output: str
    run: Mapping[str, Any]

    @property
    def states(self) -> dict[str, str]:
        """Return the states of the run's actions by name."""
        return {action["name"]: action["state"] for action in self.run.get("actions", ())}

    def detail(self, name: str) -> Mapping[str, Any]:
        """Return what an action said of itself."""
        return next(action["detail"] for action in self.run["actions"] if action["name"] == name)


def act_on(state: Path, procedure: str, host: str, *arguments: str, playbook_name: str | None = None) -> Acted:
    """Run the playbook of a procedure on one host.

    Args:
        state: directory of the store.
        procedure: name of the procedure, and of its playbook unless `playbook_name` says otherwise.
        host: inventory name.
        arguments: further arguments of ansible-playbook.
        playbook_name: name of the playbook without its ending.
    """
    # Importable only when the session's configuration has put the collection on the path.
    from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

    chosen = ["--inventory", str(FURTHER), "--limit", host]
    done = playbook(f"playbooks/{playbook_name or procedure}.yml", state, *chosen, *arguments)
    database = state / "store.sqlite"
    run: Mapping[str, Any] | None = None
    if database.exists() and "--check" not in arguments:
        opened = store.open_store(f"sqlite:///{database}", create=False)
        run = store.last_run(opened, host, procedure)
    return Acted(done.returncode, done.stdout + done.stderr, run or {})
