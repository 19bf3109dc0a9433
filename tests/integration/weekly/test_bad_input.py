# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input costs one clear line that names the thing and the way out; the other hosts' work is done and recorded."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from tests.integration.mount_namespace import run_apart
from tests.integration.weekly.runs import Played, play

BINARIES = Path(sys.executable).parent
CHECK = {"name": "load", "kind": "cpu", "every": ["weekly"], "parameters": {"sample_seconds": 0.1}}
GOOD = {"ansible_connection": "local", "system_name": "wiki", "system_checks": [CHECK]}
SQLITE = {"kind": "sqlite", "name": "pages", "every": ["weekly"]}


def one_line(played: Played, said: str) -> None:
    """Assert that the run says it in what an operator reads, however the terminal wraps it."""
    assert " ".join(said.split()) in " ".join(played.output.split()), played.output


def inventory(directory: Path, hosts: dict[str, dict[str, Any]]) -> Path:
    """Write an inventory of these hosts."""
    path = directory / "hosts.json"
    path.write_text(json.dumps({"all": {"vars": {"ansible_python_interpreter": "auto_silent"}, "hosts": hosts}}))
    return path


@pytest.mark.parametrize(
    ("bad", "stage", "said"),
    [
        ({"ansible_connection": "local"}, "profile", "bad-1 has no profile: system_name is not defined"),
        ({**GOOD, "system_chekcs": []}, "profile", "no key system_chekcs, did you mean system_checks?"),
        ({**GOOD, "system_checks": [{**CHECK, "kind": "cpuu"}]}, "profile", "There is no check kind 'cpuu'"),
        ({**GOOD, "system_checks": "{{ nowhere }}"}, "profile", "bad-1: system_checks cannot be read"),
        (
            {**GOOD, "ansible_python_interpreter": "/opt/no/python3"},
            "Look at the system, in one round trip",
            "There is no Python on this host at /opt/no/python3. Install Python 3.8 or later",
        ),
        (
            {**GOOD, "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9},
            "unreachable",
            "Connection refused",
        ),
    ],
    ids=["no-profile", "misspelt-key", "unknown-kind", "undefined-variable", "no-python", "host-down"],
)
def test_a_bad_host_is_named_and_recorded_and_the_other_one_is_looked_at(
    tmp_path: Path, bad: dict[str, Any], stage: str, said: str
) -> None:
    played = play(inventory(tmp_path, {"bad-1": bad, "good-1": GOOD}), tmp_path / "state")
    assert played.status != 0
    one_line(played, said)
    runs = played.newest()
    assert runs["good-1"]["state"] == "ok"
    assert runs["bad-1"]["state"] == "critical"
    assert runs["bad-1"]["failure"]["stage"] == stage
    assert runs["bad-1"]["reachable"] == (stage != "unreachable")


def test_a_play_of_unreachable_hosts_only_is_recorded(tmp_path: Path) -> None:
    down = {**GOOD, "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    played = play(inventory(tmp_path, {"down-1": down, "down-2": down}), tmp_path / "state")
    assert played.status != 0
    assert {host: run["reachable"] for host, run in played.newest().items()} == {"down-1": False, "down-2": False}


def test_paths_that_are_not_what_they_should_be_are_named(tmp_path: Path) -> None:
    (tmp_path / "directory.db").mkdir()
    checks = [
        {**SQLITE, "name": "missing", "parameters": {"path": str(tmp_path / "none.db")}},
        {**SQLITE, "name": "directory", "parameters": {"path": str(tmp_path / "directory.db")}},
        {"name": "log", "kind": "access_log", "every": ["weekly"], "parameters": {"path": str(tmp_path / "fifo.log")}},
    ]
    os.mkfifo(tmp_path / "fifo.log")
    played = play(inventory(tmp_path, {"bad-1": {**GOOD, "system_checks": checks}}), tmp_path / "state")
    assert played.not_ok() == {"bad-1": {"missing": "critical", "directory": "critical", "log": "unknown"}}
    one_line(played, str(tmp_path / "none.db"))
    assert not (tmp_path / "none.db").exists()


def test_a_store_that_cannot_be_opened_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "store.sqlite").write_bytes(b"this is no database" * 100)
    played = play(inventory(tmp_path, {"good-1": GOOD}), tmp_path / "state")
    assert played.status != 0
    one_line(played, str(tmp_path / "state" / "store.sqlite"))


def test_a_full_disk_under_the_store_is_named(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    fill = f"mount -t tmpfs -o size=256k tmpfs {small} && head -c 250000 /dev/zero > {small}/ballast"
    path = inventory(tmp_path, {"good-1": GOOD})
    command = [str(BINARIES / "ansible-playbook"), "playbooks/weekly.yml", "-i", str(path)]
    filling = ["sh", "-c", f'{fill} && exec "$@"', "sh"]
    completed = run_apart([*filling, *command], 900, AIOPS_STATE_DIR=str(small / "state"))
    assert completed.returncode not in (0, 1), completed.stderr
    output = completed.stdout + completed.stderr
    one_line(Played(completed.returncode, output, small), "0 KiB are free. Free space or quota for")


def test_a_system_that_another_run_works_on_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    opened = store.open_store(f"sqlite:///{state}/store.sqlite")
    now = datetime.now(UTC)
    run = {"id": "other", "procedure": "weekly", "system": "wiki", "host": "busy-1", "started": now.isoformat()}
    store.begin(opened, [run], holder=store.current_holder(), now=now, lease_seconds=36000)
    played = play(inventory(tmp_path, {"busy-1": GOOD, "free-1": GOOD}), state)
    assert played.status != 0
    assert {host: found["state"] for host, found in played.newest().items()} == {"busy-1": "refused", "free-1": "ok"}
    one_line(played, "busy-1: weekly is already at work here")


def test_two_plays_at_once_share_the_store(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = inventory(tmp_path, {f"a-{n}": GOOD for n in range(3)})
    (tmp_path / "b").mkdir()
    second = inventory(tmp_path / "b", {f"b-{n}": GOOD for n in range(3)})
    command = [str(BINARIES / "ansible-playbook"), "playbooks/weekly.yml", "-i"]
    environment = {**os.environ, "AIOPS_STATE_DIR": str(state)}
    plays = [
        subprocess.Popen([*command, str(path)], env=environment, stdout=subprocess.DEVNULL) for path in (first, second)
    ]
    assert [process.wait(timeout=900) for process in plays] == [0, 0]
    with closing(sqlite3.connect(state / "store.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    played = Played(0, "", state)
    assert {run["host"]: run["state"] for run in played.runs()} == {
        f"{name}-{n}": "ok" for name in "ab" for n in range(3)
    }


def test_a_killed_run_leaves_no_lock_that_a_person_has_to_remove(tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.touch()
    looked = {"argv": ["sh", "-c", f"while test -e {held}; do sleep 0.1; done"]}
    slow = {**CHECK, "kind": "command", "parameters": looked, "timeout_seconds": 3600}
    path = inventory(tmp_path, {"good-1": {**GOOD, "system_checks": [slow]}})
    environment = {**os.environ, "AIOPS_STATE_DIR": str(tmp_path / "state")}
    process = subprocess.Popen(
        [str(BINARIES / "ansible-playbook"), "playbooks/weekly.yml", "-i", str(path)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    state = Played(0, "", tmp_path / "state")
    deadline = time.monotonic() + 600
    try:
        while not state.states():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        held.unlink()
    after = play(inventory(tmp_path, {"good-1": GOOD}), tmp_path / "state")
    assert after.status == 0, after.output
    assert sorted(run["state"] for run in after.runs()) == ["interrupted", "ok"]
