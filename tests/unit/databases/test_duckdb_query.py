# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures from a DuckDB database through the application's interpreter (AIMO-16, AIMO-17)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import duckdb_query as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_program import MARK, kind_of_error
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_reader import fault
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.lean import PACKAGE, SourceFinder
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.plugin_utils.payload import library_sources
from tests.unit.cases import load_cases
from tests.unit.databases.making import everything_in
from tests.unit.patience import quickly

SEED = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE runs (run_id VARCHAR, status VARCHAR, cost DECIMAL(10, 4), started TIMESTAMP)")
connection.execute("INSERT INTO runs VALUES ('a', 'succeeded', 1.25, '2026-11-20 01:00:00')")
connection.execute("CHECKPOINT")
connection.execute("INSERT INTO runs VALUES ('b', 'running', 0.5, '2026-11-21 01:00:00')")
"""
HOLD = SEED + "print('ready', flush=True)\nimport time\ntime.sleep(600)\n"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a closed database in a folder of its own."""
    path = tmp_path / "data" / "app.duckdb"
    path.parent.mkdir()
    subprocess.run([sys.executable, "-c", SEED + "connection.close()", str(path)], check=True)
    return path


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """Return a database that a running program has open, and that program's process id."""
    path = tmp_path / "held.duckdb"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    yield path, holder.pid
    holder.kill()
    holder.communicate()


def asked(database: Path, sql: str, seconds: float = 60, **parameters: Any) -> Observation:
    """Ask one question of a database, as the engine does."""
    given = {"python": sys.executable, "database": str(database), "sql": sql, **parameters}
    complete = validated("check", kind.PARAMETERS, given)
    return kind.look(complete, Context(now=time.time(), deadline=time.monotonic() + seconds))


def refused(database: Path, sql: str, seconds: float = 60, **parameters: Any) -> CheckError:
    """Return the fault that a question meets."""
    with pytest.raises(CheckError) as caught:
        asked(database, sql, seconds, **parameters)
    return caught.value


@pytest.mark.parametrize(("arguments", "expected"), load_cases("duckdb_fault"))
def test_what_duckdb_says_is_named(arguments: dict[str, str], expected: list[Any]) -> None:
    found = fault(kind_of_error(arguments["message"]), "python3", "/srv/a.duckdb")
    assert [found.reason_id, found.state, found.fields.get("pid")] == expected


def test_the_program_that_the_lean_lane_sends_on_needs_nothing_of_the_library(database: Path) -> None:
    text = SourceFinder(dict(library_sources().packed)).get_source(f"{PACKAGE}.duckdb_program")
    request = {"database": str(database), "time_zone": "UTC", "queries": {"n": {"sql": "SELECT 7", "maximum_rows": 1}}}
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout.partition(MARK)[2])
    assert answer["answers"] == {"n": {"columns": ["7"], "rows": [[7]]}}


def test_several_questions_share_one_process(database: Path) -> None:
    seen = asked(
        database,
        "SELECT sum(cost) AS cost, count(*) AS runs FROM runs",
        queries={"newest": "SELECT max(started) FROM runs"},
        evidence_sql="SELECT run_id, status FROM runs ORDER BY run_id",
        value_unit="USD",
    )
    assert seen.metrics == {"cost": 1.75, "runs": 2, "newest": "2026-11-21 01:00:00"}
    assert (seen.value, seen.unit) == (1.75, "USD")
    assert seen.evidence == ["run_id=a  status=succeeded", "run_id=b  status=running"]


def test_asking_changes_nothing_and_leaves_nothing(database: Path) -> None:
    before = everything_in(database.parent)
    asked(database, "SELECT count(*) FROM runs ORDER BY random()")
    assert everything_in(database.parent) == before


def test_rows_in_the_log_of_a_crashed_run_count_and_stay_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "crashed.duckdb"
    subprocess.run([sys.executable, "-c", SEED + "os._exit(9)", str(path)], check=False)
    before = everything_in(tmp_path)
    assert len(before) == 2
    assert asked(path, "SELECT count(*) FROM runs").value == 2
    assert everything_in(tmp_path) == before


