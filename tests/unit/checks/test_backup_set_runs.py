# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind backup_set on real directories: whole, half-written, foreign, empty."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_make import Request
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_make import make_set as make_set_of
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_plan import parse_contents, plan_backup

from .asking import look

ITEMS = [{"name": "app.db", "type": "sqlite"}, {"name": ".env"}, {"name": "uploads", "type": "directory"}]
HOUR = 3600


def name_of(hours_ago: float) -> str:
    """Return the name of a set made some hours ago, in UTC."""
    return time.strftime("%Y%m%d_%H%M%S", time.gmtime(time.time() - hours_ago * HOUR))


def make_set(root: Path, hours_ago: float, rows: int = 10) -> Path:
    """Make a whole set."""
    directory = root / name_of(hours_ago)
    (directory / "uploads").mkdir(parents=True)
    (directory / ".env").write_text("A=1\n")
    with sqlite3.connect(directory / "app.db") as database:
        database.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, text TEXT)")
        database.executemany("INSERT INTO tasks (text) VALUES (?)", [("x" * 200,)] * rows)
    database.close()
    return directory


def ask(root: Path, **keys: Any) -> dict[str, Any]:
    """Look at the sets below a root."""
    return look("backup_set", root=str(root), items=ITEMS, **keys)


def test_the_newest_by_name_decides_whatever_was_touched_last(tmp_path: Path) -> None:
    make_set(tmp_path, 2)
    older = make_set(tmp_path, 26)
    (tmp_path / "notes").mkdir()
    os.utime(older)
    result = ask(tmp_path, warning="> 90000")
    assert result["state"] == "ok"
    assert 2 * HOUR - 5 < result["value"] < 2 * HOUR + 600
    assert result["metrics"]["sets"] == 2
    assert result["metrics"]["size_change_percent"] == 0


def test_names_are_read_in_the_systems_own_time_zone(tmp_path: Path) -> None:
    make_set(tmp_path, 2)
    here = ask(tmp_path)["value"]
    assert ask(tmp_path, timezone="America/New_York")["value"] < here - 3 * HOUR
    assert ask(tmp_path, timezone="Asia/Tokyo")["value"] == pytest.approx(here + 9 * HOUR, abs=600)
    result = ask(tmp_path, timezone="Mars/Olympus")
    assert (result["state"], result["reason"]["id"]) == ("unknown", "timezone_unknown")


def test_a_half_written_newest_set_and_the_older_whole_one_are_both_named(tmp_path: Path) -> None:
    newest, older = make_set(tmp_path, 1), make_set(tmp_path, 25)
    (newest / ".env").unlink()
    shutil.rmtree(newest / "uploads")
    result = ask(tmp_path)
    assert (result["state"], result["reason"]["id"]) == ("critical", "backup_item_missing")
    assert result["reason"]["fields"] == {"set": newest.name, "item": ".env, uploads", "older": older.name}
    assert result["source"] == str(older)
    assert result["value"] > 24 * HOUR


