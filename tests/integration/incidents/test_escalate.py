# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""escalate.yml killed at any moment, and under a wall clock that somebody sets, on both databases."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents, outbox
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.schema import tables
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.transactions import write
from tests.conftest import CHECKOUT
from tests.integration.incidents.test_incident_plays import system
from tests.integration.incidents.test_notifications import Hook, key_of, wait_no_longer
from tests.integration.postgresql import Server
from tests.integration.weekly.runs import BINARIES, HANGS_SECONDS, Played, play
from tests.ports import free_port
from tests.process_tree import children
from tests.unit.checks.peers import serving

SET_CLOCK = Path(__file__).with_name("set_clock")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a store that does not exist yet."""
    if request.param == "sqlite":
        (tmp_path / "state").mkdir()
        return f"sqlite:///{tmp_path}/state/store.sqlite"
    running: Server = request.getfixturevalue("postgresql")
    return running.url(running.create_database())


def inventory_of(directory: Path, port: int, *rules: dict[str, Any]) -> Path:
    """Return the inventory of a wiki whose incident nothing heals."""
    (directory / "wiki.log").write_text("full\n")
    contacts = [
        {"role": role, "language": "en", "channels": [{"channel": "chat", "to": role}]} for role in ("manager", "cto")
    ]
    return system(
        directory,
        f"http://127.0.0.1:{port}/hook",
        action={"attempts": {"at_most": 0}},
        system_contacts=contacts,
        system_escalation=[{"name": "at_once", "levels": ["P1"], "tell": ["manager", "cto"]}, *rules],
    )


def escalate(inventory: Path, url: str, clock_hours: float = 0) -> Played:
    """Run escalate.yml, on a machine whose wall clock somebody has set by some hours."""
    environment = {"AIOPS_STORE_URL": url}
    if clock_hours:
        environment["SET_CLOCK_HOURS"] = str(clock_hours)
        environment["PYTHONPATH"] = os.pathsep.join([str(SET_CLOCK), os.environ["PYTHONPATH"]])
    return play(inventory, inventory.parent / "state", playbook="playbooks/escalate.yml", **environment)


class Killer(Hook):
    """A webhook that has the sender killed: it has taken nothing yet, or has taken the text and the answer is lost.

    Args:
        moments: when, and whether the worker that sends is killed with the play; Ansible gives it a session of its own,
            so that whoever kills ansible-playbook alone leaves it behind.
    """

    def __init__(self, *moments: tuple[str, bool]) -> None:
        super().__init__({})
        self.moments = list(moments)
        self.victim: subprocess.Popen[bytes] | None = None

    def behave(self, peer: socket.socket, request: bytes) -> None:
        """Answer, or kill whoever asks."""
        moment = self.moments[0][0] if self.moments and self.victim else ""
        if moment:
            self.failures[self.requests] = lambda _peer, _request: self.kill()
        if moment == "taken":
            self.taken.append((key_of(request), ""))
        super().behave(peer, request)

    def kill(self) -> None:
        """Kill the play."""
        _moment, with_worker = self.moments.pop(0)
        assert self.victim is not None
        workers = children(self.victim.pid)
        assert workers, "a worker sends"
        for worker in workers if with_worker else ():
            os.kill(worker, signal.SIGKILL)
        os.killpg(self.victim.pid, signal.SIGKILL)
        self.victim.wait()
        self.victim = None


def started(inventory: Path, url: str) -> subprocess.Popen[bytes]:
    """Start escalate.yml in a group of processes of its own."""
    return subprocess.Popen(
        [str(BINARIES / "ansible-playbook"), "playbooks/escalate.yml", "-i", str(inventory)],
        cwd=CHECKOUT,
        env={**os.environ, "AIOPS_STATE_DIR": str(inventory.parent / "state"), "AIOPS_STORE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_until_gone(inventory: Path) -> None:
    """Wait for the end of whatever works on an inventory: a worker outlives its play by the message that it sends.

    The message is the worker's own until then, and how it went is noted after the play's death.
    """
    deadline = time.monotonic() + HANGS_SECONDS
    while any(str(inventory).encode() in command for command in commands()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def commands() -> Iterator[bytes]:
    """Yield the command lines of all processes of this machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes()


