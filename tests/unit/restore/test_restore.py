# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore and going back: what is in place, what is kept, and what happens to the logs beside a database."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import restore_exchange, restore_journal
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import Settings, take
from tests.unit.restore import little_system as little

NOW = 1795000000.0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return production with old data, and a set beside it."""
    made = little.production(tmp_path)
    little.make_set(tmp_path, made)
    return made


def step(root: Path, place: Path, name: str, plan: bool = False, **changes: object) -> dict[str, object]:
    """Take one step."""
    settings = Settings(str(root / "state"), str(root / "beside"), 14, plan)
    return take(name, little.request(root, place, **changes), settings, NOW)


def tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return everything below a folder, to compare; the log's index is shared memory and not data."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_ino, path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if not path.name.endswith("-shm")
    }


def test_check_mode_says_what_a_run_does_and_writes_nothing(tmp_path: Path, place: Path) -> None:
    before = tree(tmp_path)
    planned = step(tmp_path, place, "stage", plan=True)
    assert tree(tmp_path) == before
    done = step(tmp_path, place, "stage")
    for key in ("set", "items", "verified", "passed_over", "bytes"):
        assert planned[key] == done[key]
    assert planned["set"] == little.SET


def test_restored_data_is_in_place_and_the_old_data_is_kept_whole(tmp_path: Path, place: Path) -> None:
    staged = step(tmp_path, place, "stage")
    assert little.names(place / "app.db") == [("old", 3), ("old in the log", 1)], "the service may still go on"
    assert "app.db: rows of 1 tables as in the manifest" in staged["verified"]
    assert step(tmp_path, place, "swap")["phase"] == "swapped"
    assert little.names(place / "app.db") == [("backup", 5)]
    assert (place / ".env").read_text() == "KEY=backup\n"
    assert sorted(path.name for path in (place / "uploads").iterdir()) == ["b.txt", "deep"]
    assert (place / "app.db").stat().st_mode & 0o777 == 0o640, "as what it replaces, not as in the set"
    assert not list(place.glob("app.db-*")), "no log beside the restored database"
    accepted = step(tmp_path, place, "accept")
    kept = {one["target"]: Path(one["path"]) for one in accepted["kept"]}
    assert little.names(kept[str(place / "app.db")]) == [("old", 3), ("old in the log", 1)]
    assert (kept[str(place / "uploads")] / "new-since.txt").exists()
    assert accepted["kept_until"] == "2026-12-02T11:06:40Z"


def test_going_back_keeps_what_was_written_since(tmp_path: Path, place: Path) -> None:
    for name in ("stage", "swap", "accept"):
        step(tmp_path, place, name)
    little.leave_log(place / "app.db", "written since")
    undone = step(tmp_path, place, "put_back")
    assert little.names(place / "app.db") == [("old", 3), ("old in the log", 1)]
    assert (place / "uploads" / "new-since.txt").exists()
    aside = {one["target"]: Path(one["path"]) for one in undone["undone"]}
    assert little.names(aside[str(place / "app.db")]) == [("backup", 5), ("written since", 1)]
    assert step(tmp_path, place, "put_back")["changed"] is False


def test_a_log_that_cannot_be_worked_in_goes_with_its_damaged_database_and_comes_back_with_it(
    tmp_path: Path, place: Path
) -> None:
    damaged, log = b"x" * 8192, (place / "app.db-wal").read_bytes()
    (place / "app.db").write_bytes(damaged)
    for name in ("stage", "swap"):
        step(tmp_path, place, name)
    assert little.names(place / "app.db") == [("backup", 5)]
    kept = next(place.glob("app.db.before-restore-*-wal"))
    assert kept.read_bytes() == log
    step(tmp_path, place, "put_back")
    assert (place / "app.db").read_bytes() == damaged
    assert (place / "app.db-wal").read_bytes() == log


def test_a_database_in_use_is_not_swapped(tmp_path: Path, place: Path) -> None:
    import subprocess
    import sys

    step(tmp_path, place, "stage")
    opening = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM tasks')"
    command = [sys.executable, "-c", opening + "; print(1, flush=True); input()", str(place / "app.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(RunbooksError, match=f"still open in process {holder.pid}"):
            step(tmp_path, place, "swap")
        holder.kill()
    assert (place / ".env").read_text() == "KEY=old\n"
    assert step(tmp_path, place, "swap")["phase"] == "swapped", "and when it is closed, it is"


def test_a_newer_set_that_is_damaged_is_passed_over_and_named(tmp_path: Path, place: Path) -> None:
    newer = little.make_set(tmp_path, place, "20261121_030001", rows=9)
    connection = sqlite3.connect(newer / "app.db")
    with closing(connection), connection:
        connection.execute("DELETE FROM tasks WHERE id = 1")
    for plan in (True, False):
        found = step(tmp_path, place, "stage", plan=plan)
        assert found["set"] == little.SET
        assert "20261121_030001" in str(found["passed_over"])
    with pytest.raises(RunbooksError, match="20261121_030001"):
        step(tmp_path, place, "stage", set="20261121_030001")
    assert not list(place.glob(".*restore-*")), "nothing unpacked is left"


def test_a_set_of_the_applications_own_script_says_what_nobody_could_verify(tmp_path: Path, place: Path) -> None:
    made = little.make_set(tmp_path, place, "20261122_030001", manifest=False)
    with closing(sqlite3.connect(made / "app.db")) as connection:
        connection.execute("PRAGMA journal_mode = wal")
    little.leave_log(made / "app.db", "copied log")
    found = step(tmp_path, place, "stage")
    assert found["set"] == "20261122_030001"
    assert "app.db: checksums and rows, the set has no manifest" in found["unverified"]
    step(tmp_path, place, "swap")
    assert little.names(place / "app.db") == [("backup", 5), ("copied log", 1)]


def test_one_item_alone_and_one_that_was_not_there(tmp_path: Path, place: Path) -> None:
    (place / ".env").unlink()
    for name in ("stage", "swap"):
        step(tmp_path, place, name, items=[".env"])
    assert (place / ".env").read_text() == "KEY=backup\n"
    assert little.names(place / "app.db") == [("old", 3), ("old in the log", 1)]
    step(tmp_path, place, "put_back")
    assert not (place / ".env").exists(), "there was none"


def test_an_item_within_another_is_restored_with_it_and_never_lost(tmp_path: Path, place: Path) -> None:
    items = [
        {"name": "data", "type": "files", "target": str(place)},
        {"name": "data/app.db", "type": "sqlite", "target": str(place / "app.db")},
    ]
    made = tmp_path / "sets" / "20261123_030001"
    (made / "data").mkdir(parents=True)
    little.database(made / "data" / "app.db", 7, "inner", wal=False)
    (made / "data" / "note.txt").write_text("outer")
    little.sign(made, items)
    with pytest.raises(RunbooksError, match=r"holds item data/app\.db"):
        step(tmp_path, place, "stage", contents=items, items=["data"])
    step(tmp_path, place, "stage", contents=items)
    step(tmp_path, place, "swap", contents=items)
    assert little.names(place / "app.db") == [("inner", 7)]
    assert (place / "note.txt").read_text() == "outer"
    step(tmp_path, place, "put_back", contents=items)
    assert little.names(place / "app.db") == [("old", 3), ("old in the log", 1)]


def test_what_a_backup_leaves_out_of_a_directory_stays_as_it_is(tmp_path: Path, place: Path) -> None:
    logs = place / "uploads" / "logs"
    logs.mkdir(mode=0o750)
    (logs / "today.log").write_text("line\n")
    (place / "uploads" / "cache.tmp").write_text("cached")
    items = little.contents(place)
    items[2]["exclude"] = ["logs", "*.tmp"]
    for name in ("stage", "swap"):
        step(tmp_path, place, name, contents=items)
    assert (logs / "today.log").read_text() == "line\n"
    assert logs.stat().st_mode & 0o777 == 0o750
    assert (place / "uploads" / "cache.tmp").read_text() == "cached"
    assert not (place / "uploads" / "new-since.txt").exists()
    with (logs / "today.log").open("a") as stream:
        stream.write("written since\n")
    step(tmp_path, place, "put_back", contents=items)
    assert (logs / "today.log").read_text() == "line\nwritten since\n"


def test_an_item_that_a_set_may_lack_is_left_as_it_is_unless_it_is_asked_for(tmp_path: Path, place: Path) -> None:
    (place / "extra.conf").write_text("kept")
    items = [
        *little.contents(place),
        {"name": "extra.conf", "type": "files", "source": str(place / "extra.conf"), "optional": True},
    ]
    for name in ("stage", "swap"):
        step(tmp_path, place, name, contents=items)
    assert (place / "extra.conf").read_text() == "kept"
    with pytest.raises(RunbooksError, match=r"extra\.conf"):
        step(tmp_path, place, "stage", contents=items, items=["extra.conf"])


@pytest.mark.parametrize("links", [True, False])
def test_without_the_kernels_exchange_a_rename_does(
    tmp_path: Path, place: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_exchange, "exchange", lambda _first, _second: False)
    if not links:
        monkeypatch.setattr(restore_exchange, "_linked", lambda _target, _aside: False)
    for name in ("stage", "swap"):
        step(tmp_path, place, name)
    assert little.names(place / "app.db") == [("backup", 5)]
    step(tmp_path, place, "put_back")
    assert little.names(place / "app.db") == [("old", 3), ("old in the log", 1)]
    assert (place / "uploads" / "new-since.txt").exists()


def test_a_run_interrupted_after_the_swap_goes_on_from_there(tmp_path: Path, place: Path) -> None:
    for name in ("stage", "swap"):
        step(tmp_path, place, name)
    inode = (place / "app.db").stat().st_ino
    again = step(tmp_path, place, "stage")
    assert (again["resumed"], again["changed"]) == (True, False)
    assert step(tmp_path, place, "swap")["changed"] is False
    assert step(tmp_path, place, "accept")["phase"] == "accepted"
    assert (place / "app.db").stat().st_ino == inode


def test_too_little_space_is_said_before_anything_is_written(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.aiops.runbooks.plugins.module_utils import restore_choose

    monkeypatch.setattr(restore_choose, "free_bytes", lambda _directory: 1000)
    before = tree(place)
    for plan in (True, False):
        with pytest.raises(RunbooksError, match=r"1000 bytes free, .* needed"):
            step(tmp_path, place, "stage", plan=plan)
    assert tree(place) == before


def test_beside_appears_whole_and_only_what_a_restore_made_is_removed(tmp_path: Path, place: Path) -> None:
    before = tree(place)
    step(tmp_path, place, "beside")
    beside = tmp_path / "beside"
    assert little.names(beside / "app.db") == [("backup", 5)]
    assert (beside / ".env").stat().st_mode & 0o777 == 0o600
    assert tree(place) == before
    with pytest.raises(RunbooksError, match="not an empty directory"):
        step(tmp_path, place, "beside")
    assert step(tmp_path, place, "remove_beside")["changed"] is True
    assert step(tmp_path, place, "remove_beside")["changed"] is False
    beside.mkdir()
    (beside / "precious").write_text("x")
    with pytest.raises(RunbooksError, match="was not made by a restore"):
        step(tmp_path, place, "remove_beside")


def test_two_restores_do_not_work_at_once(tmp_path: Path, place: Path) -> None:
    with restore_journal.alone(str(tmp_path / "state")), pytest.raises(RunbooksError, match="Another restore"):
        step(tmp_path, place, "stage")


def test_a_target_that_is_a_link_stays_one(tmp_path: Path, place: Path) -> None:
    real = tmp_path / "elsewhere" / "app.db"
    real.parent.mkdir()
    os.rename(place / "app.db", real)
    os.rename(place / "app.db-wal", str(real) + "-wal")
    (place / "app.db").symlink_to(real)
    for name in ("stage", "swap"):
        step(tmp_path, place, name)
    assert (place / "app.db").is_symlink()
    assert little.names(real) == [("backup", 5)]
