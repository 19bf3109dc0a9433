# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""application_run and lock_cleanup through Ansible: the plan, the deed, nothing left to do, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.integration.ansible_module import call_module
from tests.unit.databases.making import everything_in


def lock_of_a_dead_run(folder: Path) -> dict[str, Any]:
    """Make a lock, a pid file and a database; return the module's arguments."""
    (folder / "app.lock.d").mkdir()
    (folder / "app.pid").write_text("4194303")
    (folder / "app.db").write_text("data")
    return {
        "lock_path": str(folder / "app.lock.d"),
        "pid_path": str(folder / "app.pid"),
        "database": str(folder / "app.db"),
        "command_contains": "src/main.py",
    }


def test_a_lock_is_planned_freed_and_then_there_is_none(tmp_path: Path) -> None:
    arguments = lock_of_a_dead_run(tmp_path)
    before = everything_in(tmp_path)
    planned = call_module("lock_cleanup", arguments, "--check", "--diff")
    assert (planned.word, planned.result["verdict"]) == ("CHANGED", "stale")
    assert everything_in(tmp_path) == before
    assert f"-{arguments['pid_path']}" in planned.difference
    done = call_module("lock_cleanup", arguments)
    assert [one["path"] for one in done.result["put_aside"]] == [one["path"] for one in planned.result["put_aside"]]
    assert sorted(path.name.partition(".stale-")[0] for path in tmp_path.iterdir()) == [
        "app.db",
        "app.lock.d",
        "app.pid",
    ]
    again = call_module("lock_cleanup", arguments)
    assert (again.word, again.result["verdict"]) == ("SUCCESS", "none")


def test_what_is_not_proven_fails_with_the_reason(tmp_path: Path) -> None:
    arguments = lock_of_a_dead_run(tmp_path)
    (tmp_path / "app.pid").write_text("garbage")
    answer = call_module("lock_cleanup", arguments)
    assert (answer.word, answer.result["reason"]) == ("FAILED", "lock_without_pid")
    assert "left alone" in answer.result["msg"]


def test_a_run_is_planned_with_what_it_requires_and_judged_by_what_it_leaves(tmp_path: Path) -> None:
    program = 'import pathlib, sys\nif len(sys.argv) > 1: pathlib.Path(sys.argv[1]).write_text(\'{"run_id": "a1"}\')'
    arguments = {
        "argv": [sys.executable, "-c", program],
        "requires": {"jobs_input": ""},
        "produces": [str(tmp_path / "*.json")],
        "figures": [{"name": "run_id", "key": "run_id"}],
        "secret_environment": {"KEY": "very-secret"},
    }
    refused = call_module("application_run", arguments, "--check")
    assert refused.word == "FAILED"
    assert "-e jobs_input=" in refused.result["msg"]
    arguments["requires"] = {}
    planned = call_module("application_run", arguments, "--check")
    assert planned.word == "CHANGED"
    assert not list(tmp_path.iterdir())
    nothing = call_module("application_run", arguments)
    assert (nothing.word, nothing.result["missing"]) == ("FAILED", ["run_id"])
    assert "It did nothing: status 0" in nothing.result["msg"]
    arguments["argv"] += [str(tmp_path / "summary.json")]
    done = call_module("application_run", arguments)
    assert (done.word, done.result["figures"]) == ("CHANGED", {"run_id": "a1"})
    assert "very-secret" not in str(done.result)
