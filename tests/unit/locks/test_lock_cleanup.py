# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks are freed only when their holders are dead, or stuck and may be stopped: with real processes."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import lock_cleanup
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.file_lock import exclusive, locked_by
from ansible_collections.aiops.runbooks.plugins.module_utils.lock_facts import boot_time, process_facts
from ansible_collections.aiops.runbooks.plugins.module_utils.process_identity import descendants, identify, send
from ansible_collections.aiops.runbooks.plugins.module_utils.process_progress import progress_of
from tests.unit.cases import load_cases
from tests.unit.locks.locking import SLEEPER, STUBBORN, WORKER, Start, aged, freed, is_free, resting, until_it_works
from tests.unit.patience import PATIENCE_SECONDS, until


@pytest.fixture
def superuser() -> None:
    """Say that a test needs other users."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only the superuser can become another user")


@pytest.mark.parametrize(("arguments", "expected"), load_cases("progress_of"))
def test_progress_is_any_sign_of_work(arguments: dict[str, Any], expected: str) -> None:
    assert progress_of(**arguments) == expected


def test_a_dead_holders_lock_is_put_aside_and_the_second_time_there_is_nothing_to_do(
    settings: lock_cleanup.LockSettings,
) -> None:
    assert [one["path"] for one in freed(settings).put_aside] == [settings.lock_path, settings.pid_path]
    assert is_free(settings)
    assert freed(settings).put_aside == []


def test_a_lock_without_a_believable_pid_stays(settings: lock_cleanup.LockSettings) -> None:
    for text in ("", "garbage", "-1"):
        Path(str(settings.pid_path)).write_text(text)
        assert lock_cleanup.look(settings, time.time()).verdict == "unknown"
        assert freed(settings).put_aside == []
    os.unlink(str(settings.pid_path))
    assert freed(settings).put_aside == []
    assert os.path.lexists(settings.lock_path)


def test_a_holder_at_work_keeps_its_lock_however_old(settings: lock_cleanup.LockSettings, start: Start) -> None:
    pid = start(WORKER).pid
    Path(str(settings.pid_path)).write_text(str(pid))
    aged(settings)
    found = lock_cleanup.look(settings, time.time(), lambda _seconds: until_it_works(pid))
    assert (found.verdict, found.fields["progress"]) == ("held", "working")


def test_a_sleeping_holder_is_not_stuck_before_its_time(settings: lock_cleanup.LockSettings, start: Start) -> None:
    Path(str(settings.pid_path)).write_text(str(start(SLEEPER).pid))
    assert lock_cleanup.look(settings, time.time()).verdict == "held"


def test_waiting_ends_when_the_holder_does(settings: lock_cleanup.LockSettings, start: Start) -> None:
    holder = start(SLEEPER)
    Path(str(settings.pid_path)).write_text(str(holder.pid))
    found = lock_cleanup.look(settings, time.time())
    assert found.verdict == "held"
    threading.Timer(0.5, holder.kill).start()
    assert lock_cleanup.wait_for_holder(settings, PATIENCE_SECONDS, found).verdict == "stale"


@pytest.mark.parametrize(
    ("program", "grace_seconds", "sent"), [(SLEEPER, 60, ["SIGTERM"]), (STUBBORN, 0.5, ["SIGTERM", "SIGKILL"])]
)
def test_a_stuck_holder_is_asked_to_end_and_then_made_to(
    settings: lock_cleanup.LockSettings, start: Start, program: str, grace_seconds: float, sent: list[str]
) -> None:
    settings = dataclasses.replace(settings, grace_seconds=grace_seconds)
    holder = resting(start(program))
    Path(str(settings.pid_path)).write_text(str(holder.pid))
    aged(settings)
    found = lock_cleanup.look(settings, time.time())
    assert found.verdict == "stuck"
    outcome = lock_cleanup.LockOutcome()
    lock_cleanup.free(settings, found, outcome)
    assert [line.split()[0] for line in outcome.signals] == sent
    assert holder.wait(PATIENCE_SECONDS) in (-signal.SIGTERM, -signal.SIGKILL)
    assert is_free(settings)


def test_what_a_stuck_wrapper_started_ends_with_it(settings: lock_cleanup.LockSettings, start: Start) -> None:
    wrapper = resting(start(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {SLEEPER!r}])"))
    Path(str(settings.pid_path)).write_text(str(wrapper.pid))
    aged(settings)
    found = lock_cleanup.look(settings, time.time())
    assert (found.verdict, len(found.holder)) == ("stuck", 2)
    lock_cleanup.free(settings, found, lock_cleanup.LockOutcome())
    assert not [one for one in found.holder if identify(one.pid) == one]


def test_a_number_that_was_given_away_gets_no_signal(start: Start) -> None:
    other = start(SLEEPER)
    identity = identify(other.pid)
    assert identity is not None
    for different in (
        dataclasses.replace(identity, started_ticks=identity.started_ticks - 1),
        dataclasses.replace(identity, boot_id="another"),
        dataclasses.replace(identity, command="another"),
        dataclasses.replace(identity, executable="/usr/bin/another"),
    ):
        assert send(different, signal.SIGKILL) is False
    assert other.poll() is None


def test_a_lock_that_somebody_still_has_open_stays(settings: lock_cleanup.LockSettings, start: Start) -> None:
    database = str(settings.database)
    program = f"import fcntl\nkept = open({database!r}, 'r+')\nfcntl.lockf(kept, fcntl.LOCK_EX)\n" + SLEEPER
    # In another namespace its number means nothing here, and it need not be a child of the holder either.
    holder = start(program, "unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
    assert locked_by(database)
    found = lock_cleanup.look(settings, time.time())
    assert (found.verdict, found.reason) == ("unknown", "lock_database_open")
    holder.kill()
    holder.wait()
    until(lambda: not locked_by(database))
    assert lock_cleanup.look(settings, time.time()).verdict == "stale"


def test_a_process_of_another_namespace_is_neither_dead_nor_stopped(
    settings: lock_cleanup.LockSettings, start: Start
) -> None:
    program = "import os\nprint(os.getpid(), flush=True)\nimport time\ntime.sleep(600)"
    start(program, "unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
    # Inside it is process 1, which is somebody else's number here.
    Path(str(settings.pid_path)).write_text("1")
    aged(settings)
    found = lock_cleanup.look(settings, time.time())
    assert found.verdict in ("held", "unknown")
    first = identify(1)
    assert first is not None
    with pytest.raises(RunbooksError, match="never sent"):
        send(first, signal.SIGTERM)


def test_a_file_can_be_kept_for_oneself_only_while_nobody_else_has_it(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    path.touch()
    program = (
        "import sys\n"
        "from ansible_collections.aiops.runbooks.plugins.module_utils.file_lock import exclusive\n"
        "with exclusive(sys.argv[1]): pass"
    )
    with exclusive(str(path)):
        assert subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, check=False).returncode
    assert not subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode


def test_a_zombies_lock_is_put_aside(settings: lock_cleanup.LockSettings, start: Start) -> None:
    holder = start(SLEEPER)
    Path(str(settings.pid_path)).write_text(str(holder.pid))
    holder.kill()
    # Nobody collects it: /proc has it until the test ends.
    until(lambda: process_facts(holder.pid, None)["zombie"])
    assert Path(f"/proc/{holder.pid}").exists()
    freed(settings)
    assert is_free(settings)


def test_whoever_has_a_dead_holders_number_now_goes_on(settings: lock_cleanup.LockSettings, start: Start) -> None:
    other = start(SLEEPER)
    Path(str(settings.pid_path)).write_text(str(other.pid))
    # The number was written before this process began, so it was another one's.
    then = max(time.time() - 3600, (boot_time() or 0.0) + 5)
    for path in (settings.lock_path, str(settings.pid_path)):
        os.utime(path, (then, then))
    assert freed(settings).signals == []
    assert is_free(settings)
    assert other.poll() is None


AS_NOBODY = """
import json, os, signal, sys, time
from ansible_collections.aiops.runbooks.plugins.module_utils import lock_cleanup
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.process_identity import identify, send
pid = int(sys.argv[3])
os.setgid(65534)
os.setuid(65534)
settings = lock_cleanup.LockSettings(sys.argv[1], sys.argv[2], None, None, 1800, 0.3, (), 0.5)
found = lock_cleanup.look(settings, time.time())
outcome = lock_cleanup.LockOutcome()
if lock_cleanup.plan(settings, found).put_aside:
    lock_cleanup.free(settings, found, outcome)
