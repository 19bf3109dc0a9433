# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock that is taken anew or replaced by a link between look and act; a call that is killed at any step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import lock_cleanup, lock_quarantine
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from tests.unit.locks.locking import freed, is_free, names


def test_a_planted_link_is_neither_followed_nor_moved(settings: lock_cleanup.LockSettings, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    os.rename(settings.lock_path, str(tmp_path / "gone"))
    found_before = lock_cleanup.look(settings, time.time())
    os.symlink(precious, settings.lock_path)
    assert found_before.verdict == "none"
    assert lock_cleanup.look(settings, time.time()).reason == "lock_not_a_lock"
    assert freed(settings).put_aside == []
    assert os.path.islink(settings.lock_path)


def test_a_link_that_replaces_the_lock_after_the_look_stops_everything(
    settings: lock_cleanup.LockSettings, tmp_path: Path
) -> None:
    found = lock_cleanup.look(settings, time.time())
    os.rename(settings.lock_path, str(tmp_path / "gone"))
    os.symlink("/etc", settings.lock_path)
    with pytest.raises(RunbooksError, match="taken anew"):
        lock_cleanup.free(settings, found, lock_cleanup.LockOutcome())
    assert os.path.islink(settings.lock_path)


def retake(settings: lock_cleanup.LockSettings) -> None:
    """Take the lock as another run of the application does, which found it stale as well."""
    path = settings.lock_path
    if os.path.isdir(path):
        os.rmdir(path)
        os.mkdir(path)
    else:
        os.unlink(path)
        Path(path).touch()
    Path(str(settings.pid_path)).write_text(str(os.getpid()))


def test_a_lock_that_is_taken_anew_before_the_act_stays(settings: lock_cleanup.LockSettings) -> None:
    found = lock_cleanup.look(settings, time.time())
    retake(settings)
    with pytest.raises(RunbooksError, match="taken anew"):
        lock_cleanup.free(settings, found, lock_cleanup.LockOutcome())
    assert names(settings) == ["app.db", "app.lock", "app.pid"]
    assert os.path.lexists(settings.lock_path)


def test_a_lock_that_is_taken_anew_during_the_act_gets_its_name_back(
    settings: lock_cleanup.LockSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, real, calls = lock_cleanup.look(settings, time.time()), lock_quarantine.rename_without_replacing, []

    def late(source: str, target: str) -> None:
        if not calls:
            retake(settings)
        calls.append(source)
        real(source, target)

    monkeypatch.setattr(lock_quarantine, "rename_without_replacing", late)
    with pytest.raises(RunbooksError, match="has its name back"):
        lock_cleanup.free(settings, found, lock_cleanup.LockOutcome())
    assert len(calls) == 2
    assert os.path.lexists(settings.lock_path)
    assert names(settings) == ["app.db", "app.lock", "app.pid"]


KILLED = """
import os, signal, sys, time
from ansible_collections.aiops.runbooks.plugins.module_utils import lock_cleanup, lock_quarantine
real, calls, when = lock_quarantine.rename_without_replacing, [], sys.argv[1]
def rename(source, target):
    calls.append(source)
    if when == f"before {len(calls)}":
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
    if when == f"after {len(calls)}":
        os.kill(os.getpid(), signal.SIGKILL)
lock_quarantine.rename_without_replacing = rename
lock, pid, database = sys.argv[2:]
settings = lock_cleanup.LockSettings(lock, pid, database, None, 1800, 0.1, (), 0.5)
lock_cleanup.free(settings, lock_cleanup.look(settings, time.time()), lock_cleanup.LockOutcome())
"""


@pytest.mark.parametrize("when", ["before 1", "after 1", "before 2", "after 2"])
def test_what_is_killed_at_any_step_is_completed_by_the_next_call(
    settings: lock_cleanup.LockSettings, when: str
) -> None:
    places = [settings.lock_path, str(settings.pid_path), str(settings.database)]
    killed = subprocess.run([sys.executable, "-c", KILLED, when, *places], check=False)
    assert killed.returncode == -signal.SIGKILL
    freed(settings)
    assert is_free(settings)
