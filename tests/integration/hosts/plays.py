# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weekly plays on the test hosts, and scripts on them over SSH."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts.definition import CHECKOUT, INVENTORY
from tests.hosts.ssh import CLIENT_CONFIGURATION
from tests.integration.hosts.breakages import Breakage

SCRIPT_SECONDS = 90
PLAY_SECONDS = 300
#: An option of systemd-run for a unit of several processes. Where hosts have control groups of the first version,
#: systemd may miss that the last process of a unit has ended, and waits its 90 s before it kills what is long gone.
SOON_GONE = "--property=TimeoutStopSec=5"


@dataclass(frozen=True)
class Play:
    """What a weekly play left.

    Attributes:
        returncode: Exit status of ansible-playbook.
        output: What it printed.
        runs: Host name to its Run record.
    """

    returncode: int
    output: str
    runs: Mapping[str, Mapping[str, Any]]


def on_host(host: str, script: str) -> str:
    """Run a shell script as root on a host, over SSH, and return what it printed.

    Raises:
        AssertionError: It failed or took longer than SCRIPT_SECONDS.
    """
    done = subprocess.run(
        ["ssh", "-F", str(CLIENT_CONFIGURATION), host, "sh -eu"],
        input=script,
        capture_output=True,
        text=True,
        timeout=SCRIPT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{host}: {script}\n{done.stdout}{done.stderr}"
    return done.stdout


def hold(unit: str, path: str) -> str:
    """Return a shell command that lets a unit of one process keep a file open until `systemctl stop UNIT`."""
    return f"systemd-run --quiet --collect --unit={unit} {SOON_GONE} sh -c 'exec sleep 3600 3< {path}'"


def together(action: Callable[[Breakage], object], breakages: tuple[Breakage, ...]) -> None:
    """Do something with several hosts at the same time; the first failure is raised after all have ended."""
    with ThreadPoolExecutor(max_workers=len(breakages)) as pool:
        list(pool.map(action, breakages))


def playbook(path: str, state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the checkout on the test hosts."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "AIOPS_STATE_DIR": str(state),
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory", str(INVENTORY), path, *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=PLAY_SECONDS, check=False
    )


def weekly_play(hosts: Sequence[str], state: Path, *arguments: str) -> Play:
    """Run the weekly procedure on all test hosts and read what it recorded."""
    # Importable only when the session's configuration has put the collection on the path.
    from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

    done = playbook("playbooks/weekly.yml", state, *arguments)
    opened = store.open_store(f"sqlite:///{state}/store.sqlite", create=False)
    runs = {host: run for host in hosts if (run := store.last_run(opened, host, "weekly"))}
    return Play(done.returncode, done.stdout + done.stderr, runs)
