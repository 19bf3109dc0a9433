# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind service with pid files of real processes: alive, gone, replaced, unburied."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.patience import until_called, until_ended

from .asking import look

PROGRAM = "import sys, time; time.sleep(600)"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that sleeps, with a word of its own on its command line."""
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, "wiki-server"])
    until_called(child.pid, "wiki-server")
    yield child
    child.kill()
    child.wait()


def ask(path: Path, text: str | bytes, **keys: Any) -> dict[str, Any]:
    """Write a pid file and look at its service."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return look("service", manager="pid_file", pid_file=str(path), **keys)


def test_a_living_process_is_ok(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    result = ask(tmp_path / "pid", f"{process.pid}\n", command_contains="wiki-server")
    assert (result["state"], result["value"]) == ("ok", "active")
    assert result["metrics"]["main_pid"] == process.pid
    assert 0 <= result["metrics"]["since_seconds"] < 600
    assert "wiki-server" in result["evidence"][0]


def test_a_process_that_is_gone_is_critical(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    result = ask(tmp_path / "pid", str(child.pid))
    assert (result["state"], result["reason"]["id"], result["value"]) == ("critical", "service_pid_dead", "inactive")


def test_a_process_id_that_another_program_has_now_is_critical(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    result = ask(tmp_path / "pid", str(process.pid), command_contains="uvicorn")
    assert (result["state"], result["reason"]["id"]) == ("critical", "service_pid_reused")
    assert "wiki-server" in result["evidence"][0]


def test_a_process_younger_than_its_pid_file_is_doubtful(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    path = tmp_path / "pid"
    path.write_text(str(process.pid))
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    result = look("service", manager="pid_file", pid_file=str(path))
    assert (result["state"], result["reason"]["id"]) == ("unknown", "service_pid_doubtful")
    assert look("service", manager="pid_file", pid_file=str(path), command_contains="wiki-server")["state"] == "ok"


def test_a_process_that_nobody_buried_is_critical(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    until_ended(child.pid)
    result = ask(tmp_path / "pid", str(child.pid), command_contains="python")
    child.wait()
    assert (result["state"], result["reason"]["id"]) == ("critical", "service_process_defunct")


@pytest.mark.parametrize("text", ["", "\n", "starting", b"\x00\xff", "0", "-1"])
def test_a_pid_file_that_says_nothing_proves_nothing(tmp_path: Path, text: str | bytes) -> None:
    result = ask(tmp_path / "pid", text)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "service_pid_file_invalid")


def test_a_missing_pid_file_is_critical_and_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    result = look("service", manager="pid_file", pid_file=str(tmp_path / "none"))
    assert (result["state"], result["reason"]["id"]) == ("critical", "service_pid_file_missing")
    os.mkfifo(tmp_path / "fifo")
    result = look("service", manager="pid_file", pid_file=str(tmp_path / "fifo"))
    assert (result["state"], result["reason"]["id"]) == ("unknown", "not_a_regular_file")


@pytest.mark.parametrize("manager", ["systemd", "compose"])
def test_a_manager_that_is_not_there_is_unknown(manager: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = look("service", manager=manager, unit="wiki.service", compose_service="wiki")
    assert (result["state"], result["reason"]["id"]) == ("unknown", "command_missing")


@pytest.mark.parametrize("manager", ["systemd", "pid_file", "compose"])
def test_what_a_manager_needs_to_know_is_named(manager: str) -> None:
    result = look("service", manager=manager)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "parameter_needed")


def test_a_compose_project_that_is_not_there_is_critical(tmp_path: Path) -> None:
    directory = str(tmp_path / "none")
    result = look("service", manager="compose", compose_service="wiki", compose_project_directory=directory)
    assert (result["state"], result["reason"]) == ("critical", {"id": "file_missing", "fields": {"path": directory}})
