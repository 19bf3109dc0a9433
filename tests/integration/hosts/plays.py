# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weekly plays on the test hosts, and scripts on them over SSH."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts.definition import CHECKOUT, INVENTORY
from tests.hosts.ssh import CLIENT_CONFIGURATION
from tests.integration.hosts.breakages import Breakage

# What ends a script or a play that hangs: on a busy machine everything may take many times as long as usual.
SCRIPT_SECONDS = 600
PLAY_SECONDS = 1200
#: Longer than a fault is made, looked for and repaired.
ROUND_SECONDS = 240
#: When a day begins, in seconds of the UTC day: in UTC, in Tokyo, and in London in summer.
DAYS_BEGIN = (0, 15 * 3600, 23 * 3600)
#: What tells that a host's system answers again; some are still starting when their manager says that they run.
ANSWERS = {
    "estimator-1": "systemctl is-active --quiet apache2 && curl -fs -o /dev/null http://127.0.0.1:8100/health",
    "ai-diy-1": "curl -fs -o /dev/null http://127.0.0.1:8000/health",
    "aimo-1": "true",
    "smartbox-1": "docker inspect --format '{{.State.Health.Status}}' smartbox-anomaly | grep -qx healthy",
}
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
    """Return shell commands that let a unit of one process keep a file open until `systemctl stop UNIT`."""
    holder = f"/proc/$(systemctl show --property=MainPID --value {unit})"
    return (
        f"systemd-run --quiet --collect --unit={unit} {SOON_GONE} sh -c 'exec sleep 3600 3< {path}'\n"
        f'until [ "$(readlink {holder}/fd/3)" = {path} ]; do sleep 0.1; done'
    )


def settle(host: str) -> None:
    """Return when the system on a host answers."""
    on_host(host, f"until {ANSWERS[host]}; do sleep 0.2; done")


def settle_before_a_round(*hosts: str) -> None:
    """Wait until the systems answer, and until no day ends within the round that is about to begin.

    What a fault leaves is looked for in today's figures, and repaired in the file that has today's name.
    """
    left = min((begin - time.time()) % 86400 for begin in DAYS_BEGIN)
    if left < ROUND_SECONDS:
        time.sleep(left + 1)
    # AI-DIY's answer is the first line of the new day's log.
    with ThreadPoolExecutor(max_workers=len(hosts)) as pool:
        list(pool.map(settle, hosts))


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