def replaced(path: Path, make: Callable[[Path], object]) -> None:
    """Put something else in the place of a file."""
    path.unlink()
    make(path)


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "corrupt": (lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192), "backup_item_damaged"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:1000]), "backup_item_damaged"),
    "foreign": (lambda path: path.write_bytes(b"not a database" * 100), "backup_item_damaged"),
    "empty": (lambda path: path.write_bytes(b""), "backup_item_too_small"),
    "missing": (Path.unlink, "backup_item_missing"),
    "directory": (lambda path: replaced(path, Path.mkdir), "backup_item_wrong_kind"),
    "link": (lambda path: replaced(path, lambda place: place.symlink_to("/etc/passwd")), "backup_item_wrong_kind"),
    "fifo": (lambda path: replaced(path, os.mkfifo), "backup_item_wrong_kind"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_bad_database_in_the_only_set_is_critical(tmp_path: Path, how: str) -> None:
    spoil, reason = SPOILED[how]
    spoil(make_set(tmp_path, 1, rows=100) / "app.db")
    result = ask(tmp_path, warning="> 90000")
    assert (result["state"], result["reason"]["id"], result["value"]) == ("critical", reason, None)
    assert result["reason"]["fields"]["older"] == "-"


def test_a_set_that_shrank_is_noticed_by_its_size(tmp_path: Path) -> None:
    make_set(tmp_path, 1, rows=1)
    for days in range(1, 6):
        make_set(tmp_path, 1 + 24 * days, rows=2000)
    # One odd set does not move the median.
    make_set(tmp_path, 1 + 24 * 6, rows=1)
    result = ask(tmp_path, history=6, limits={"size_change_percent": {"warning": "< -50"}})
    assert (result["state"], result["reason"]["fields"]["metric"]) == ("warning", "size_change_percent")
    assert result["metrics"]["compared_sets"] == 6


def test_the_root_is_never_a_set_and_links_are_none(tmp_path: Path) -> None:
    root = tmp_path / name_of(5)
    root.mkdir()
    result = ask(root)
    assert (result["state"], result["reason"]["id"]) == ("critical", "backup_no_set")
    whole = make_set(tmp_path / "elsewhere", 1)
    (root / whole.name).symlink_to(whole)
    (root / "99999999_999999").mkdir()
    result = ask(root)
    assert (result["state"], result["reason"]["id"]) == ("critical", "backup_no_set")
    assert len(result["evidence"]) == 2


def test_a_root_that_is_missing_is_critical(tmp_path: Path) -> None:
    result = ask(tmp_path / "none")
    assert (result["state"], result["reason"]["id"]) == ("critical", "backup_root_missing")


def test_an_item_outside_of_the_set_is_not_looked_at(tmp_path: Path) -> None:
    make_set(tmp_path, 1)
    for name in ("/etc/passwd", "../other"):
        result = look("backup_set", root=str(tmp_path), items=[{"name": name}])
        assert (result["state"], result["reason"]["id"]) == ("unknown", "backup_item_not_checked")


def test_a_directory_may_have_to_hold_something(tmp_path: Path) -> None:
    directory = make_set(tmp_path, 1)
    items = [{"name": "uploads", "type": "directory", "minimum_bytes": 10}]
    assert look("backup_set", root=str(tmp_path), items=items)["reason"]["id"] == "backup_item_too_small"
    (directory / "uploads" / "a.csv").write_bytes(b"x" * 10)
    assert look("backup_set", root=str(tmp_path), items=items)["state"] == "ok"


def test_a_pattern_that_is_none_is_named(tmp_path: Path) -> None:
    result = ask(tmp_path, name_pattern="(")
    assert (result["state"], result["reason"]["id"]) == ("unknown", "backup_pattern_invalid")


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_looking_changes_nothing(tmp_path: Path, journal_mode: str) -> None:
    directory = make_set(tmp_path, 1)
    with sqlite3.connect(directory / "app.db") as database:
        database.execute(f"PRAGMA journal_mode = {journal_mode}")
    database.close()
    before = sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in directory.rglob("*"))
    assert ask(tmp_path)["state"] == "ok"
    assert sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in directory.rglob("*")) == before


def made_by_us(root: Path, hours_ago: float, rows: int, extra_table: bool = True) -> Path:
    """Make a set with a manifest, as the procedure does."""
    system = root / "system"
    shutil.rmtree(system, ignore_errors=True)
    made = make_set(system, hours_ago, rows)
    if extra_table:
        with sqlite3.connect(made / "app.db") as database:
            database.execute("CREATE TABLE notes (id INTEGER)")
        database.close()
    (made / "uploads" / "one").write_text("one")
    contents = parse_contents(
        [
            {"name": "app.db", "type": "sqlite", "source": str(made / "app.db")},
            {"name": ".env", "type": "files", "source": str(made / ".env")},
            {"name": "uploads", "type": "files", "source": str(made / "uploads")},
        ]
    )
    sets = root / "sets"
    request = Request(str(sets), "wiki", "wiki-1", "UTC", "%Y%m%d_%H%M%S", 60)
    planned = plan_backup(request.root, contents)
    return Path(make_set_of(request, planned, lambda: time.time() - hours_ago * HOUR).path)


def test_a_set_with_a_manifest_is_compared_with_it_and_with_its_history(tmp_path: Path) -> None:
    made_by_us(tmp_path, 50, 10)
    made_by_us(tmp_path, 26, 4)
    result = ask(tmp_path / "sets", limits={"rows_change_percent": {"critical": "< -50"}})
    assert (result["state"], result["metrics"]["rows_change_percent"]) == ("critical", -60.0)
    assert "fewer rows: app.db tasks (10 to 4)" in result["evidence"]
    assert (result["metrics"]["shrunk_tables"], result["metrics"]["schema_changes"]) == (1, 0)
    made_by_us(tmp_path, 2, 10, extra_table=False)
    result = ask(tmp_path / "sets")
    assert (result["state"], result["reason"]["id"]) == ("warning", "backup_content_gone")
    last = made_by_us(tmp_path, 1, 10)
    (last / "uploads" / "one").unlink()
    result = ask(tmp_path / "sets")
    assert (result["state"], result["reason"]["id"]) == ("critical", "backup_item_missing")
    (last / "uploads" / "one").write_text("two!")
    assert ask(tmp_path / "sets")["reason"]["id"] == "backup_item_changed"
    (last / "manifest.json").write_text("{}")
    assert ask(tmp_path / "sets")["reason"]["fields"]["item"] == "manifest.json"
