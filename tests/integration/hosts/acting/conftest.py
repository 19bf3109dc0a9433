# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts for procedures that act: each test file works on one of them, so that several files run at the same time."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
import testinfra
import testinfra.host
from xdist.scheduler import LoadScopeScheduling

from tests.hosts.__main__ import CANNOT_RUN
from tests.hosts.definition import CACHE, CHECKOUT, FURTHER
from tests.hosts.ssh import CLIENT_CONFIGURATION
from tests.integration.hosts.acting.procedures import Acted, act_on
from tests.integration.hosts.plays import playbook

#: What a worker of the test run has made healthy since it began.
_PREPARED: set[str] = set()


class _WorkerPerHost(LoadScopeScheduling):
    """Give all tests of one host to one worker.

    pytest-xdist 3.8 has `--dist=loadgroup` for that, which does nothing since pytest 9.2: it writes the group into an
    attribute of the test that pytest no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        group = re.search(r"xdist_group\(\"([^\"]+)\"\)", (CHECKOUT / file).read_text(encoding="utf-8"))
        if group is None:
            raise pytest.UsageError(f'{file} names no host: pytestmark = pytest.mark.xdist_group("NAME"), as a literal')
        return group.group(1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _WorkerPerHost:
    """Return what says which worker runs which test."""
    return _WorkerPerHost(config, log)


@pytest.fixture(scope="session")
def prepared() -> Callable[..., None]:
    """Return a function that starts hosts and puts their healthy systems on them, once per worker and host.

    Called with `anew=True` it does so again, for a test whose faults cannot be undone one by one.
    """

    def prepare(*hosts: str, anew: bool = False) -> None:
        wanted = [host for host in hosts if anew or host not in _PREPARED]
        if not wanted:
            return
        CACHE.mkdir(parents=True, exist_ok=True)
        # Several workers share the machine's one container engine and the files of its SSH client.
        with (CACHE / "up.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            command = [sys.executable, "-m", "tests.hosts", "up", *(f"--host={host}" for host in wanted)]
            up = subprocess.run(command, cwd=CHECKOUT, check=False)
            if up.returncode == CANNOT_RUN:
                pytest.skip("NOT TESTED: this machine cannot run the test hosts")
            assert up.returncode == 0, "the test hosts did not come up"
            chosen = ["--inventory", str(FURTHER), "--limit", ",".join([*wanted, "localhost"])]
            done = playbook("tests/hosts/prepare.yml", CACHE / "state", *chosen)
        assert done.returncode == 0, done.stdout + done.stderr
        _PREPARED.update(wanted)

    return prepare


@pytest.fixture(scope="module")
def act(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Acted]:
    """Return a function that runs a procedure's playbook on one host, with one store for the tests of the file."""
    state = tmp_path_factory.mktemp("state")

    def run(procedure: str, host: str, *arguments: str, playbook_name: str | None = None) -> Acted:
        return act_on(state, procedure, host, *arguments, playbook_name=playbook_name)

    return run


@pytest.fixture(scope="session")
def testinfra_host() -> Callable[[str], testinfra.host.Host]:
    """Return a function that gives testinfra's view of a host, over SSH."""
    return lambda host: testinfra.get_host(f"ssh://{host}", ssh_config=str(CLIENT_CONFIGURATION))
