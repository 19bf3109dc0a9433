# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sqlite_integrity through Ansible: every verdict is data, nothing on the disk changes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_inspection import STATE_OF_VERDICT
from tests.integration.ansible_module import call_module
from tests.unit.databases.making import (
    everything_in,
    leave_hot_journal,
    leave_wal,
    make_database,
    start_holder,
)

PLAYBOOK = Path(__file__).with_name("sqlite_verdicts.yml")
# A file that the superuser may not read does not exist; that verdict has a unit test as an ordinary user.
BY_PERMISSION = {"unreadable"}


def damage_every_way(folder: Path) -> list[dict[str, Any]]:
    """Make one file for each verdict and return what to ask about them, in the order of the verdicts' names."""
    healthy = make_database(folder / "ok.db").read_bytes()
    (folder / "empty.db").touch()
    (folder / "is_directory.db").mkdir()
    os.mkfifo(folder / "not_a_regular_file.db")
    (folder / "not_a_database.db").write_text("<html>404</html>")
    (folder / "truncated.db").write_bytes(healthy[:-5000])
    (folder / "corrupt.db").write_bytes(healthy[:8192] + b"\xff" * 4096 + healthy[12288:])
    leave_hot_journal(make_database(folder / "hot_journal.db", rows=4000))
    leave_wal(make_database(folder / "wal_unread.db", "wal"))
    (folder / "wal_unread.db-shm").unlink()
    make_database(folder / "locked.db")
    make_database(folder / "budget_exceeded.db")
    make_database(folder / "tables_missing.db")
    damaged = make_database(folder / "foreign_key_violations.db")
    with closing(sqlite3.connect(damaged, isolation_level=None)) as connection:
        connection.execute("DELETE FROM tasks WHERE id = '7'")
    special: dict[str, dict[str, Any]] = {
        "locked": {"busy_timeout_seconds": 0.1},
        "budget_exceeded": {"time_budget_seconds": 0},
        "tables_missing": {"tables": ["tasks", "messages"]},
        "wal_unread": {"copy_limit_bytes": 1000},
    }
    verdicts = sorted(set(STATE_OF_VERDICT) - BY_PERMISSION)
    return [{"path": str(folder / f"{verdict}.db"), **special.get(verdict, {})} for verdict in verdicts]


def test_every_verdict_is_data(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    questions = damage_every_way(folder)
    before = everything_in(folder)
    holder = start_holder("connection.execute('BEGIN EXCLUSIVE')", folder / "locked.db")
    answers = tmp_path / "answers.json"
    variables = {"questions": questions, "answers": str(answers), "ansible_python_interpreter": sys.executable}
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local"]
    try:
        done = subprocess.run(
            [*command, str(PLAYBOOK), "-e", json.dumps(variables)], capture_output=True, text=True, check=False
        )
    finally:
        holder.kill()
        holder.communicate()
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(answers.read_text())
    assert [result["verdict"] for result in results] == [Path(question["path"]).stem for question in questions]
    for result in results:
        assert result["changed"] is False
        assert result["state"] == STATE_OF_VERDICT[result["verdict"]]
        assert result["healthy"] is (result["verdict"] == "ok")
    (folder / "locked.db-journal").unlink(missing_ok=True)
    assert everything_in(folder) == before


def test_a_healthy_database_has_its_figures(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    answer = call_module("sqlite_integrity", {"path": str(path), "depth": "full", "tables": ["tasks"]}, "--check")
    assert answer.word == "SUCCESS"
    figures = {name: answer.result[name] for name in ("verdict", "state", "journal_mode", "wal_bytes", "way")}
    assert figures == {"verdict": "ok", "state": "ok", "journal_mode": "wal", "wal_bytes": 0, "way": "immutable"}
    assert answer.result["page_count"] * answer.result["page_size"] == path.stat().st_size


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"depth": "full"}, "missing required arguments: path"),
        ({"path": "/srv/app.db", "depth": "deep"}, "value of depth must be one of: header, quick, full"),
        ({"path": "/srv/app.db", "time_budget_seconds": -1}, "time_budget_seconds is -1.0; it cannot be negative"),
        ({"path": "/srv/app.db", "foreign_key": True}, "Unsupported parameters"),
    ],
)
def test_arguments_that_cannot_be_used_fail(arguments: dict[str, Any], words: str) -> None:
    answer = call_module("sqlite_integrity", arguments)
    assert answer.word == "FAILED"
    assert words in answer.result["msg"]
