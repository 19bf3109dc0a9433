# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""work_directories through Ansible: the plan, the deed, nothing left to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.integration.ansible_module import call_module
from tests.unit.databases.making import everything_in

DAY_SECONDS = 86400
RUNS = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE runs (run_id VARCHAR, status VARCHAR)")
connection.execute("INSERT INTO runs VALUES ('done', 'succeeded'), ('young', 'succeeded'), ('crashed', 'running')")
"""


def pipeline(folder: Path) -> dict[str, Any]:
    """Make work directories and a database of runs; return the module's arguments."""
    database, root = folder / "runs.duckdb", folder / "work"
    subprocess.run([sys.executable, "-c", RUNS, str(database)], check=True)
    for name, age_days in (("done", 30), ("young", 1), ("crashed", 30), ("unheard", 30), (".trash-gone", 0)):
        (root / name).mkdir(parents=True)
        (root / name / "input.csv").write_text("x" * 10)
        then = time.time() - age_days * DAY_SECONDS
        os.utime(root / name / "input.csv", (then, then))
        os.utime(root / name, (then, then))
    (root / "link").symlink_to(folder)
    return {
        "root": str(root),
        "older_than_days": 7,
        "finished_from": {
            "python": sys.executable,
            "database": str(database),
            "sql": "SELECT run_id FROM runs WHERE status = 'succeeded'",
        },
    }


def test_check_then_run_then_nothing_left(tmp_path: Path) -> None:
    arguments = pipeline(tmp_path)
    root = tmp_path / "work"
    before = everything_in(tmp_path)
    planned = call_module("work_directories", arguments, "--check", "--diff")
    assert planned.word == "CHANGED"
    assert everything_in(tmp_path) == before
    assert planned.result["removed"] == [str(root / ".trash-gone"), str(root / "done")]
    assert planned.result["kept"] == {"not_a_directory": 1, "not_finished": 2, "young": 1}
    assert f"-{root / 'done'}" in planned.difference
    done = call_module("work_directories", arguments)
    assert (done.word, done.result["removed"]) == ("CHANGED", planned.result["removed"])
    assert done.result["removed_bytes"] == 20
    assert sorted(path.name for path in root.iterdir()) == ["crashed", "link", "unheard", "young"]
    again = call_module("work_directories", arguments)
    assert (again.word, again.result["removed"]) == ("SUCCESS", [])


def test_a_pipeline_at_work_stops_the_removal(tmp_path: Path) -> None:
    arguments = pipeline(tmp_path)
    program = RUNS.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS") + "print('up', flush=True)\nsys.stdin.read()"
    command = [sys.executable, "-c", program, arguments["finished_from"]["database"]]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        answer = call_module("work_directories", arguments)
    finally:
        holder.communicate("")
    assert answer.word == "FAILED"
    assert (answer.result["reason"], answer.result["fields"]["pid"]) == ("duckdb_in_use", holder.pid)
    assert (tmp_path / "work" / "done").exists()


def test_a_root_that_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    answer = call_module("work_directories", {**pipeline(tmp_path), "root": "/tmp"})
    assert (answer.word, answer.result["reason"]) == ("FAILED", "work_root_refused")
