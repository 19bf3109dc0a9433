# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows whose time is over go, after a copy, counted, all or none; the open ones never do (SBX-18)."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import rows_prune, rows_prune_copies
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.rows_prune import prune
from ansible_collections.aiops.runbooks.plugins.module_utils.rows_prune_plan import Rule, Settings, moments, plan
from tests.unit.databases.making import everything_in, start_holder
from tests.unit.killing import interruptions

# 2026-11-21 12:00:00 UTC
NOW = 1795262400.0
RULE = Rule("incidents", "status = 'CLOSED' AND resolved_at < datetime(:now_local, '-30 days')", "status <> 'CLOSED'")


def make(path: Path, old: int = 300, *pragmas: str) -> Path:
    """Create a state database with old, new and open incidents."""
    with closing(sqlite3.connect(path)) as connection:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE incidents (id INTEGER PRIMARY KEY, status TEXT, resolved_at TEXT, note TEXT)")
        connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, note TEXT)")
        rows = [("CLOSED", "2026-09-01 10:00:00.097618", "x" * 500)] * old
        rows += [("CLOSED", "2026-11-20 10:00:00.1", "new")] * 5 + [("OPEN", None, "open")] * 3
        connection.executemany("INSERT INTO incidents (status, resolved_at, note) VALUES (?, ?, ?)", rows)
        connection.executemany("INSERT INTO runs (note) VALUES (?)", [("run",)] * 7)
        connection.commit()
    path.chmod(0o640)
    return path


def how(path: Path, **changes: float) -> Settings:
    """Return settings for a test."""
    given = Settings("Europe/London", os.fspath(path.parent / "copies"), busy_timeout_seconds=0.2)
    return dataclasses.replace(given, **changes)


def counts(path: Path) -> dict[str, int]:
    """Return the numbers of rows."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = dict(connection.execute("SELECT status, count(*) FROM incidents GROUP BY status"))
        found["runs"] = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return found


WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
print("ready", flush=True)
while True:
    connection.execute("INSERT INTO runs (note) VALUES ('live')")
    time.sleep(0.001)
"""
BEFORE, AFTER = {"CLOSED": 305, "OPEN": 3, "runs": 7}, {"CLOSED": 5, "OPEN": 3, "runs": 7}


@pytest.mark.parametrize("pragmas", [(), ("journal_mode = wal",)])
def test_planned_is_done(tmp_path: Path, pragmas: Sequence[str]) -> None:
    path = make(tmp_path / "state.db", 300, *pragmas)
    before = everything_in(tmp_path)
    planned = plan(os.fspath(path), [RULE], how(path), NOW)
    assert (planned.planned, planned.kept, planned.removed) == ({"incidents": 300}, {"incidents": 8}, {})
    assert everything_in(tmp_path) == before
    done = prune(os.fspath(path), [RULE], how(path), NOW)
    assert (done.planned, done.kept, done.removed) == ({"incidents": 300}, {"incidents": 8}, {"incidents": 300})
    assert counts(path) == AFTER
    assert counts(Path(done.copy)) == BEFORE
    assert Path(done.copy).stat().st_mode & 0o777 == 0o640
    assert (done.vacuum, done.size_after_bytes < done.size_before_bytes) == ("done", True)
    again = prune(os.fspath(path), [RULE], how(path), NOW)
    assert (again.removed, again.copy) == ({}, "")


def test_the_time_is_that_of_the_zone() -> None:
    assert moments(NOW, "Asia/Tokyo") == {"now_utc": "2026-11-21 12:00:00", "now_local": "2026-11-21 21:00:00"}
    with pytest.raises(CheckError):
        moments(NOW, "Mars/Olympus")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("incidents", "id > 0", "status <> 'CLOSED'"), "3 rows of incidents that are due must never go"),
        (Rule("anomalies", "1"), "no such table: anomalies"),
        (Rule("incidents", "updated_at < :now_utc"), "no such column: updated_at"),
        (Rule("incidents", "1); DELETE FROM runs; --"), "one statement at a time"),
        (Rule("incidents", "load_extension('x')"), "not authorized"),
    ],
)
def test_a_rule_that_is_wrong_removes_nothing(tmp_path: Path, rule: Rule, words: str) -> None:
    path = make(tmp_path / "state.db")
    with pytest.raises(RunbooksError, match=words):
        prune(os.fspath(path), [rule], how(path), NOW)
    assert counts(path) == BEFORE


def test_a_trigger_that_would_change_others_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER t AFTER DELETE ON incidents BEGIN DELETE FROM runs WHERE id = old.id; END")
        connection.commit()
    with pytest.raises(RunbooksError, match="would change 7 other rows"):
        prune(os.fspath(path), [RULE], how(path), NOW)
    assert counts(path) == BEFORE


