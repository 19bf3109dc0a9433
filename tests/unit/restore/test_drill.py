# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore drills: what passes, what each fault is called, that production stays as it is and nothing is left over."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_drill import METRICS, Expectations, drill
from ansible_collections.aiops.runbooks.plugins.plugin_utils.outcome import observed
from tests.unit.restore import little_system as little

#: A day and a quarter after the set was made.
NOW = 1795143601.0 + 108000
QUERY = {"name": "backups", "item": "app.db", "sql": "SELECT COUNT(*) FROM tasks WHERE name = 'backup'"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return production, and a set with as many rows."""
    made = little.production(tmp_path)
    connection = sqlite3.connect(made / "app.db")
    with closing(connection), connection:
        connection.executemany("INSERT INTO tasks (name) VALUES (?)", [("old",)] * 96)
    little.make_set(tmp_path, made, rows=100)
    return made


def drilled(root: Path, place: Path, expected: Expectations | None = None, **changes: Any) -> Observation:
    """Run a drill."""
    context = Context(now=NOW, deadline=time.monotonic() + 60)
    asked = little.request(root, place, depth="full", **changes)
    return drill(asked, str(root / "scratch"), expected or Expectations(), context)


def test_a_good_backup_passes_with_its_times_and_leaves_nothing(tmp_path: Path, place: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in place.rglob("*") if path.suffix != ".db-shm")
    newest = {"item": "app.db", "sql": "SELECT 1795143601"}
    seen = drilled(tmp_path, place, Expectations(queries=[{**QUERY, "expect": ">= 100"}], newest_row=newest))
    assert (seen.state, seen.reason.id if seen.reason else "") == ("ok", "drill_passed")
    assert set(METRICS) == set(seen.metrics)
    assert seen.metrics["rpo_seconds"] == seen.metrics["newest_row_age_seconds"] == 108000
    assert seen.value == seen.metrics["rto_seconds"] > 0
    assert (seen.metrics["rows"], seen.metrics["fewest_rows_percent"]) == (100, 100.0)
    assert any(line.startswith(".env: 11 bytes, mode 0600") for line in seen.evidence)
    assert sorted((path, path.stat().st_mtime_ns) for path in place.rglob("*") if path.suffix != ".db-shm") == before
    assert not list(tmp_path.glob("scratch*"))


def rows_missing(root: Path, place: Path) -> None:
    connection = sqlite3.connect(place / "app.db")
    with closing(connection), connection:
        connection.executemany("INSERT INTO tasks (name) VALUES (?)", [("since",)] * 100)


def no_environment(root: Path, place: Path) -> None:
    (root / "sets" / little.SET / ".env").write_text("")
    (root / "sets" / little.SET / "manifest.json").unlink()


def damaged(root: Path, place: Path) -> None:
    (root / "sets" / little.SET / "app.db").write_bytes(b"x" * 9000)


def nothing(root: Path, place: Path) -> None:
    (root / "sets" / little.SET).rename(root / "sets" / "something else")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(rows_missing, "drill_rows_missing"), (no_environment, "drill_item_empty")],
)
def test_what_a_backup_lacks_has_a_name(
    tmp_path: Path, place: Path, fault: Callable[[Path, Path], None], reason: str
) -> None:
    fault(tmp_path, place)
    seen = drilled(tmp_path, place)
    assert (seen.state, seen.reason.id if seen.reason else "") == ("critical", reason)
    assert not list(tmp_path.glob("scratch*"))


@pytest.mark.parametrize("fault", [damaged, nothing])
def test_no_set_that_can_be_restored_is_critical(
    tmp_path: Path, place: Path, fault: Callable[[Path, Path], None]
) -> None:
    fault(tmp_path, place)
    with pytest.raises(CheckError) as raised:
        drilled(tmp_path, place)
    assert (raised.value.reason_id, raised.value.state) == ("drill_failed", "critical")
    assert not list(tmp_path.glob("scratch*"))


def test_a_drill_without_space_tells_nothing(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.aiops.runbooks.plugins.module_utils import restore_choose

    monkeypatch.setattr(restore_choose, "free_bytes", lambda _directory: 1000)
    with pytest.raises(CheckError) as raised:
        drilled(tmp_path, place)
    assert (raised.value.reason_id, raised.value.state) == ("drill_not_done", "unknown")


def test_an_expectation_that_is_not_met_says_what_was_seen(tmp_path: Path, place: Path) -> None:
    seen = drilled(tmp_path, place, Expectations(queries=[{**QUERY, "expect": "> 100"}]))
    assert seen.reason is not None
    assert seen.reason.fields == {"name": "backups", "value": 100.0, "expect": "> 100"}


def test_sql_that_writes_is_refused(tmp_path: Path, place: Path) -> None:
    writing = {"item": "app.db", "sql": "DELETE FROM tasks RETURNING 1", "expect": "> 0"}
    with pytest.raises(CheckError, match="denied"):
        drilled(tmp_path, place, Expectations(queries=[writing]))
    assert not list(tmp_path.glob("scratch*"))


def test_what_a_killed_drill_left_goes_and_what_is_somebody_elses_stays(tmp_path: Path, place: Path) -> None:
    scratch = tmp_path / "scratch"
    (tmp_path / "scratch.restoring").mkdir()
    scratch.mkdir()
    (scratch / ".restored-beside").touch()
    (scratch / "half").write_text("x")
    assert drilled(tmp_path, place).state == "ok"
    scratch.mkdir()
    (scratch / "precious").write_text("x")
    with pytest.raises(RunbooksError, match="was not made by a restore"):
        drilled(tmp_path, place)
    assert (scratch / "precious").exists()


def test_what_an_action_measures_is_a_result_of_the_run() -> None:
    measured = {"check": "restore_drill", "state": "ok"}
    begun = {"run": {"host": "wiki-1"}, "go": True}
    action = {"name": "restore_drill", "state": "done", "detail": {"set": "x", "measured": [measured]}}
    run = observed(
        begun, {"look": {"results": [{"check": "web"}]}, "actions": [action], "failure": None}, datetime.now(UTC)
    )
    assert [each["check"] for each in run["results"]] == ["web", "restore_drill"]
    assert run["actions"] == [{"name": "restore_drill", "state": "done", "detail": {"set": "x"}}]
