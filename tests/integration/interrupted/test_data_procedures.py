# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup, retention, prune and restore that die inside of a write of SQLite, of DuckDB, or of their own."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_root import NAME_FORMAT, list_sets
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import verify_set
from tests.integration.interrupted.stopping import Calls, finish, interruptions
from tests.unit.backup import little_wiki as wiki
from tests.unit.databases import making
from tests.unit.databases import test_rows_prune as pruning
from tests.unit.restore import test_interrupted as restoring

DUCKDB = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE runs AS SELECT range AS id, repeat('x', 300) || range AS note FROM range(20000)")
"""
OLD_SETS = ("20200101_030000", "20200201_030000")


def backup_calls(root: Path, *types: str) -> Calls:
    """Make a system with two SQLite databases, one of them with rows in its log, and a DuckDB database.

    Args:
        root: where it is, and where its sets are.
        types: of the items that are backed up.

    Returns:
        The call of its backup.
    """
    contents = wiki.make(root / "wiki")
    making.make_database(root / "wiki" / "wal.db", "wal", 1000)
    making.leave_wal(root / "wiki" / "wal.db")
    subprocess.run([sys.executable, "-c", DUCKDB, str(root / "wiki" / "runs.duckdb")], check=True)
    contents["wal.db"] = {"type": "sqlite", "source": str(root / "wiki" / "wal.db")}
    for method in ("copy", "export"):
        duckdb = {"type": "duckdb", "source": str(root / "wiki" / "runs.duckdb"), "python": sys.executable}
        contents[f"runs-{method}"] = {**duckdb, "method": method}
    chosen = [{"name": name, **one} for name, one in contents.items() if one["type"] in types]
    asked = {"directory": str(root / "sets"), "system": "wiki", "host": "wiki-1"}
    return [("backup_set", {**asked, "contents": chosen})]


def whole_sets(sets: Path) -> list[str]:
    """Return the names of all sets; one that is not whole is an error."""
    found = list_sets(str(sets), NAME_FORMAT, "UTC") if sets.is_dir() else []
    for one in found:
        assert one.manifest is not None, f"{one.name} is listed and half"
        assert verify_set(one.path, one.manifest, "contents", wiki.plenty, sys.executable).whole
    return [one.name for one in found]


def production(root: Path) -> dict[str, str]:
    """Return what the system is; the shared memory of a log is no data."""
    return {name: what for name, what in wiki.content_of(root).items() if not name.endswith("-shm")}


@pytest.mark.parametrize(
    ("types", "alone"),
    [(("files", "sqlite", "export"), False), (("duckdb",), False), (("duckdb",), True)],
    ids=["sqlite", "duckdb", "module_alone"],
)
def test_a_backup(tmp_path: Path, types: tuple[str, ...], alone: bool) -> None:
    """Alone: what copies DuckDB for the module goes on without it, beside the next backup."""
    place, log = tmp_path / "place", tmp_path / "log"
    calls, sets = backup_calls(place, *types), place / "sets"
    before, left = production(place / "wiki"), set()

    def fresh() -> None:
        shutil.rmtree(sets, ignore_errors=True)

    for point in interruptions(calls, sets, fresh, 6 if "duckdb" in types else 12, log, alone):
        assert production(place / "wiki") == before, point
        seen = whole_sets(sets)
        left.add(len(seen))
        finish(calls)
        assert len(whole_sets(sets)) == len(seen) + 1, point
        assert not list(sets.glob(".*")), "running again leaves nothing half"
        assert production(place / "wiki") == before, point
    # Killed alone, the module may have named its set already; killed with what copies for it, it must do so once.
    assert {0} <= left <= {0, 1}, "the set is there or it is not"
    assert alone or left == {0, 1}, "it is killed before and after"


def test_retention(tmp_path: Path) -> None:
    place = tmp_path / "place"
    calls, sets, seen = backup_calls(place, "files", "sqlite"), place / "sets", set()
    finish(calls)
    (newest,) = sets.iterdir()
    template = tmp_path / "template"
    shutil.move(newest, template / newest.name)
    asked: Calls = [("backup_retention", {"directory": str(sets), "keep": {"delete_after_days": 60, "last": 0}})]

    def fresh() -> None:
        shutil.rmtree(sets)
        for name in (*OLD_SETS, newest.name):
            shutil.copytree(template / newest.name, sets / name, symlinks=True)

    sets.mkdir(exist_ok=True)
    for _point in interruptions(asked, sets, fresh, 10, tmp_path / "log"):
        seen.add(tuple(whole_sets(sets)))
        finish(asked)
        assert os.listdir(sets) == [newest.name], "running again finishes the job"
    assert seen == {(newest.name, OLD_SETS[1]), (newest.name,)}, "a set is there as a whole, or not"


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_prune(tmp_path: Path, mode: str) -> None:
    place = tmp_path / "place"
    path, seen = place / "state.db", []
    rule = {"table": pruning.RULE.table, "where": pruning.RULE.where, "never": pruning.RULE.never}
    asked: Calls = [("rows_prune", {"path": str(path), "rules": [rule], "copy_directory": str(place / "copies")})]

    def fresh() -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        pruning.make(path, 300, f"journal_mode = {mode}")

    for point in interruptions(asked, place, fresh, 10, tmp_path / "log"):
        with closing(sqlite3.connect(path)) as connection:
            # What SQLite does when the application opens its database next.
            connection.execute("SELECT count(*) FROM incidents").fetchone()
        found = pruning.counts(path)
        assert found in (pruning.BEFORE, pruning.AFTER), point
        seen.append(found)
        whole = [copy for copy in (place / "copies").glob("*") if ".partial" not in copy.name]
        assert all(pruning.counts(copy) == pruning.BEFORE for copy in whole)
        assert whole or found == pruning.BEFORE, "nothing goes before a whole copy is there"
        finish(asked)
        assert pruning.counts(path) == pruning.AFTER
    assert pruning.BEFORE in seen
    assert pruning.AFTER in seen


def test_a_restore(tmp_path: Path) -> None:
    template, root, seen = tmp_path / "template", tmp_path / "root", set()
    template.mkdir()
    little = restoring.little
    little.make_set(template, little.production(template))
    common = {
        "directory": str(root / "sets"),
        "state_directory": str(root / "state"),
        "contents": little.contents(root / "production"),
    }
    calls = [("data_restore", {**common, "step": step}) for step in restoring.FORWARD]

    def fresh() -> None:
        restoring.fresh(template, root)

    for point in interruptions(calls, root, fresh, 10, tmp_path / "log"):
        state = restoring.seen(root / "production", tmp_path / "aside")
        assert state in ("ooo", "ono", "nno", "nnn"), point
        seen.add(state)
        restoring.run(root, time.time() + 60)
        assert restoring.seen(root / "production", tmp_path / "aside") == "nnn"
        assert not list((root / "production").glob(".*.restore-*")), "nothing half is left"
    assert {"ooo", "nnn"} <= seen
