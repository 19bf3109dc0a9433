# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of wikis on this machine: each has a log that is rotated, and is well while a file of its own is there."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECK = {
    "name": "health",
    "kind": "command",
    "every": ["daily", "weekly"],
    "parameters": {"argv": ["test", "-e", "{{ wiki_root }}/well"]},
}
ROTATION = {
    "name": "rotate",
    "type": "log_rotate",
    "every": ["retention"],
    "parameters": {"paths": ["{{ wiki_root }}/wiki.log"], "larger_than_bytes": 10},
}
LINE = "one line of the log\n"


@dataclass(frozen=True)
class Fleet:
    """The wikis of a test.

    Args:
        root: directory with one directory for each wiki.
        hosts: their inventory names, in order.
    """

    root: Path
    hosts: tuple[str, ...]

    @property
    def inventory(self) -> Path:
        """Return the inventory."""
        return self.root / "hosts.json"

    def ill(self, *hosts: str) -> None:
        """Let these wikis be ill and all others well."""
        for host in self.hosts:
            file = self.root / host / "well"
            if host in hosts:
                file.unlink(missing_ok=True)
            else:
                file.write_text("well\n")

    def fill(self) -> None:
        """Write a line into every log."""
        for host in self.hosts:
            (self.root / host / "wiki.log").write_text(LINE)

    def rotated(self) -> set[str]:
        """Return the wikis whose log is empty or away: something was done to them."""
        logs = {host: self.root / host / "wiki.log" for host in self.hosts}
        return {host for host, log in logs.items() if not log.exists() or not log.read_text()}


def fleet(root: Path, count: int, *, lost: Collection[str] = (), **variables: Any) -> Fleet:
    """Make a fleet of wikis, all of them well; the last one is in the group of canaries.

    Args:
        root: an empty directory.
        count: how many.
        lost: names of those that cannot be reached.
        variables: further variables of all hosts.
    """
    hosts = tuple(f"wiki-{number:02}" for number in range(1, count + 1))
    for host in hosts:
        (root / host).mkdir(parents=True)
    entries: dict[str, Any] = {host: {"wiki_root": str(root / host)} for host in hosts}
    for host in lost:
        entries[host].update(ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=9)
    shared = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "system_name": "wiki",
        "system_checks": [CHECK],
        "system_verification": ["health"],
        "system_actions": [ROTATION],
        **variables,
    }
    children = {"canaries": {"hosts": {hosts[-1]: {}}}}
    made = Fleet(root, hosts)
    made.inventory.write_text(json.dumps({"all": {"vars": shared, "hosts": entries, "children": children}}))
    made.ill()
    made.fill()
    return made
