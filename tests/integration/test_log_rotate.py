# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation through Ansible: the plan, the deed, nothing left to do, and a writer that never pauses by itself."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import log_rotation_apply, process_pause
from ansible_collections.aiops.runbooks.plugins.module_utils.log_rotation import rotation_plan
from ansible_collections.aiops.runbooks.plugins.module_utils.process_pause import state_of
from tests.integration.ansible_module import call_module

#: A machine under load starts a program slowly, and a slow disk takes its time for what is written.
PATIENCE_SECONDS = 120
#: States of a process that nobody holds: it runs, or waits for something, such as the disk.
GOES_ON = ("R", "S", "D")
WRITER = Path(__file__).with_name("appending_writer.py")


@contextmanager
def writer(log: Path, threads: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """Run a writer until the body ends."""
    process = subprocess.Popen([sys.executable, str(WRITER), str(log), str(threads)])
    try:
        wait_for(lambda: log.exists() and log.stat().st_size > 20000)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def lines_of(log: Path) -> list[bytes]:
    """Return the lines of all copies and the log, the oldest first."""
    data = b""
    for copy in sorted(log.parent.glob(log.name + "-*")):
        data += gzip.decompress(copy.read_bytes()) if copy.suffix == ".gz" else copy.read_bytes()
    return (data + log.read_bytes()).splitlines()


def assert_nothing_lost(log: Path, threads: int = 2) -> None:
    """Every thread's numbers are there, once, in order."""
    numbers: dict[bytes, list[int]] = {}
    for line in lines_of(log):
        name, number, _text = line.split(b" ")
        numbers.setdefault(name, []).append(int(number))
    assert len(numbers) == threads
    for counted in numbers.values():
        assert counted == list(range(len(counted)))


def test_check_then_run_then_nothing_left(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"line\n" * 1000)
    log.chmod(0o640)
    (tmp_path / "small.log").write_bytes(b"line\n")
    arguments = {"paths": [str(tmp_path / "*.log")], "larger_than_bytes": 4000, "keep": 2}
    before = sorted(path.name for path in tmp_path.iterdir())
    planned = call_module("log_rotate", arguments, "--check", "--diff")
    assert planned.word == "CHANGED"
    assert planned.result["rotated"] == [{"path": str(log), "bytes": 5000, "method": "rename"}]
    assert f"+{log} (empty)" in planned.difference
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert log.stat().st_size == 5000
    done = call_module("log_rotate", arguments)
    assert done.word == "CHANGED"
    assert log.stat().st_size == 0
    assert log.stat().st_mode & 0o777 == 0o640
    (entry,) = done.result["rotated"]
    assert gzip.decompress(Path(entry["copy"]).read_bytes()) == b"line\n" * 1000
    again = call_module("log_rotate", arguments)
    assert (again.word, again.result["rotated"]) == ("SUCCESS", [])


def test_a_writer_that_keeps_its_descriptor_loses_no_line(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    with writer(log) as process:
        for _turn in range(2):
            wait_for(lambda: log.stat().st_size > 20000)
            done = call_module("log_rotate", {"paths": [str(log)], "larger_than_bytes": 10000})
            assert done.word == "CHANGED", done.result
            assert done.result["rotated"][0]["method"] == "copytruncate"
            assert state_of(process.pid) in GOES_ON
    assert len(list(tmp_path.glob("app.log-*.gz"))) == 2
    assert_nothing_lost(log)


def test_many_rotations_under_several_threads_lose_no_line(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    with writer(log, threads=4):
        for _turn in range(15):
            wait_for(lambda: log.stat().st_size > 5000)
            outcome = log_rotation_apply.apply(rotation_plan([str(log)], 4000, 100))
            assert outcome.failed == {}
    assert_nothing_lost(log, threads=4)


def test_a_rotation_killed_while_writers_are_held_lets_them_go_on_and_keeps_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "app.log"
    with writer(log) as process:
        child = os.fork()
        if child == 0:
            # Dies at the moment of truncation, with the writers held.
            monkeypatch.setattr(os, "ftruncate", lambda *_arguments: os.kill(os.getpid(), signal.SIGKILL))
            log_rotation_apply.apply(rotation_plan([str(log)], 4000, 5))
            os._exit(1)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        size = log.stat().st_size
        wait_for(lambda: log.stat().st_size > size)
        assert len(list(tmp_path.glob("app.log-*.partial"))) == 1
        plan = rotation_plan([str(log)], 4000, 5)
        assert list(plan.leftovers) == [str(log)]
        outcome = log_rotation_apply.apply(plan)
        assert outcome.failed == {}
        assert state_of(process.pid) in GOES_ON
    assert list(tmp_path.glob("*.partial")) == []
    assert_nothing_lost(log)


def test_a_disk_on_which_the_last_lines_take_too_long_costs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, written = tmp_path / "app.log", os.fsync
    monkeypatch.setattr(process_pause, "_GUARD_SECONDS", 0.5)
    monkeypatch.setattr(process_pause, "_MARGIN_SECONDS", 0.3)

    def slowly(descriptor: int) -> None:
        """Take longer than the guard holds the writers, and let them write."""
        size = log.stat().st_size
        wait_for(lambda: log.stat().st_size > size)
        written(descriptor)

    with writer(log):
        plan = rotation_plan([str(log)], 4000, 5)
        with monkeypatch.context() as slow:
            slow.setattr(os, "fsync", slowly)
            outcome = log_rotation_apply.apply(plan)
        assert "took too long" in outcome.failed[str(log)]
        assert os.listdir(tmp_path) == [log.name]
    assert_nothing_lost(log)


def test_a_copy_that_is_all_there_is_survives_an_interruption(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"new\n")
    (tmp_path / "app.log-20261120-060000.partial").write_bytes(b"old\n" * 10)
    outcome = log_rotation_apply.apply(rotation_plan([str(log)], 1000, 5))
    assert outcome.failed == {}
    log_rotation_apply.apply(rotation_plan([str(log)], 1000, 5))
    assert lines_of(log) == [b"old"] * 10 + [b"new"]


@pytest.mark.parametrize("method", ["rename", "copytruncate"])
def test_the_file_and_its_copy_keep_mode_and_attributes(tmp_path: Path, method: str) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"line\n" * 1000)
    log.chmod(0o604)
    os.setxattr(log, "user.shipper", b"yes")
    outcome = log_rotation_apply.apply(rotation_plan([str(log)], 100, 5, method))
    assert outcome.failed == {}
    for path in (log, Path(outcome.rotated[0]["copy"])):
        assert path.stat().st_mode & 0o777 == 0o604
        assert os.getxattr(path, "user.shipper") == b"yes"


def test_only_so_many_copies_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"line\n" * 100)
    for day in range(1, 5):
        (tmp_path / f"app.log-2026110{day}-060000.gz").write_bytes(gzip.compress(b"old\n"))
    foreign = tmp_path / "app.log-of-somebody-else"
    foreign.write_text("keep")
    done = call_module("log_rotate", {"paths": [str(log)], "larger_than_bytes": 100, "keep": 2})
    kept = sorted(path.name for path in tmp_path.glob("app.log-2*"))
    assert len(kept) == 2
    assert kept[0] == "app.log-20261104-060000.gz"
    assert len(done.result["removed"]) == 3
    assert foreign.exists()


def test_a_writer_that_does_not_append_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"line\n" * 1000)
    with log.open("r+b"):
        child = subprocess.Popen(["sleep", "3600"], stdout=log.open("r+b"))
        try:
            answer = call_module("log_rotate", {"paths": [str(log)], "larger_than_bytes": 100})
        finally:
            child.kill()
            child.wait()
    assert answer.word == "FAILED"
    assert "without appending" in answer.result["msg"]
    assert log.stat().st_size == 5000


