# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only old directories of finished runs may go, and only as they were planned (AIMO-18)."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import work_directories as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.work_directories import (
    WorkDirectory,
    checked_root,
    plan,
    remove,
    scan,
)
from tests.unit.cases import load_cases

DAY_SECONDS = 86400
NOW = 1795255200.0


@pytest.mark.parametrize(("arguments", "expected"), load_cases("work_plan"))
def test_a_directory_is_due_only_when_everything_says_so(arguments: dict[str, Any], expected: dict[str, str]) -> None:
    directories = [
        WorkDirectory(
            directory["name"],
            directory["kind"],
            changed=NOW - directory["age_days"] * DAY_SECONDS,
            problem=directory.get("problem", ""),
        )
        for directory in arguments["directories"]
    ]
    decisions = plan(directories, arguments["finished"], arguments.get("keep_names", []), 7, NOW)
    assert {decision.directory.name: decision.reason for decision in decisions} == expected
    assert {decision.directory.name for decision in decisions if decision.due} == {
        name for name, reason in expected.items() if reason in ("due", "interrupted")
    }


def never() -> bool:
    """Say that there is always time."""
    return False


def work_directory(root: Path, name: str, age_days: float = 30) -> Path:
    """Make a directory with a file and a folder inside, everything of one age."""
    path = root / name
    (path / "raw").mkdir(parents=True)
    (path / "raw" / "input.csv").write_text("x" * 100)
    then = time.time() - age_days * DAY_SECONDS
    for inside in (path / "raw" / "input.csv", path / "raw", path):
        os.utime(inside, (then, then))
    return path


def test_the_newest_change_inside_counts(tmp_path: Path) -> None:
    path = work_directory(tmp_path, "run")
    (found,) = scan(str(tmp_path), never)
    assert (found.kind, found.files, found.size_bytes) == ("directory", 1, 100)
    assert time.time() - found.changed > 29 * DAY_SECONDS
    os.utime(path / "raw" / "input.csv")
    (found,) = scan(str(tmp_path), never)
    assert time.time() - found.changed < 60


def test_links_files_and_pipes_are_no_directories(tmp_path: Path) -> None:
    outside = work_directory(tmp_path / "outside", "precious")
    root = tmp_path / "work"
    root.mkdir()
    (root / "link").symlink_to(outside)
    (root / "notes.txt").write_text("keep")
    os.mkfifo(root / "pipe")
    assert {entry.name: entry.kind for entry in scan(str(root), never)} == {
        "link": "link",
        "notes.txt": "other",
        "pipe": "other",
    }


def test_a_link_inside_is_not_followed_when_its_directory_goes(tmp_path: Path) -> None:
    precious = tmp_path / "precious.csv"
    precious.write_text("keep")
    work_directory(tmp_path / "work", "run")
    (tmp_path / "work" / "run" / "link.csv").symlink_to(precious)
    (tmp_path / "work" / "run" / "folder").symlink_to(tmp_path)
    root = checked_root(str(tmp_path / "work"))
    remove(root, scan(root, never)[0], never)
    assert precious.read_text() == "keep"
    assert list((tmp_path / "work").iterdir()) == []


def test_what_changed_after_the_plan_stays(tmp_path: Path) -> None:
    path = work_directory(tmp_path, "run")
    (planned,) = scan(str(tmp_path), never)
    (path / "raw" / "late.csv").write_text("new")
    with pytest.raises(CheckError, match="work_changed"):
        remove(str(tmp_path), planned, never)
    assert (path / "raw" / "late.csv").read_text() == "new"
    assert (path / "raw" / "input.csv").exists()


def test_another_directory_under_the_planned_name_stays(tmp_path: Path) -> None:
    path = work_directory(tmp_path, "run")
    (planned,) = scan(str(tmp_path), never)
    path.rename(tmp_path / "elsewhere")
    work_directory(tmp_path, "run")
    with pytest.raises(CheckError, match="work_changed"):
        remove(str(tmp_path), planned, never)
    assert (tmp_path / "run" / "raw" / "input.csv").exists()


def test_a_link_put_in_place_after_the_plan_is_not_removed_through(tmp_path: Path) -> None:
    root = tmp_path / "work"
    path = work_directory(root, "run")
    (planned,) = scan(str(root), never)
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    with pytest.raises(CheckError, match="work_changed"):
        remove(str(root), planned, never)
    assert (tmp_path / "moved" / "raw" / "input.csv").exists()


def test_what_an_interrupted_removal_left_is_finished(tmp_path: Path) -> None:
    work_directory(tmp_path, ".trash-run", age_days=0)
    (decision,) = plan(scan(str(tmp_path), never), [], [], 7, time.time())
    assert decision.due
    remove(str(tmp_path), decision.directory, never)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/", "//", "/tmp", "/etc/..", "relative", "/srv/../"])
def test_the_root_of_the_file_system_is_refused(path: str) -> None:
    with pytest.raises(CheckError, match="work_root_refused"):
        checked_root(path)


def test_a_root_that_is_no_directory_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("absent", "file"):
        with pytest.raises(CheckError, match="work_root_missing"):
            checked_root(str(tmp_path / name))


def test_no_time_is_no_plan(tmp_path: Path) -> None:
    work_directory(tmp_path, "run")
    with pytest.raises(CheckError, match="work_not_all_read"):
        scan(str(tmp_path), lambda: True)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return an application's database of runs."""
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE runs (run_id TEXT, status TEXT)")
        rows = [("done", "succeeded"), ("crashed", "running"), ("young", "succeeded")]
        connection.executemany("INSERT INTO runs VALUES (?, ?)", rows)
    return path


def looked_at(
    root: Path, database: Path, sql: str = "SELECT run_id FROM runs WHERE status = 'succeeded'"
) -> Observation:
    """Look at work directories as the engine does."""
    given = {
        "root": str(root),
        "older_than_days": 7,
        "keep_names": ["shared"],
        "finished_from": {"database": str(database), "sql": sql},
    }
    return kind.look(
        validated("check", kind.PARAMETERS, given), Context(now=time.time(), deadline=time.monotonic() + 60)
    )


def test_the_check_counts_what_the_module_would_remove(tmp_path: Path, database: Path) -> None:
    root = tmp_path / "work"
    for name, age in (("done", 30), ("crashed", 30), ("young", 1), ("shared", 30), ("unheard", 30)):
        work_directory(root, name, age)
    seen = looked_at(root, database)
    assert (seen.state, seen.value) == ("ok", 1)
    assert seen.metrics == {"due": 1, "due_bytes": 100, "directories": 5, "unfinished": 2, "unreadable": 0}
    assert seen.evidence == ["done: 1 files, 100 bytes"]


def test_nothing_is_due_when_the_database_cannot_be_asked(tmp_path: Path, database: Path) -> None:
    work_directory(tmp_path / "work", "done")
    for path, sql, reason in (
        (tmp_path / "absent.db", "SELECT 1", "sqlite_missing"),
        (database, "SELECT run_id FROM jobs", "sqlite_query_failed"),
        (database, "DELETE FROM runs", "sqlite_query_denied"),
    ):
        with pytest.raises(CheckError, match=reason):
            looked_at(tmp_path / "work", path, sql)


def test_a_name_that_is_null_finishes_nothing(tmp_path: Path, database: Path) -> None:
    work_directory(tmp_path / "work", "None")
    assert looked_at(tmp_path / "work", database, "SELECT NULL").value == 0
