# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service's own processes use: by what /proc says of them, and of processes that were started for it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import process_usage
from ansible_collections.aiops.runbooks.plugins.module_utils.process_table import Process, family, read_process
from tests.unit.cases import load_cases
from tests.unit.patience import given_time

from .asking import differences, judged, look

#: Holds 64 MiB, starts a child with as much, and both are busy.
PROGRAM = """
import os, sys
parent = os.getppid()
kept = bytearray(os.urandom(1 << 20)) * 64
if len(sys.argv) < 2:
    os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, __file__, "child"])
print("ready", flush=True)
while os.getppid() == parent:
    pass
"""


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_process_usage"))
def test_what_processes_use(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    for key in ("before", "after"):
        read = [read_process(*texts) for texts in arguments[key]]
        arguments[key] = [process for process in read if process is not None]
    result = judged("process_usage", lambda: process_usage.observe(**arguments), arguments)
    assert not differences(result, expected)


@given(stat=st.text(max_size=300), status=st.text(max_size=300), command=st.text(max_size=100))
def test_any_text_is_a_process_or_none(stat: str, status: str, command: str) -> None:
    for head in (stat, f"7 (a) S {stat}", "7 (a) b) S 1 " + "2 " * 18 + stat):
        assert read_process(head, status, command) is None or isinstance(read_process(head, status, command), Process)


def test_a_family_is_everybody_who_descends() -> None:
    processes = [Process(pid, parent, "", 0, 1, 0, 0, 0) for pid, parent in ((4, 3), (3, 2), (2, 1), (9, 1), (8, 8))]
    assert [process.pid for process in family([2], processes)] == [4, 3, 2]


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Path]:
    """Run the program and return the path of its pid file."""
    program = tmp_path / "busy.py"
    program.write_text(PROGRAM, encoding="utf-8")
    running = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, start_new_session=True)
    assert running.stdout is not None
    # Itself and its child.
    assert [running.stdout.readline() for _process in range(2)] == [b"ready\n"] * 2
    pid_file = tmp_path / "busy.pid"
    pid_file.write_text(f"{running.pid}\n", encoding="utf-8")
    yield pid_file
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


@pytest.mark.parametrize("manager", ["pid_file", "command"])
def test_a_process_and_its_child_are_measured_together(busy: Path, manager: str) -> None:
    # No other test, and no other run of this one, has a program at this path.
    mark = str(busy.with_name("busy.py"))
    asked = {"manager": manager, "pid_file": str(busy), "command_contains": mark, "warning": "> 100000000"}
    # What a busy machine leaves to two processes that never wait, in half a second or in more; one that waits has
    # nothing.
    result = given_time(
        lambda limit: look("process_usage", sample_seconds=limit / 2, **asked),
        lambda seen: seen["metrics"]["cpu_percent"] > 1,
    )
    assert result["metrics"]["cpu_percent"] > 1
    assert (result["state"], result["reason"]["id"]) == ("warning", "level_reached")
    assert 128 << 20 < result["value"] < 250 << 20
    assert result["metrics"]["processes"] == 2
    assert result["metrics"]["open_files"] >= 6
    assert 0 <= result["metrics"]["since_seconds"] < 600
    assert all(mark in line for line in result["evidence"])


def test_a_reused_process_id_is_not_measured(busy: Path) -> None:
    result = look("process_usage", manager="pid_file", pid_file=str(busy), command_contains="something else")
    assert (result["state"], result["reason"]["id"]) == ("unknown", "no_processes")


def test_a_program_that_runs_only_now_and_then_need_not_run(tmp_path: Path) -> None:
    result = look("process_usage", manager="command", command_contains=str(tmp_path), warning="> 1")
    assert (result["state"], result["value"], result["metrics"]["processes"]) == ("ok", None, 0)


def test_a_missing_pid_file_is_named(tmp_path: Path) -> None:
    result = look("process_usage", manager="pid_file", pid_file=str(tmp_path / "absent.pid"))
    assert (result["state"], result["reason"]["id"]) == ("critical", "file_missing")


def test_a_parameter_that_its_manager_needs_is_named() -> None:
    result = look("process_usage", manager="systemd")
    assert (result["state"], result["reason"]["id"]) == ("unknown", "parameter_needed")
