# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind database_lock against real databases and a real process that does not let go."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from .asking import look

HOLDER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_process_that_holds_the_write_lock_is_named(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("CREATE TABLE tasks (id)")
        assert look("database_lock", path=str(path), watch_seconds=0.3)["state"] == "ok"
        before = {each.name for each in tmp_path.iterdir()}
        with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, text=True) as holder:
            try:
                assert holder.stdout is not None
                holder.stdout.readline()
                result = look("database_lock", path=str(path), watch_seconds=0.5)
            finally:
                holder.kill()
        assert (result["state"], result["reason"]["id"]) == ("critical", "database_write_locked")
        assert result["reason"]["fields"]["pid"] == holder.pid
        assert {each.name for each in tmp_path.iterdir()} >= before


def test_a_database_that_is_not_there_is_critical(tmp_path: Path) -> None:
    result = look("database_lock", path=str(tmp_path / "none.db"))
    assert (result["state"], result["reason"]["id"]) == ("critical", "file_missing")
