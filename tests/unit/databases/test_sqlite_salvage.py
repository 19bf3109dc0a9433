# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a damaged database comes back, and what is lost is counted."""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_salvage import salvage
from tests.unit.databases.making import everything_in, leave_hot_journal, leave_wal, make_database
from tests.unit.databases.salvaging import PAGE, TABLES, chosen, content, make, physically_left, ruin, salvaged
from tests.unit.killing import interruptions


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a whole database."""
    return make(tmp_path_factory.mktemp("whole") / "app.db")


@pytest.mark.parametrize(
    "pragmas",
    [
        (),
        ("page_size = 512",),
        ("page_size = 65536",),
        ("auto_vacuum = 1",),
        ("encoding = 'UTF-16le'",),
        ("encoding = 'UTF-16be'", "page_size = 1024"),
        ("journal_mode = wal",),
    ],
)
def test_a_whole_database_comes_back_whole(tmp_path: Path, pragmas: tuple[str, ...]) -> None:
    path = make(tmp_path / "app.db", 600, *pragmas)
    report, target = salvaged(path)
    assert report.complete, report
    for table in TABLES:
        assert content(target, table) == content(path, table)
    question = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2"
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(target)) as other:
        assert other.execute(question).fetchall() == one.execute(question).fetchall()
        for figure in ("user_version", "application_id", "encoding", "page_size", "auto_vacuum"):
            assert other.execute(f"PRAGMA {figure}").fetchone() == one.execute(f"PRAGMA {figure}").fetchone()


def test_share_of_what_is_left(whole: Path, tmp_path: Path) -> None:
    pages = whole.stat().st_size // PAGE
    worst = 1.0
    for seed in range(12):
        ruined = chosen(seed, pages, 1 + pages * (1, 5, 20)[seed % 3] // 100)
        report, target = salvaged(ruin(whole, tmp_path / f"{seed}.db", ruined, bytes(PAGE) if seed % 2 else b""))
        for table, left in physically_left(whole, ruined).items():
            one = report.tables[table]
            worst = min(worst, (one.rows + one.rows_refused) / left if left else 1)
            found, true = content(target, table), set(content(whole, table))
            assert len(set(found) - true) <= one.rows_doubtful, "nothing is invented"
            assert len(found) + one.rows_lost <= len(true)
            if not one.more_lost:
                assert len(found) + one.rows_lost == len(true), "what is lost is counted exactly"
    assert worst >= 0.999, worst


def test_rows_that_only_an_index_remembers_are_counted(whole: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        number, cells = connection.execute(
            "SELECT pageno, ncell FROM dbstat WHERE name = 'tasks' AND pagetype = 'leaf' LIMIT 1 OFFSET 3"
        ).fetchone()
    report, _target = salvaged(ruin(whole, tmp_path / "app.db", {number}))
    one = report.tables["tasks"]
    assert (one.rows, one.rows_lost, one.more_lost) == (3000 - cells, cells, False)
    assert not report.complete


def test_a_page_that_lost_entries_without_a_trace(whole: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        number, cells = connection.execute(
            "SELECT pageno, ncell FROM dbstat WHERE name = 'tasks' AND pagetype = 'leaf' LIMIT 1 OFFSET 5"
        ).fetchone()
    data = bytearray(whole.read_bytes())
    struct.pack_into(">H", data, (number - 1) * PAGE + 3, cells - 2)
    (tmp_path / "app.db").write_bytes(data)
    report, _target = salvaged(tmp_path / "app.db")
    assert (report.tables["tasks"].rows_lost, report.complete) == (2, False)


def test_without_its_first_page_the_schema_of_a_backup_helps(whole: Path, tmp_path: Path) -> None:
    path = ruin(whole, tmp_path / "app.db", {1})
    report, _target = salvaged(path)
    assert report.schema_from == "none"
    assert report.lost_and_found >= 6300
    assert report.tables_without_schema >= 3
    report, target = salvaged(path, schema_from=os.fspath(whole))
    assert report.schema_from == "other"
    for table in ("tasks", "estimates", "derived", "settings"):
        assert content(target, table) == content(whole, table)


def test_the_root_of_a_table_is_gone(whole: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        roots = dict(
            connection.execute("SELECT name, rootpage FROM sqlite_master WHERE name IN ('tasks', 'estimates')")
        )
    report, target = salvaged(ruin(whole, tmp_path / "app.db", set(roots.values())))
    for table in roots:
        assert content(target, table) == content(whole, table)
        assert report.tables[table].rows_from_orphans == 3000


def test_deleted_rows_do_not_come_back(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", 1500)
    with closing(sqlite3.connect(path)) as connection:
        # Some builds of SQLite overwrite what is deleted.
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("DELETE FROM estimates WHERE id > 100")
        connection.execute("DROP TABLE derived")
        connection.commit()
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tasks'").fetchone()
    report, target = salvaged(ruin(path, tmp_path / "bad.db", {number}))
    assert content(target, "estimates") == content(path, "estimates")
    assert report.lost_and_found == 0
    report, _target = salvaged(path, free_pages=True)
    assert report.lost_and_found > 1000


def test_the_log_counts(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    leave_wal(path)
    report, target = salvaged(path)
    assert "('late', 'new', '')" in content(target, "tasks")
    assert "1 transactions of the write-ahead log were read" in report.notes


def test_an_unfinished_transaction_is_taken_back(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", rows=4000)
    before = content(path, "tasks")
    leave_hot_journal(path)
    report, target = salvaged(path)
    assert content(target, "tasks") == before
    assert any("taken back" in note for note in report.notes)


def test_text_that_is_no_text_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a TEXT, rowid INTEGER)")
        connection.execute("INSERT INTO t VALUES (CAST(x'ff00fe' AS TEXT), 3), ('fine', 4)")
        connection.commit()
    _report, target = salvaged(path)
    with closing(sqlite3.connect(target)) as connection:
        found = connection.execute("SELECT typeof(a), hex(a), rowid, _rowid_ FROM t ORDER BY rowid").fetchall()
    assert found == [("text", "FF00FE", 3, 1), ("text", "66696E65", 4, 2)]


def test_zeros_are_kept_and_said_to_be_doubtful(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a BLOB)")
        connection.execute("INSERT INTO t VALUES (zeroblob(20000))")
        connection.commit()
    report, target = salvaged(path)
    assert content(target, "t") == content(path, "t")
    assert (report.tables["t"].rows_doubtful, report.complete) == (1, False)


def test_a_virtual_table_and_its_content(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(body)")
        connection.execute("INSERT INTO words VALUES ('corrupt pages'), ('whole pages')")
        connection.commit()
    report, target = salvaged(path)
    assert not report.not_created
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT body FROM words WHERE words MATCH 'whole'").fetchall() == [("whole pages",)]


def test_a_schema_of_somebody_with_bad_intentions(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", rows=5)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        for name, sql in {
            "a": "CREATE TABLE a AS SELECT load_extension('x')",
            "b": f"ATTACH '{tmp_path}/evil.db' AS evil -- CREATE TABLE",
            "c": "CREATE TABLE c (x); DROP TABLE tasks",
        }.items():
            connection.execute("INSERT INTO sqlite_master VALUES ('table', ?, ?, 0, ?)", (name, name, sql))
        connection.commit()
    report, _target = salvaged(path)
    assert report.tables["tasks"].rows == 5
    assert {"a", "c"} <= set(report.not_created)
    assert not (tmp_path / "evil.db").exists()


@given(data=some.data())
@settings(max_examples=60, deadline=None)
def test_any_bytes(small: bytes, tmp_path_factory: pytest.TempPathFactory, data: some.DataObject) -> None:
    folder = tmp_path_factory.mktemp("any")
    damaged = bytearray(small)
    for _flip in range(data.draw(some.integers(0, 12))):
        # The header and the first bytes of pages decide most: they are hit as often as all the rest.
        places = some.one_of(
            some.integers(0, 99),
            some.builds(
                lambda page, at: page * 512 + at, some.integers(0, len(damaged) // 512 - 1), some.integers(0, 40)
            ),
            some.integers(0, len(damaged) - 1),
        )
        damaged[data.draw(places)] = data.draw(some.integers(0, 255))
    path = folder / "app.db"
    path.write_bytes(bytes(damaged[: data.draw(some.integers(0, len(damaged)))]))
    (folder / "app.db-wal").write_bytes(data.draw(some.binary(max_size=200)))
    (folder / "app.db-journal").write_bytes(data.draw(some.binary(max_size=200)))
    salvaged(path, seconds=20)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a database with many small pages."""
    return make(tmp_path_factory.mktemp("small") / "app.db", 120, "page_size = 512").read_bytes()


def test_the_time_ends(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(RunbooksError, match=r"not read to its end in 0\.02 seconds"):
        salvage(os.fspath(whole), os.fspath(tmp_path / "out.db"), 0.02)
    assert not list(tmp_path.iterdir())


def test_what_exists_is_not_replaced(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "out.db").write_text("mine")
    with pytest.raises(RunbooksError, match="exists"):
        salvage(os.fspath(whole), os.fspath(tmp_path / "out.db"), 10)
    assert (tmp_path / "out.db").read_text() == "mine"


def test_killed_anywhere(tmp_path: Path) -> None:
    path = make(tmp_path / "app.db", 40)
    before = everything_in(tmp_path)
    places = iter(range(10000))

    def prepare() -> Path:
        folder = tmp_path / "out" / str(next(places))
        folder.mkdir(parents=True)
        return folder / "new.db"

    for target in interruptions(prepare, lambda target: salvage(os.fspath(path), os.fspath(target), 60), 40):
        assert {name: seen for name, seen in everything_in(tmp_path).items() if "/out" not in name} == before
        if not target.exists():
            salvage(os.fspath(path), os.fspath(target), 60)
        assert content(target, "tasks") == content(path, "tasks")
        assert not Path(f"{target}.partial-journal").exists()
