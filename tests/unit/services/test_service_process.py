# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services known by their pid files, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import service_process
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.service_control import apply, plan
from ansible_collections.aiops.runbooks.plugins.module_utils.service_state import Service, Snapshot, look
from tests.unit.patience import PATIENCE_SECONDS, until, until_called, until_ended

SLEEPS = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Any]:
    """Return a function that names a service of a program; what it started is ended in the end."""
    pid_file = tmp_path / "wiki.pid"

    def named(program: str = SLEEPS) -> Service:
        return Service(
            "wiki",
            "pid_file",
            pid_file=str(pid_file),
            command_contains="wiki-marker",
            start_command=[sys.executable, "-c", program, "wiki-marker"],
            log_file=str(tmp_path / "wiki.log"),
        )

    yield named
    try:
        process = service_process.find(str(pid_file), "wiki-marker")
    except RunbooksError:
        return  # The test put something else there.
    if process is not None:
        service_process.send(process, signal.SIGKILL)


def now(service: Service) -> Snapshot:
    """Look at a service."""
    return look(service, time.monotonic() + PATIENCE_SECONDS)


def reach(
    service: Service,
    state: str,
    timeout: float = PATIENCE_SECONDS,
    force: float | None = None,
    steady_seconds: float = 0.2,
) -> tuple[Snapshot, list[str]]:
    """Bring a service to a state."""
    before = now(service)
    return apply(service, before, plan(before, state), timeout, force, steady_seconds=steady_seconds)


def test_start_restart_and_stop(service: Any, tmp_path: Path) -> None:
    wiki = service()
    started, _did = reach(wiki, "started")
    assert started.active
    assert started.pid == int((tmp_path / "wiki.pid").read_text())
    assert plan(now(wiki), "started") == []
    restarted, did = reach(wiki, "restarted")
    assert restarted.instance != started.instance
    assert did == [f"sent SIGTERM to process {started.pid}", f"started process {restarted.pid}"]
    stopped, _did = reach(wiki, "stopped")
    assert (stopped.active, plan(now(wiki), "stopped")) == (False, [])
    assert not (tmp_path / "wiki.pid").exists()


def test_what_does_not_stop_is_killed_only_where_that_is_allowed(service: Any, tmp_path: Path) -> None:
    wiki = service(DEAF)
    started, _did = reach(wiki, "started")
    until(lambda: "deaf" in (tmp_path / "wiki.log").read_text())
    with pytest.raises(RunbooksError, match="wiki does not stop in time"):
        reach(wiki, "stopped", timeout=0.4)
    assert now(wiki).pid == started.pid
    stopped, did = reach(wiki, "stopped", force=0.1)
    assert not stopped.active
    assert did[-1] == f"sent SIGKILL to process {started.pid}"


def test_a_program_that_ends_at_once_was_not_started(service: Any) -> None:
    with pytest.raises(RunbooksError, match=r"wiki did not stay up|ended at once"):
        reach(service("raise SystemExit(3)"), "started", steady_seconds=PATIENCE_SECONDS)


def test_a_process_without_a_command_line_is_just_becoming_a_program_or_ending(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiki = service()
    started, _did = reach(wiki, "started")
    assert started.process is not None
    read, answers = service_process._command_line, ["", ""]
    monkeypatch.setattr(service_process, "_command_line", lambda pid: answers.pop() if answers else read(pid))
    assert now(wiki).pid == started.pid

    def end(_pid: int) -> str:
        os.kill(started.process.pid, signal.SIGKILL)
        return ""

    monkeypatch.setattr(service_process, "_command_line", end)
    assert not now(wiki).active


def test_a_program_that_is_not_there_names_itself(service: Any, tmp_path: Path) -> None:
    wiki = Service(**{**service().__dict__, "start_command": [str(tmp_path / "missing")]})
    with pytest.raises(RunbooksError, match="missing cannot be started: No such file"):
        reach(wiki, "started")


def test_a_reused_process_id_is_nobodys_service(service: Any, tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEPS, "stranger"])
    try:
        until_called(stranger.pid, "stranger")
        pid_file = tmp_path / "wiki.pid"
        pid_file.write_text(f"{stranger.pid}\n")
        os.utime(pid_file, (time.time() - 3600, time.time() - 3600))
        wiki = service()
        assert now(wiki) == Snapshot(False, "stopped")
        started, _did = reach(wiki, "started")
        assert started.pid != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_with_another_command_line_is_never_signalled(service: Any, tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEPS, "stranger"])
    try:
        until_called(stranger.pid, "stranger")
        (tmp_path / "wiki.pid").write_text(f"{stranger.pid}\n")
        with pytest.raises(RunbooksError, match="does not contain 'wiki-marker'"):
            reach(service(), "stopped")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("text", ["", "none", "-1", "12 34x"])
def test_a_pid_file_that_says_nothing_is_an_error(service: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "wiki.pid").write_text(text)
    if text == "12 34x":
        # The first word counts, as daemons write more after it; nobody has this process id in the test's container.
        (tmp_path / "wiki.pid").write_text("4194303 34x")
        assert not now(service()).active
        return
    with pytest.raises(RunbooksError, match="which is no process id"):
        now(service())


def test_a_link_in_place_of_the_pid_file_is_not_followed(service: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(str(os.getpid()))
    (tmp_path / "wiki.pid").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunbooksError, match="cannot be read"):
        now(service())
    (tmp_path / "wiki.pid").unlink()


def test_the_remains_of_a_process_are_no_process(service: Any, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass", "wiki-marker"])
    until_ended(ended.pid)
    (tmp_path / "wiki.pid").write_text(str(ended.pid))
    assert not now(service()).active
    ended.wait()
