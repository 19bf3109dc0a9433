# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A corrupt database on its way to a new one: nothing of it is lost wherever that is interrupted (SBX-30)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import database_recovery as recovery
from ansible_collections.aiops.runbooks.plugins.module_utils.database_ways import CORRUPT, look, newest_copy, ways_of
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_readable import save_readable
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_file import inspect
from tests.unit.databases.making import leave_wal, make_database
from tests.unit.databases.salvaging import content
from tests.unit.killing import interruptions

NOW = 1795262400.0


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a database whose program was killed, and of which a page is damaged."""
    path = make_database(tmp_path_factory.mktemp("template") / "app.db", "wal", 60)
    leave_wal(path)
    data = bytearray(path.read_bytes())
    data[6 * 4096 : 6 * 4096 + 600] = b"\xff" * 600
    return {"app.db": bytes(data), "app.db-wal": path.with_name("app.db-wal").read_bytes()}


def fresh(folder: Path, template: dict[str, bytes]) -> recovery.Place:
    """Put the damaged database into a folder."""
    folder.mkdir(parents=True)
    for name, data in template.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o640)
    return recovery.Place(str(folder / "app.db"), "sqlite", str(folder / "recovery"))


def recover(place: recovery.Place, by: str = "salvage", now: float = NOW) -> recovery.Record:
    """Do what the role does around the service."""
    recovery.keep(place, {"verdict": "corrupt"}, by, now)
    recovery.prepare(place, 60, None)
    return recovery.swap(place)


def whole(path: str) -> bool:
    """Tell whether a database is whole; rows that refer to lost ones do not matter."""
    return inspect(path, "full", foreign_keys=False).verdict == "ok"


def of(folder: Path, base: str) -> dict[str, bytes]:
    """Return the files of a database by the names that they had at first."""
    found = {}
    for suffix in ("", "-wal"):
        path = folder / (base + suffix)
        if path.exists():
            found["app.db" + suffix] = path.read_bytes()
    return found


def test_salvage_and_back(tmp_path: Path, template: dict[str, bytes]) -> None:
    place = fresh(tmp_path / "data", template)
    assert look(place, ["tasks"], None, 60)["verdict"] in CORRUPT
    record = recover(place)
    assert record.phase == recovery.SWAPPED
    assert whole(place.path)
    assert "('late', 'new', '')" in content(Path(place.path), "tasks"), "what was in the log counts"
    assert os.stat(place.path).st_mode & 0o777 == 0o640
    assert not os.path.exists(place.path + "-wal")
    assert of(tmp_path / "data", Path(record.kept).name) == template
    assert of(Path(record.aside), "app.db") == template
    evidence = json.loads((Path(record.aside) / "evidence.json").read_text())
    assert (evidence["verdict"], sorted(evidence["files"])) == ("corrupt", ["app.db", "app.db-wal"])

    undone = recovery.put_back(place)
    assert undone.phase == recovery.UNDONE
    assert of(tmp_path / "data", "app.db") == template
    assert whole(place.new)
    # Later it is recovered for good, and the first copy stays.
    assert recovery.accept(place).phase == recovery.UNDONE
    again = recover(place, now=NOW + 60)
    assert recovery.accept(place).phase == recovery.ACCEPTED
    assert again.aside != record.aside
    assert whole(place.path)


def test_reset_and_back(tmp_path: Path, template: dict[str, bytes]) -> None:
    place = fresh(tmp_path / "data", template)
    record = recover(place, "reset")
    assert not of(tmp_path / "data", "app.db")
    make_database(Path(place.path), "wal", 1)
    recovery.put_back(place)
    assert of(tmp_path / "data", "app.db") == template
    assert of(Path(record.aside), "app.db") == template
    assert whole(place.new), "what the application began with is kept"


@pytest.mark.parametrize("by", ["salvage", "reset"])
def test_killed_anywhere(tmp_path: Path, template: dict[str, bytes], by: str) -> None:
    places = iter(range(10000))
    for place in interruptions(
        lambda: fresh(tmp_path / str(next(places)), template), lambda place: recover(place, by), 25
    ):
        folder = Path(place.path).parent
        seen = recovery.read_record(place)
        if seen.aside:
            assert of(Path(seen.aside), "app.db") == template
        else:
            assert of(folder, "app.db") == template
        record = recover(place, by, NOW + 60)
        assert record.phase == recovery.SWAPPED
        assert of(Path(record.aside), "app.db") == template
        kept = of(folder, Path(record.kept).name)
        assert kept == template
        assert whole(place.path) if by == "salvage" else not of(folder, "app.db")


def test_killed_anywhere_on_the_way_back(tmp_path: Path, template: dict[str, bytes]) -> None:
    places = iter(range(10000))

    def swapped() -> recovery.Place:
        place = fresh(tmp_path / str(next(places)), template)
        recover(place)
        return place

    for place in interruptions(swapped, recovery.put_back, 5):
        assert recovery.put_back(place).phase == recovery.UNDONE
        assert of(Path(place.path).parent, "app.db") == template


def test_a_full_disk(tmp_path: Path, template: dict[str, bytes]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], check=True)
    try:
        place = fresh(disk / "data", template)
        (disk / "ballast").write_bytes(b"x" * 210 * 1024)
        with pytest.raises(RunbooksError, match="Make room"):
            recover(place)
        assert of(disk / "data", "app.db") == template
        elsewhere = recovery.Place(place.path, "sqlite", str(tmp_path / "recovery"))
        (disk / "more").write_bytes(b"x" * 30 * 1024)
        with pytest.raises(RunbooksError, match=r"Make room|full"):
            recover(elsewhere)
        assert of(disk / "data", "app.db") == template
        (disk / "ballast").unlink()
        assert recover(elsewhere).phase == recovery.SWAPPED
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_the_ways_say_what_they_would_lose(tmp_path: Path, template: dict[str, bytes]) -> None:
    place = fresh(tmp_path / "data", template)
    backups = tmp_path / "backups"
    for name, rows in (("20261119_030000", 50), ("20261121_030000", 59)):
        (backups / name).mkdir(parents=True)
        make_database(backups / name / "app.db", rows=rows)
    backup = {"directory": str(backups), "item": "app.db"}
    assert newest_copy(backup, "UTC") == str(backups / "20261121_030000" / "app.db")
    restore, salvage, reset = ways_of(place, {"verdict": "corrupt"}, backup, NOW, 60, None, "UTC")
    assert (restore["way"], restore["set"], restore["age_hours"]) == ("restore", "20261121_030000", 9.0)
    assert salvage["possible"]
    assert salvage["rows"]["estimates"] == 60
    assert salvage["loses"].endswith("0 more without a table")
    assert (reset["way"], reset["possible"]) == ("reset", True)
    assert of(tmp_path / "data", "app.db") == template
    none, gone, _reset = ways_of(place, {"verdict": "missing"}, {}, NOW, 60, None, "UTC")
    assert (none["possible"], gone["possible"]) == (False, False)


#: A table that is large enough for blocks of its own, and what is damaged of it.
FILL = """
CREATE TABLE runs AS SELECT range AS id, 'run ' || range AS name FROM range(100);
CREATE TABLE history AS SELECT range AS id, hash(range) AS word FROM range(300000);
CHECKPOINT
"""
BLOCKS = "SELECT max(block_id) FROM pragma_storage_info('history') WHERE block_id >= 0 AND segment_type <> 'VALIDITY'"


def test_what_can_be_read_of_a_duckdb_is_exported_and_a_salvage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data" / "jobs.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        for statement in FILL.split(";"):
            connection.execute(statement)
        block = connection.execute(BLOCKS).fetchone()
    assert block is not None
    with path.open("r+b") as file:
        file.seek(12288 + block[0] * 262144 + 5000)
        file.write(b"damage")
    before = path.read_bytes()
    place = recovery.Place(str(path), "duckdb", str(tmp_path / "recovery"))
    found = look(place, ["runs"], sys.executable, 120)
    assert found["verdict"] in CORRUPT
    assert found["rows"] == {"main.runs": 100}
    exported = tmp_path / "backups" / "20261121_030000" / "jobs.duckdb"
    exported.mkdir(parents=True)
    backup = {"directory": str(tmp_path / "backups"), "item": "jobs.duckdb"}
    restore, salvage, reset = ways_of(place, found, backup, NOW, 60, None, "UTC")
    assert (restore["possible"], salvage["possible"], reset["possible"]) == (True, False, True)
    assert "a DuckDB database is not salvaged" in salvage["loses"]
    assert "main.runs (100 rows)" in salvage["loses"]
    assert salvage["loses"].endswith("damaged: main.history")
    recovery.keep(place, found, "reset", NOW)
    record = save_readable(place, sys.executable, found, 60)
    assert (record.report["rows"], record.report["not_exported"]) == ({"main.runs": 100}, {})
    (saved,) = Path(record.aside, "readable").iterdir()
    with duckdb.connect() as connection:
        assert connection.read_parquet(str(saved)).aggregate("max(name), count(*)").fetchone() == ("run 99", 100)
    assert path.read_bytes() == before, "it is only read"
    assert save_readable(place, sys.executable, found, 60) == record, "once is enough"
    recovery.prepare(place, 60, None)
    assert recovery.swap(place).report == record.report
    assert not path.exists()
    assert Path(record.kept).read_bytes() == before
