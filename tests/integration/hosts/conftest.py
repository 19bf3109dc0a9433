# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four test hosts with healthy systems on them, and the weekly procedure to run on them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.hosts.__main__ import CANNOT_RUN
from tests.hosts.definition import CACHE, CHECKOUT, load_hosts
from tests.integration.hosts.plays import Play, playbook, weekly_play


@pytest.fixture(scope="session")
def hosts() -> tuple[str, ...]:
    """Return the names of the test hosts, started anew and with healthy systems on them."""
    up = subprocess.run([sys.executable, "-m", "tests.hosts", "up", "--fresh"], cwd=CHECKOUT, check=False)
    if up.returncode == CANNOT_RUN:
        pytest.skip("NOT TESTED: this machine cannot run the test hosts")
    assert up.returncode == 0, "the test hosts did not come up"
    done = playbook("tests/hosts/prepare.yml", CACHE / "state")
    assert done.returncode == 0, done.stdout + done.stderr
    return tuple(host.name for host in load_hosts())


@pytest.fixture(scope="session")
def weekly(hosts: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Play]:
    """Return a function that runs the weekly procedure on all hosts, with one store for the whole session."""
    state = tmp_path_factory.mktemp("state")

    def run(*arguments: str) -> Play:
        return weekly_play(hosts, state, *arguments)

    return run


@pytest.fixture(scope="session")
def mended(weekly: Callable[..., Play]) -> Play:
    """Return the first play of the session, which does what is due on healthy hosts: later plays find nothing to do."""
    return weekly()
