# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DuckDB database that was exported comes back as a database: into place, beside, in a drill, and never half."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_choose import Request
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_drill import Expectations, drill
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import Settings, take
from tests.unit.backup import little_wiki as wiki

NOW = wiki.NOW + 3600
COUNT = "SELECT COUNT(*), MIN(note), (SELECT COUNT(*) FROM tags) FROM runs"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a database of which an export is in a set, and that has other rows by now."""
    path = tmp_path / "production" / "jobs.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SEQUENCE ids START 7")
        connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, note VARCHAR NOT NULL, at TIMESTAMP)")
        connection.execute("INSERT INTO runs SELECT range, 'it''s ' || range, TIMESTAMP '2026-11-01' FROM range(500)")
        connection.execute("CREATE TABLE tags (run INTEGER REFERENCES runs (id), words VARCHAR[])")
        connection.execute("INSERT INTO tags VALUES (3, ['a', 'b']), (4, NULL)")
        connection.execute("CREATE INDEX by_note ON runs (note)")
        connection.execute("CREATE VIEW late AS SELECT * FROM runs WHERE id > 400")
    path.chmod(0o640)
    wiki.back_up({"jobs.duckdb": {key: value for key, value in item(path).items() if key != "name"}}, tmp_path / "sets")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM tags")
        connection.execute("DELETE FROM runs WHERE id > 9")
    return path


def item(path: Path) -> dict[str, Any]:
    """Return the profile's item."""
    return {
        "name": "jobs.duckdb",
        "type": "duckdb",
        "source": str(path),
        "method": "export",
        "python": sys.executable,
        "wait_seconds": 1,
    }


def request(root: Path, path: Path, **changes: Any) -> Request:
    """Ask for the database."""
    return Request(str(root / "sets"), "%Y%m%d_%H%M%S", "Asia/Tokyo", [{**item(path), **changes}], seconds=120)


def step(root: Path, path: Path, name: str, plan: bool = False, **changes: Any) -> dict[str, Any]:
    """Take one step of a restore."""
    settings = Settings(str(root / "state"), str(root / "beside"), 14, plan)
    return take(name, request(root, path, **changes), settings, NOW)


def asked(path: Path) -> tuple[Any, ...]:
    """Return what a database answers."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(COUNT).fetchone()
        assert found is not None
        return found


def the_set(root: Path) -> Path:
    """Return the only set."""
    (one,) = (root / "sets").iterdir()
    return one


def test_an_export_is_imported_verified_and_put_into_place(tmp_path: Path, place: Path) -> None:
    now = asked(place)
    planned = step(tmp_path, place, "stage", plan=True)
    assert planned["items"][0]["rows"] == {"runs": 500, "tags": 2}
    assert [path.name for path in place.parent.iterdir()] == ["jobs.duckdb"], "a plan writes nothing"
    staged = step(tmp_path, place, "stage")
    assert staged["items"] == planned["items"]
    assert "jobs.duckdb: imported, rows of 2 tables as in the manifest, every column was read" in staged["verified"]
    assert "jobs.duckdb: definitions of 2 tables as in the manifest" in staged["verified"]
    assert asked(place) == now, "the application may still go on"
    for name in ("swap", "accept"):
        step(tmp_path, place, name)
    assert asked(place) == (500, "it's 0", 2)
    assert place.stat().st_mode & 0o777 == 0o640
    with duckdb.connect(str(place)) as connection:
        assert connection.execute("SELECT nextval('ids'), COUNT(*) FROM late").fetchone() == (7, 99)
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("INSERT INTO runs VALUES (1, 'twice', NULL)")
    step(tmp_path, place, "put_back")
    assert asked(place) == now
    assert sorted(path.name.partition(".")[0] for path in place.parent.iterdir()) == ["jobs", "jobs"]


def test_a_drill_asks_the_imported_database(tmp_path: Path, place: Path) -> None:
    expected = [{"name": "runs", "item": "jobs.duckdb", "sql": "SELECT COUNT(*) FROM runs", "expect": ">= 500"}]
    context = Context(now=NOW, deadline=time.monotonic() + 120)
    seen = drill(request(tmp_path, place), str(tmp_path / "scratch"), Expectations(queries=expected), context)
    assert (seen.state, seen.metrics["rows"]) == ("ok", 502)
    assert not list(tmp_path.glob("scratch*"))


def damaged_file(made: Path) -> None:
    """Change one byte of the rows."""
    path = next((made / "jobs.duckdb").glob("runs*.parquet"))
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(bytes(data))


def other_statements(made: Path) -> None:
    """Let the statements do something else."""
    with (made / "jobs.duckdb" / "load.sql").open("a") as file:
        file.write("\nCOPY (SELECT 1) TO '/tmp/never.csv';\n")


def fewer_rows(made: Path) -> None:
    """Let the manifest count other rows than there are."""
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["items"][0]["tables"]["runs"]["rows"] = 501
    (made / "manifest.json").write_text(json.dumps(manifest))


def no_manifest(made: Path) -> None:
    """Let nobody vouch for it."""
    (made / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (damaged_file, "other content"),
        (other_statements, r"load.sql: \d+ bytes instead of"),
        (fewer_rows, "table runs has 500 rows instead of 501"),
        (no_manifest, "is an export without a manifest"),
    ],
)
def test_what_is_not_what_was_exported_is_not_restored(
    tmp_path: Path, place: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(the_set(tmp_path))
    now = asked(place)
    with pytest.raises(RunbooksError, match=words):
        step(tmp_path, place, "stage")
    assert asked(place) == now
    assert [path.name for path in place.parent.iterdir()] == ["jobs.duckdb"], "nothing half is left"
    assert not Path("/tmp/never.csv").exists()


def test_without_an_interpreter_it_says_what_is_needed(tmp_path: Path, place: Path) -> None:
    with pytest.raises(RunbooksError, match="no interpreter with DuckDB is named"):
        step(tmp_path, place, "stage", python=None)


def test_a_database_that_is_gone_comes_back(tmp_path: Path, place: Path) -> None:
    shutil.rmtree(place.parent)
    place.parent.mkdir()
    for name in ("stage", "swap", "accept"):
        step(tmp_path, place, name)
    assert asked(place) == (500, "it's 0", 2)
    assert place.stat().st_mode & 0o777 == 0o640, "as it was when it was exported"
