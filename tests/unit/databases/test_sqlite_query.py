# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures from an SQLite database, read and nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import sqlite_query as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.query_result import Answer, observe
from tests.unit.cases import load_cases
from tests.unit.databases.making import everything_in, leave_wal, make_database, start_holder
from tests.unit.patience import quickly


def asked(path: Path, sql: str, seconds: float = 60, **parameters: Any) -> Observation:
    """Ask one question of a database, as the engine does."""
    complete = validated("check", kind.PARAMETERS, {"path": str(path), "sql": sql, **parameters})
    return kind.look(complete, Context(now=time.time(), deadline=time.monotonic() + seconds))


def refused(path: Path, sql: str, seconds: float = 60, **parameters: Any) -> tuple[str, str]:
    """Return reason and state of the fault that a question meets."""
    with pytest.raises(CheckError) as caught:
        asked(path, sql, seconds, **parameters)
    return caught.value.reason_id, caught.value.state


@pytest.mark.parametrize(("arguments", "expected"), load_cases("edges_of"))
def test_a_window_is_bound_in_utc(arguments: dict[str, Any], expected: list[str]) -> None:
    assert kind.edges_of(**arguments) == expected


def test_the_edges_of_a_window_come_before_other_values(tmp_path: Path) -> None:
    path = tmp_path / "wiki.db"
    make_database(path)
    seen = asked(path, "SELECT (? < ?) + ? AS answer", window="today", parameters=[41])
    assert seen.value == 42


@pytest.mark.parametrize(("arguments", "expected"), load_cases("query_observation"))
def test_rows_become_figures(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    answers = {
        name: Answer(tuple(answer["columns"]), tuple(map(tuple, answer["rows"]))) for name, answer in arguments.items()
    }
    seen = observe(answers, "USD", "app.db")
    found = {**seen.__dict__, "reason": seen.reason.id if seen.reason else None}
    assert {name: found[name] for name in expected} == expected
    assert (seen.unit, seen.source) == ("USD", "app.db")


def test_all_queries_see_one_moment(tmp_path: Path) -> None:
    seen = asked(
        make_database(tmp_path / "app.db"),
        "SELECT count(*) AS tasks, min(status) AS status FROM tasks WHERE id >= ?",
        parameters=["3"],
        queries={"amount": "SELECT sum(amount) FROM estimates"},
        evidence_sql="SELECT id, status FROM tasks ORDER BY rowid",
        maximum_rows=2,
        coverage_sql="SELECT 0.5",
        value_unit="count",
    )
    assert seen.metrics == {"tasks": 177, "status": "completed", "amount": 600.0}
    assert (seen.value, seen.unit, seen.coverage) == (177, "count", 0.5)
    assert seen.evidence == ["id=0  status=completed", "id=1  status=completed"]


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_asking_changes_nothing(tmp_path: Path, journal_mode: str) -> None:
    path = make_database(tmp_path / "app.db", journal_mode)
    before = everything_in(tmp_path)
    assert asked(path, "SELECT count(*) FROM tasks").value == 400
    assert everything_in(tmp_path) == before


def test_rows_that_are_only_in_the_log_count(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    leave_wal(path)
    assert asked(path, "SELECT count(*) FROM tasks").value == 401


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM tasks",
        "CREATE TABLE more (id)",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version",
        "ATTACH 'other.db' AS other",
        "BEGIN",
        "REINDEX",
        "SELECT load_extension('x')",
        "WITH gone AS (SELECT 1) DELETE FROM tasks",
    ],
)
def test_sql_that_does_not_only_read_is_refused(tmp_path: Path, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = make_database(tmp_path / "app.db")
    before = everything_in(tmp_path)
    assert refused(path, sql) == ("sqlite_query_denied", "unknown")
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT count(*) FROM incidents", "no such table: incidents"),
        ("SELECT updated_at FROM tasks", "no such column: updated_at"),
        ("SELEC 1", "syntax error"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("VACUUM INTO 'copy.db'", "transaction"),
        ("SELECT count(*) FROM tasks WHERE id = ?", "binding"),
    ],
)
def test_a_question_that_does_not_fit_is_named(tmp_path: Path, sql: str, words: str) -> None:
    with pytest.raises(CheckError) as caught:
        asked(make_database(tmp_path / "app.db"), sql)
    assert (caught.value.reason_id, caught.value.state) == ("sqlite_query_failed", "unknown")
    assert words in str(caught.value.fields["error"])


def test_a_file_that_is_no_database_is_named_as_the_sqlite_kind_does(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("hello")
    assert refused(tmp_path / "absent.db", "SELECT 1") == ("sqlite_missing", "critical")
    assert refused(tmp_path / "empty.db", "SELECT 1") == ("sqlite_empty", "critical")
    assert refused(tmp_path / "text.db", "SELECT 1") == ("sqlite_not_a_database", "critical")
    assert refused(tmp_path, "SELECT 1")[0] == "sqlite_not_a_regular_file"
    assert not (tmp_path / "absent.db").exists()


def test_a_damaged_page_is_named(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 3)
    assert refused(path, "SELECT count(*) FROM tasks NOT INDEXED") == ("sqlite_corrupt", "critical")


def test_a_locked_database_is_unknown(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db")
    holder = start_holder("connection.execute('BEGIN EXCLUSIVE')", path)
    try:
        assert refused(path, "SELECT 1 FROM tasks", busy_timeout_seconds=0.1) == ("sqlite_locked", "unknown")
    finally:
        holder.kill()
        holder.communicate()


def test_a_question_without_an_end_ends(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    path = make_database(tmp_path / "app.db")
    found = quickly(lambda: refused(path, endless, seconds=0.6), 2)
    assert found == ("sqlite_budget_exceeded", "unknown")
