# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of real processes: at work, killed, replaced, and planted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import lock as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.lock_facts import (
    boot_time,
    database_holders,
    process_facts,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from tests.unit.patience import until

PROGRAM = """
import sys, time
kept = open(sys.argv[1]) if len(sys.argv) > 1 else None
print('up', flush=True)
time.sleep(600)
"""


def looked_at(
    lock: Path, pid: Path | None = None, database: Path | None = None, command: str | None = None
) -> Observation:
    """Look at a lock as the engine does."""
    parameters = {
        "lock_path": str(lock),
        "pid_path": pid and str(pid),
        "database": database and str(database),
        "command_contains": command,
    }
    return kind.look(parameters, Context(now=time.time(), deadline=time.monotonic() + 60))


def reason_of(seen: Observation) -> str:
    """Return the id of the reason."""
    assert seen.reason is not None
    return seen.reason.id


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """Return a running program."""
    running = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    running.stdout.readline()
    yield running
    running.kill()
    running.wait()
    running.stdout.close()


@pytest.fixture(params=["file", "directory"])
def lock(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a lock of either kind, as the runbook and the published application have them."""
    path = tmp_path / "app.lock"
    path.touch() if request.param == "file" else path.mkdir()
    return path


def test_no_lock_is_ok(tmp_path: Path) -> None:
    seen = looked_at(tmp_path / "app.lock", tmp_path / "app.pid")
    assert (seen.state, reason_of(seen), seen.value) == ("ok", "lock_none", 0.0)


def test_a_lock_is_held_until_its_process_is_gone(lock: Path, process: subprocess.Popen[str], tmp_path: Path) -> None:
    pid = tmp_path / "app.pid"
    pid.write_text(str(process.pid))
    seen = looked_at(lock, pid, command="time.sleep")
    assert (seen.state, reason_of(seen)) == ("ok", "lock_held")
    process.kill()
    # Not yet collected by its parent: a zombie, which holds nothing any more.
    until(lambda: process_facts(process.pid, None)["zombie"])
    assert reason_of(looked_at(lock, pid)) == "lock_stale"
    process.wait()
    seen = looked_at(lock, pid)
    assert (seen.state, reason_of(seen)) == ("critical", "lock_stale")
    assert "proof: process_gone" in seen.evidence


def test_a_process_that_began_after_the_pid_was_written_only_has_its_number(
    lock: Path, process: subprocess.Popen[str], tmp_path: Path
) -> None:
    pid = tmp_path / "app.pid"
    pid.write_text(f"{process.pid}\n")
    # A lock from before the boot would need no other proof, and the machine may just have been started.
    then = max(time.time() - 3600, (boot_time() or 0.0) + 5)
    os.utime(pid, (then, then))
    os.utime(lock, (then, then))
    seen = looked_at(lock, pid)
    assert reason_of(seen) == "lock_stale"
    assert "proof: pid_reused" in seen.evidence
    assert isinstance(seen.value, float)
    assert seen.value >= time.time() - then - 5


def test_a_process_of_another_program_is_unknown(lock: Path, process: subprocess.Popen[str], tmp_path: Path) -> None:
    pid = tmp_path / "app.pid"
    pid.write_text(str(process.pid))
    assert reason_of(looked_at(lock, pid, command="src/main.py")) == "lock_holder_unclear"


def test_a_lock_may_hold_its_own_pid(process: subprocess.Popen[str], tmp_path: Path) -> None:
    file, folder = tmp_path / "file.lock", tmp_path / "folder.lock"
    file.write_text(f"{process.pid} host-a\n")
    folder.mkdir()
    (folder / "pid").write_text(str(process.pid))
    assert reason_of(looked_at(file)) == "lock_held"
    assert reason_of(looked_at(folder)) == "lock_held"


def test_a_lock_without_a_believable_pid_is_unknown(lock: Path, tmp_path: Path) -> None:
    pid = tmp_path / "app.pid"
    assert reason_of(looked_at(lock, pid)) == "lock_without_pid"
    for text in ("", "none", "-1", "0"):
        pid.write_text(text)
        assert reason_of(looked_at(lock, pid)) == "lock_without_pid"
    pid.unlink()
    os.mkfifo(pid)
    assert reason_of(looked_at(lock, pid)) == "lock_without_pid"


def test_a_lock_from_before_the_boot_is_stale_without_a_pid(lock: Path) -> None:
    os.utime(lock, (1, 1))
    assert reason_of(looked_at(lock)) == "lock_stale"


def test_planted_links_are_not_followed(process: subprocess.Popen[str], tmp_path: Path) -> None:
    (tmp_path / "real.pid").write_text("999999")
    (tmp_path / "real.lock").touch()
    (tmp_path / "app.lock").symlink_to("real.lock")
    assert reason_of(looked_at(tmp_path / "app.lock", tmp_path / "real.pid")) == "lock_not_a_lock"
    (tmp_path / "app.pid").symlink_to("real.pid")
    assert reason_of(looked_at(tmp_path / "real.lock", tmp_path / "app.pid")) == "lock_without_pid"


def test_the_superusers_process_is_not_taken_for_gone(lock: Path, tmp_path: Path) -> None:
    pid = tmp_path / "app.pid"
    pid.write_text("1")
    assert reason_of(looked_at(lock, pid)) in ("lock_held", "lock_other_namespace")


def test_a_child_that_outlives_its_killed_wrapper_keeps_the_lock(lock: Path, tmp_path: Path) -> None:
    database, pid = tmp_path / "app.db", tmp_path / "app.pid"
    database.write_text("data")
    # The wrapper starts the child in a session of its own and ends, so the child belongs to nobody of ours.
    program = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-c', *sys.argv[1:]]\n"
        "print(subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL).pid)"
    )
    command = [sys.executable, "-c", program, PROGRAM, str(database)]
    wrapper = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    child = int(wrapper.stdout.split()[0])
    try:
        pid.write_text("4194303")
        until(lambda: database_holders(str(database))["holders"])
        seen = looked_at(lock, pid, database)
        assert (seen.state, reason_of(seen)) == ("unknown", "lock_database_open")
        assert seen.reason is not None
        assert seen.reason.fields["holder"] == child
    finally:
        os.kill(child, signal.SIGKILL)
    until(lambda: not database_holders(str(database))["holders"])

    def answers() -> tuple[bool, str, bool]:
        before = bool(database_holders(str(database))["complete"])
        return before, reason_of(looked_at(lock, pid, database)), bool(database_holders(str(database))["complete"])

    # Stale is said only when every process could be asked, which depends on who runs the test, and on who else runs.
    found = [answers()]
    until(lambda: found[-1][0] == found[-1][2] or found.append(answers()))
    assert found[-1][1] == ("lock_stale" if found[-1][0] else "lock_handles_hidden")


def test_looking_does_not_count_as_holding(tmp_path: Path) -> None:
    database = tmp_path / "app.db"
    database.write_text("data")
    with database.open() as _ours:
        child = subprocess.Popen([sys.executable, "-c", PROGRAM, str(database)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        assert database_holders(str(database))["holders"] == []
        child.kill()
        child.communicate()


def test_an_ordinary_user_sees_who_has_a_duckdb_open_and_who_has_not() -> None:
    """Nobody may look into other users' processes, but DuckDB's lock is in a list that everybody may read."""
    program = "import duckdb, sys\nkept = duckdb.connect(sys.argv[1])\nprint('up', flush=True)\nsys.stdin.read()"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        database = Path(folder) / "app.duckdb"
        command = [sys.executable, "-c", program, str(database)]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert holder.stdout is not None
        holder.stdout.readline()
        assert as_ordinary_user(database) == {"holders": [holder.pid], "complete": True}
        holder.communicate("")
        assert as_ordinary_user(database) == {"holders": [], "complete": True}


def as_ordinary_user(database: Path) -> dict[str, object]:
    """Return who has a file open, as somebody without privileges sees it."""
    program = (
        "import json, os, sys\n"
        "from ansible_collections.aiops.runbooks.plugins.module_utils.lock_facts import database_holders\n"
        "os.geteuid() or os.setuid(65534)\n"
        "print(json.dumps(database_holders(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(database)], capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found