try:
    refusal = send(identify(pid), signal.SIGKILL)
except RunbooksError as error:
    refusal = str(error)
print(json.dumps([found.verdict, outcome.put_aside, outcome.signals, refusal]))
"""


@pytest.mark.usefixtures("superuser")
def test_another_users_process_is_neither_dead_nor_stopped(settings: lock_cleanup.LockSettings, start: Start) -> None:
    holder = resting(start(SLEEPER))
    with tempfile.TemporaryDirectory() as folder:
        # Nobody may enter, and could rename: what stops it is what it knows, not what it must not do. The directories
        # that pytest makes are closed to others, and every run that begins closes them again.
        Path(folder).chmod(0o777)
        lock, pid_file = shutil.move(settings.lock_path, folder), Path(folder, "app.pid")
        pid_file.write_text(str(holder.pid))
        aged(dataclasses.replace(settings, lock_path=lock))
        command = [sys.executable, "-c", AS_NOBODY, lock, str(pid_file), str(holder.pid)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert os.path.lexists(lock)
    verdict, put_aside, signals, refusal = json.loads(done.stdout)
    assert (verdict in ("held", "unknown"), put_aside, signals) == (True, [], [])
    assert "is another user's and cannot be stopped" in refusal
    assert holder.poll() is None


@pytest.mark.usefixtures("superuser")
def test_the_superuser_stops_another_users_stuck_process(settings: lock_cleanup.LockSettings, start: Start) -> None:
    holder = resting(start("import os\nos.setgid(65534)\nos.setuid(65534)\n" + SLEEPER))
    assert os.stat(f"/proc/{holder.pid}").st_uid == 65534
    Path(str(settings.pid_path)).write_text(str(holder.pid))
    aged(settings)
    found = lock_cleanup.look(settings, time.time())
    assert found.verdict == "stuck"
    lock_cleanup.free(settings, found, lock_cleanup.LockOutcome())
    assert holder.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    assert is_free(settings)


OWN_PROC = """
import os, sys, time
wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 0
while True:
    child = os.fork()
    if child == 0:
        time.sleep(0 if os.getpid() != wanted else 600)
        os._exit(0)
    if child == wanted:
        break
    os.waitpid(child, 0)
print("up", os.listdir("/proc").count("1"), flush=True)
time.sleep(600)
"""


def test_a_number_of_another_namespace_with_a_proc_of_its_own_proves_nothing(
    settings: lock_cleanup.LockSettings, start: Start
) -> None:
    # A container writes its own number into a pid file that it shares: here nobody has it, and that proves no death.
    free = next(number for number in range(10, 30000) if not os.path.exists(f"/proc/{number}"))
    program = OWN_PROC.replace("int(sys.argv[1]) if len(sys.argv) > 1 else 0", str(free))
    own_proc = ("--pid", "--fork", "--mount-proc", "--kill-child")
    holder = start(program, "unshare", "--user", "--map-root-user", *own_proc)
    [first] = [pid for pid in descendants(holder.pid) if _number_inside(pid) == 1]
    assert not os.path.exists(f"/proc/{free}")
    aged(settings)
    for number in (free, first, 1):
        Path(str(settings.pid_path)).write_text(str(number))
        found = lock_cleanup.look(settings, time.time())
        assert found.verdict in ("held", "unknown"), found
        outcome = freed(settings)
        assert (outcome.put_aside, outcome.signals) == ([], [])
    assert holder.poll() is None


def _number_inside(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1])