def test_a_running_pipeline_is_named_and_not_disturbed(held: tuple[Path, int]) -> None:
    path, pid = held
    before = everything_in(path.parent)
    found = refused(path, "SELECT 1")
    assert (found.reason_id, found.state, found.fields["pid"]) == ("duckdb_in_use", "unknown", pid)
    assert everything_in(path.parent) == before


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM runs",
        "CREATE TABLE more (id INT)",
        "COPY runs TO 'out.csv'",
        "EXPORT DATABASE 'out'",
        "ATTACH 'other.duckdb' AS other",
        "SET temp_directory = 'here'",
        "INSTALL httpfs",
        "CHECKPOINT",
        "SELECT 1; COPY runs TO 'out.csv'",
        "",
    ],
)
def test_sql_that_does_not_only_read_is_refused(database: Path, sql: str) -> None:
    before = everything_in(database.parent)
    assert refused(database, sql).reason_id == "duckdb_query_denied"
    assert everything_in(database.parent) == before


def test_files_beside_the_database_can_be_read(database: Path) -> None:
    summary = database.parent / "summary.json"
    summary.write_text('{"coverage": {"rate": 0.5}}')
    question = "SELECT coverage.rate FROM read_json('SUMMARY')"
    assert asked(database, question.replace("SUMMARY", str(summary))).value == 0.5


def test_a_question_that_does_not_fit_is_named(database: Path) -> None:
    found = refused(database, "SELECT 1", queries={"unknown_rate": "SELECT count(*) FROM api_costs"})
    assert (found.reason_id, found.fields["query"]) == ("duckdb_query_failed", "queries.unknown_rate")
    assert "api_costs" in str(found.fields["error"])


def test_a_missing_database_is_critical_and_not_created(tmp_path: Path) -> None:
    found = refused(tmp_path / "absent.duckdb", "SELECT 1")
    assert (found.reason_id, found.state) == ("duckdb_missing", "critical")
    assert not list(tmp_path.iterdir())


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.duckdb").touch()
    (tmp_path / "text.duckdb").write_text("hello " * 2000)
    (tmp_path / "folder.duckdb").mkdir()
    found = {path.stem: refused(path, "SELECT 1") for path in tmp_path.iterdir()}
    assert {name: (fault.reason_id, fault.state) for name, fault in found.items()} == dict.fromkeys(
        ("empty", "text", "folder"), ("duckdb_not_a_database", "critical")
    )


def interpreter(tmp_path: Path, body: str) -> str:
    """Write a program that stands where the application's interpreter should be."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_an_interpreter_that_crashes_is_named_by_its_signal(database: Path, tmp_path: Path) -> None:
    for body, number in (("kill -SEGV $$", 11), ("exit 139", 11), ("kill -ABRT $$", 6)):
        found = refused(database, "SELECT 1", python=interpreter(tmp_path, body))
        assert (found.reason_id, found.state, found.fields["signal"]) == ("duckdb_crashed", "unknown", number)


def test_an_interpreter_that_cannot_help_is_named(database: Path, tmp_path: Path) -> None:
    assert refused(database, "SELECT 1", python="/nonexistent/python").reason_id == "duckdb_interpreter_missing"
    bare = interpreter(tmp_path, f'exec {sys.executable} -I -S "$@"')
    assert refused(database, "SELECT 1", python=bare).reason_id == "duckdb_not_installed"
    found = refused(database, "SELECT 1", python=interpreter(tmp_path, "echo broken environment >&2; exit 1"))
    assert (found.reason_id, found.fields["error"]) == ("duckdb_interpreter_failed", "broken environment")


def test_a_greeting_on_standard_output_is_passed_over(database: Path, tmp_path: Path) -> None:
    greeting = interpreter(tmp_path, f'echo "DuckDB temp_directory: /x"; exec {sys.executable} "$@"')
    assert asked(database, "SELECT 7", python=greeting).value == 7


def test_a_question_without_an_end_ends(database: Path) -> None:
    endless = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    found = quickly(lambda: refused(database, endless, seconds=1), 3)
    assert found.reason_id == "duckdb_timed_out"