def test_killed_at_any_moment_it_loses_nothing_and_repeats_nothing(store_url: str, tmp_path: Path) -> None:
    port = free_port()
    inventory = inventory_of(tmp_path, port)
    opened = play(inventory, tmp_path / "state", playbook="playbooks/incident.yml", AIOPS_STORE_URL=store_url)
    assert opened.status == 2, opened.output
    begun = time.monotonic()
    # How long a run takes here says when to kill the next ones.
    assert escalate(inventory, store_url).status == 0
    seconds = time.monotonic() - begun
    hook = Killer(("asked", False), ("taken", False), ("asked", True), ("taken", True))
    with serving(hook.behave, port=port):
        for share in (0.4, 0.7):
            victim = started(inventory, store_url)
            with contextlib.suppress(subprocess.TimeoutExpired):
                victim.wait(seconds * share)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(victim.pid, signal.SIGKILL)
            victim.wait()
        wait_until_gone(inventory)
        wait_no_longer(store.open_store(store_url))
        assert escalate(inventory, store_url).status == 0
        first = delivered(hook, store_url)
        assert first.keys() == {row["id"] for row in outbox.messages(store.open_store(store_url))}
        # One message at a time is on its way: a kill repeats at most the one whose answer died with the sender.
        assert sum(first.values()) - len(first) <= 2, first
        hook.taken.clear()
        enqueue(store_url)
        for _moment in list(hook.moments):
            wait_no_longer(store.open_store(store_url))
            hook.victim = started(inventory, store_url)
            victim = hook.victim
            victim.wait(HANGS_SECONDS)
            assert victim.returncode == -signal.SIGKILL
            wait_until_gone(inventory)
        assert not hook.moments
        wait_no_longer(store.open_store(store_url))
        last = escalate(inventory, store_url)
    assert last.status == 0, last.output
    # The receiver had taken the one twice, and its answers died with whoever had asked: the same key comes once more.
    assert delivered(hook, store_url) == {"report/1": 3, "report/2": 1}


def delivered(hook: Hook, url: str) -> Counter[str]:
    """Return how often the receiver has taken each message, all of which are marked as delivered."""
    rows = outbox.messages(store.open_store(url))
    assert {row["state"] for row in rows} == {outbox.DELIVERED}
    return Counter(key for key, _text in hook.taken)


def enqueue(url: str) -> None:
    """Put two messages into the outbox that are there whatever was delivered before."""
    stated = {
        "role": "manager",
        "channel": "chat",
        "receiver": "manager",
        "language": "en",
        "subject": "s",
        "body": "b",
    }
    rows = [{"id": f"report/{number}", **stated} for number in (1, 2)]
    outbox.enqueue(store.open_store(url), rows, "wiki-1", datetime.now(UTC))


def test_a_clock_that_is_set_tells_nobody_early_and_nobody_late(store_url: str, tmp_path: Path) -> None:
    later = {"name": "unresolved", "levels": ["P1"], "after_minutes": 30, "tell": ["cto"]}
    port = free_port()
    inventory = inventory_of(tmp_path, port, later)
    hook = Hook({})
    with serving(hook.behave, port=port):
        opened = play(inventory, tmp_path / "state", playbook="playbooks/incident.yml", AIOPS_STORE_URL=store_url)
        assert opened.status == 2, opened.output
        for hours in (3, -48):
            set_clock = escalate(inventory, store_url, hours)
            assert set_clock.status == 0, set_clock.output
            assert "changed=0" in set_clock.output
            (incident,) = incidents.incidents(store.open_store(store_url))
            # The play was indeed on that clock.
            assert abs((incident["wall"] - datetime.now(UTC)) - timedelta(hours=hours)) < timedelta(minutes=10)
        assert not [key for key, _text in hook.taken if "unresolved" in key]
        pass_time(store_url, timedelta(minutes=31))
        due = escalate(inventory, store_url, -24)
        assert due.status == 0, due.output
        assert [key.split("/")[1] for key, _text in hook.taken if "unresolved" in key] == ["unresolved:P1"]


def pass_time(url: str, gone: timedelta) -> None:
    """Have the incident's last reading of the machine's own clock lie further back."""
    opened = store.open_store(url)
    (incident,) = incidents.incidents(opened, open_only=True)
    back = {"seconds": min(each["seconds"] for each in incident["clocks"].values()) - gone.total_seconds()}
    clocks = {name: {**each, **back} for name, each in incident["clocks"].items()}
    statement = sa.update(tables().incidents).values(clocks=clocks)
    write(opened, lambda connection: connection.execute(statement))
