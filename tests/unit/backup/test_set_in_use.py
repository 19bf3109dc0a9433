# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set that another process reads is not removed: restores, drills, verifications and copies in their middle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import set_lock
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention import Keep
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention_apply import Question, make_plan, remove
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from tests.hosts.definition import CHECKOUT
from tests.integration.ansible_module import call_module
from tests.unit.restore import little_system as little

OLD, NEW = "20260801_030001", little.SET
KEEP = Keep(delete_after_days=60, last=1)
NOW = 1795230000.0
#: A process that restores, drills or verifies, and waits in the middle of it until its input ends.
READER = """
import pathlib, sys, time
from ansible_collections.aiops.runbooks.plugins.module_utils import backup_look, restore_work
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_drill import Expectations, drill
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import Settings, take
from tests.unit.restore import little_system as little

root, name, work = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
place = backup_look if work == "verify" else restore_work
reads = "verify_set" if work == "verify" else "unpack"
original = getattr(place, reads)

def stop(*arguments, **named):
    print("reads", flush=True)
    sys.stdin.read()
    return original(*arguments, **named)

setattr(place, reads, stop)
asked = little.request(root, root / "production", set=name)
now = time.time()
if work == "restore":
    take("stage", asked, Settings(str(root / "state"), "", 14, False), now)
elif work == "drill":
    drill(asked, str(root / "scratch"), Expectations(tolerance_percent=100), Context(now, time.monotonic() + 600))
else:
    backup_look.look_at_sets(str(root / "sets"), name, "integrity", 0, "%Y%m%d_%H%M%S", "UTC", lambda: 600.0)
"""
#: A way to another host that takes as long as somebody wants.
SLOW_SSH = """#!/bin/sh
touch {0}/reads
while ! [ -e {0}/go-on ]; do sleep 0.02; done
exit 255
"""


@pytest.fixture
def question(tmp_path: Path) -> Question:
    """Return where a set lies whose time is over, beside a new one."""
    place = little.production(tmp_path)
    for name in (OLD, NEW):
        little.make_set(tmp_path, place, name)
    return Question(str(tmp_path / "sets"), "%Y%m%d_%H%M%S", "UTC")


def remaining() -> float:
    """Return seconds that are left."""
    return 60.0


@contextlib.contextmanager
def reader(root: Path, work: str) -> Iterator[int]:
    """Do some work in another process, up to where it reads the set; go on with it afterwards, and see it succeed."""
    command = [sys.executable, "-c", READER, str(root), OLD, work]
    variables = {**os.environ, "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / '.cache' / 'collections'}"}
    with subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            assert process.stdout.readline() == "reads\n"
            yield process.pid
        finally:
            process.stdin.close()
            assert process.wait(60) == 0


@pytest.mark.parametrize("work", ["restore", "drill", "verify"])
def test_a_set_that_is_read_stays_until_nobody_reads_it(tmp_path: Path, question: Question, work: str) -> None:
    free = make_plan(question, KEEP, NOW, remaining)
    assert [one.name for one in free.due] == [OLD]
    with reader(tmp_path, work) as pid:
        planned = make_plan(question, KEEP, NOW, remaining)
        assert (planned.due, planned.in_use) == ([], [f"{OLD} is in use by process {pid}"])
        # Planned before somebody began to read.
        kept = remove(question, free.due)
        assert (kept.names, kept.in_use) == ([], planned.in_use)
        assert (tmp_path / "sets" / OLD / "app.db").exists()
    assert remove(question, make_plan(question, KEEP, NOW, remaining).due).names == [OLD]
    assert os.listdir(tmp_path / "sets") == [NEW]


def test_a_copy_to_another_host_keeps_the_set(
    tmp_path: Path, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ssh").write_text(SLOW_SSH.format(tmp_path))
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    source = {"source": f"{question.root}/{OLD}", "destination": "vault:/srv/sets"}
    arguments = {"directory": question.root, "keep": {"delete_after_days": 60}}
    with ThreadPoolExecutor() as pool:
        copied = pool.submit(call_module, "offsite_rsync", source)
        try:
            deadline = time.monotonic() + 60
            while not (tmp_path / "reads").exists():
                assert time.monotonic() < deadline, "it never asked the other host"
                time.sleep(0.02)
            for options in (["--check"], []):
                kept = call_module("backup_retention", arguments, *options).result
                assert (kept["changed"], kept["due"], kept["removed"]) == (False, [], [])
                assert kept["in_use"][0].startswith(f"{OLD} is in use by process ")
        finally:
            (tmp_path / "go-on").touch()
        assert copied.result(60).word == "FAILED", "the other host does not answer"
    assert call_module("backup_retention", arguments).result["removed"] == [OLD]


def test_a_reader_that_was_killed_keeps_nothing(tmp_path: Path, question: Question) -> None:
    with contextlib.suppress(AssertionError), reader(tmp_path, "restore") as pid:
        os.kill(pid, signal.SIGKILL)
    assert [one.name for one in make_plan(question, KEEP, NOW, remaining).due] == [OLD]


def test_a_set_that_is_being_removed_is_no_set_to_restore(tmp_path: Path, question: Question) -> None:
    path = str(tmp_path / "sets" / OLD)
    with set_lock.alone(path):
        with pytest.raises(RunbooksError, match="is being removed"), set_lock.reading(path, wait_seconds=0.1):
            raise AssertionError("it was read")
        os.rename(path, f"{tmp_path}/sets/.trash-{OLD}")
    with pytest.raises(FileNotFoundError), set_lock.reading(path):
        raise AssertionError("it was read")
    assert make_plan(question, KEEP, NOW, remaining).leftovers == [f".trash-{OLD}"]
