# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook as an operator does, and read from the store what it recorded."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

CHECKOUT = Path(__file__).resolve().parents[3]
BINARIES = Path(sys.executable).parent
#: A play takes some seconds; a machine under load takes its time, and only what hangs is ended.
HANGS_SECONDS = 900
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Played:
    """What a run of a playbook printed and how it ended."""

    status: int
    output: str
    state: Path

    def runs(self) -> list[dict[str, Any]]:
        """Return the recorded runs, the newest last."""
        opened = store.open_store(f"sqlite:///{self.state}/store.sqlite", create=False, read_only=True)
        return store.runs_between(opened, None, None, LONG_AGO, FAR_AHEAD)

    def newest(self) -> dict[str, dict[str, Any]]:
        """Return the newest run of each host."""
        return {run["host"]: run for run in sorted(self.runs(), key=lambda run: run["started"])}

    def states(self) -> dict[str, str]:
        """Return the state of each host's newest run, as far as it can be seen while a play makes and writes the store.

        Nothing is seen in a moment in which somebody else is at the file.
        """
        with contextlib.suppress(store.StoreError):
            return {host: run["state"] for host, run in self.newest().items()}
        return {}

    def not_ok(self) -> dict[str, dict[str, str]]:
        """Return, for each host, the checks that are not ok with their states, in the newest run."""
        return {
            host: {result["check"]: result["state"] for result in run["results"] if result["state"] != "ok"}
            for host, run in self.newest().items()
        }


def play(
    inventory: Path | str, state: Path, *arguments: str, playbook: str = "playbooks/weekly.yml", **environment: str
) -> Played:
    """Run a playbook of this checkout against an inventory."""
    completed = subprocess.run(
        [str(BINARIES / "ansible-playbook"), playbook, "-i", str(inventory), *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "AIOPS_STATE_DIR": str(state), "ANSIBLE_NOCOLOR": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )
    return Played(completed.returncode, completed.stdout + completed.stderr, state)


def digests(root: Path) -> dict[str, str]:
    """Return the digest of every file below a directory, and the target of every link."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path)] = "-> " + os.readlink(path)
        elif path.is_file():
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[str(path)] = "directory"
    return found
