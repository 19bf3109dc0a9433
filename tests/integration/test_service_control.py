# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""service_control through Ansible: the plan, the deed, nothing left to do, and the way back."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.integration.ansible_module import call_module


def test_check_then_start_then_nothing_left_then_stop(tmp_path: Path) -> None:
    pid_file = tmp_path / "wiki.pid"
    arguments = {
        "name": "wiki",
        "manager": "pid_file",
        "pid_file": str(pid_file),
        "command_contains": "wiki-marker",
        "start_command": [sys.executable, "-c", "import time; time.sleep(3600)", "wiki-marker"],
        "steady_seconds": 0.2,
        "state": "started",
    }
    planned = call_module("service_control", arguments, "--check", "--diff")
    assert (planned.word, planned.result["steps"]) == ("CHANGED", ["start"])
    assert "-stopped" in planned.difference
    assert "+running" in planned.difference
    assert not pid_file.exists()
    started = call_module("service_control", arguments)
    try:
        assert (started.word, started.result["steps"]) == ("CHANGED", ["start"])
        assert started.result["after"]["pid"] == int(pid_file.read_text())
        again = call_module("service_control", arguments)
        assert (again.word, again.result["before"]) == ("SUCCESS", again.result["after"])
    finally:
        stopped = call_module("service_control", {**arguments, "state": "stopped"})
    assert (stopped.word, stopped.result["after"]["active"]) == ("CHANGED", False)
    assert not pid_file.exists()


def test_what_a_manager_needs_is_asked_for() -> None:
    refused = call_module("service_control", {"name": "wiki", "state": "started", "manager": "pid_file"})
    assert "pid_file, command_contains" in refused.result["msg"]