def test_a_renamed_file_waits_for_its_writer_and_is_compressed_later(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"line\n" * 1000)
    arguments = {"paths": [str(log)], "larger_than_bytes": 100, "method": "rename", "wait_seconds": 0}
    child = subprocess.Popen(["sleep", "3600"], stdout=log.open("ab"))
    try:
        first = call_module("log_rotate", arguments)
    finally:
        child.kill()
        child.wait()
    assert len(first.result["still_open"]) == 1
    second = call_module("log_rotate", arguments)
    assert second.result["compressed"] == [first.result["still_open"][0] + ".gz"]
    assert call_module("log_rotate", arguments).word == "SUCCESS"
    assert lines_of(log) == [b"line"] * 1000


@pytest.mark.parametrize("keep", [True, False])
def test_the_reopen_command_runs_and_its_failure_is_named(tmp_path: Path, keep: bool) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"line\n" * 1000)
    command = ["touch", str(tmp_path / "reopened")] if keep else ["false"]
    arguments = {"paths": [str(log)], "larger_than_bytes": 100, "method": "rename", "reopen_command": command}
    answer = call_module("log_rotate", arguments)
    assert (answer.word == "CHANGED") is keep
    assert (tmp_path / "reopened").exists() is keep
    if not keep:
        assert "false ended with status 1" in answer.result["msg"]


def test_links_are_left_alone_and_missing_files_are_named(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"x" * 5000)
    (tmp_path / "app.log").symlink_to(precious)
    answer = call_module("log_rotate", {"paths": [str(tmp_path / "app.log")], "larger_than_bytes": 100})
    assert (answer.word, answer.result["skipped_paths"]) == ("SUCCESS", [str(tmp_path / "app.log")])
    missing = call_module("log_rotate", {"paths": [str(tmp_path / "missing.log")]})
    assert missing.word == "FAILED"
    assert str(tmp_path / "missing.log") in missing.result["msg"]