def test_a_writer_is_waited_for_and_then_respected(tmp_path: Path) -> None:
    path = make(tmp_path / "state.db", 300, "journal_mode = wal")
    holder = start_holder("connection.execute('BEGIN IMMEDIATE')", path)
    try:
        with pytest.raises(RunbooksError, match="is being written to"):
            prune(os.fspath(path), [RULE], how(path), NOW)
    finally:
        holder.kill()
        holder.communicate()
    assert counts(path) == BEFORE


def test_rows_that_changed_since_the_copy_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "state.db")
    copy = rows_prune_copies.finished_copy
    changes = iter(range(100))

    def changed_meanwhile(*arguments: object) -> str:
        name = copy(*arguments)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE incidents SET note = ? WHERE id = 1", (f"changed {next(changes)}",))
            connection.commit()
        return name

    monkeypatch.setattr(rows_prune, "finished_copy", changed_meanwhile)
    with pytest.raises(RunbooksError, match="change all the time"):
        prune(os.fspath(path), [RULE], how(path), NOW)
    assert counts(path) == BEFORE


def test_a_damaged_database_is_left_alone(tmp_path: Path) -> None:
    path = make(tmp_path / "state.db")
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)
    with pytest.raises(RunbooksError, match="Rows are removed from a whole database only"):
        prune(os.fspath(path), [RULE], how(path), NOW)
    assert path.read_bytes() == bytes(data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vacuum_free_percent": 100.0}, "not_needed"),
        ({"vacuum_limit_bytes": 1000}, "left out: .* would be rewritten"),
    ],
)
def test_the_file_is_made_smaller_only_when_it_is_worth_it(
    tmp_path: Path, changes: dict[str, float], words: str
) -> None:
    path = make(tmp_path / "state.db")
    done = prune(os.fspath(path), [RULE], how(path, **changes), NOW)
    assert pytest.approx(done.size_before_bytes) == done.size_after_bytes
    assert counts(path) == AFTER
    assert done.vacuum == words or done.vacuum.startswith("left out: ")


def test_old_copies_go_and_nothing_else(tmp_path: Path) -> None:
    path = make(tmp_path / "state.db")
    copies = tmp_path / "copies"
    copies.mkdir()
    others = ["state.db", "state.db.before-prune-x", "other.db.before-prune-20200101_000000"]
    old = [f"state.db.before-prune-2026010{day}_000000" for day in range(1, 6)]
    for name in [*others, *old, "state.db.before-prune-20260101_000001.partial"]:
        (copies / name).touch()
    done = prune(os.fspath(path), [RULE], how(path, keep_copies=2), NOW)
    assert sorted(each.name for each in copies.iterdir()) == sorted([*others, old[-1], Path(done.copy).name])
    assert len(done.removed_copies) == 5


def test_killed_anywhere(tmp_path: Path) -> None:
    places = iter(range(10000))

    def prepare() -> Path:
        folder = tmp_path / str(next(places))
        folder.mkdir()
        return make(folder / "state.db", 300)

    for path in interruptions(prepare, lambda path: prune(os.fspath(path), [RULE], how(path), NOW), 30):
        # What SQLite does when the application opens its database next.
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM incidents").fetchone()
        seen = counts(path)
        assert seen in (BEFORE, AFTER)
        copies = path.parent / "copies"
        if seen == AFTER:
            assert [counts(each) for each in copies.iterdir()] == [BEFORE]
        prune(os.fspath(path), [RULE], how(path), NOW + 1)
        assert counts(path) == AFTER
        assert all(counts(each) == BEFORE for each in copies.iterdir() if not each.name.endswith(".partial"))


def test_a_full_and_a_read_only_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=500k", "tmpfs", str(disk)], check=True)
    try:
        path = make(disk / "state.db")
        (disk / "ballast").write_bytes(b"x" * (460 * 1024 - path.stat().st_size))
        with pytest.raises(RunbooksError, match="Make room"):
            prune(os.fspath(path), [RULE], how(path), NOW)
        # The copy has room elsewhere, the transaction's journal has not.
        elsewhere = dataclasses.replace(how(path), copy_directory=os.fspath(tmp_path / "copies"))
        (disk / "more").write_bytes(b"x" * (40 * 1024))
        with pytest.raises(RunbooksError, match="Nothing was removed"):
            prune(os.fspath(path), [RULE], elsewhere, NOW)
        assert counts(path) == BEFORE
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(RunbooksError, match=r"readonly|unable to open"):
            prune(os.fspath(path), [RULE], elsewhere, NOW)
        assert counts(path) == BEFORE
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_an_application_that_writes_all_the_time(tmp_path: Path) -> None:
    path = make(tmp_path / "state.db", 300, "journal_mode = wal")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    try:
        done = prune(os.fspath(path), [RULE], how(path, busy_timeout_seconds=60), NOW)
        assert writer.poll() is None, "the writer was never blocked for longer than it waits"
    finally:
        writer.kill()
        writer.communicate()
    assert done.removed == {"incidents": 300}
    assert {name: count for name, count in counts(path).items() if name != "runs"} == {"CLOSED": 5, "OPEN": 3}
