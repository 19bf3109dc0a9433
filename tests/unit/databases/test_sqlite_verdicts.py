# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every state that a database can be in has its own name (EST-17)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_file import inspect
from tests.unit.databases.making import killed, leave_hot_journal, leave_wal, make_database, start_holder
from tests.unit.patience import quickly


@pytest.mark.parametrize("journal_mode", ["delete", "truncate", "persist", "wal"])
@pytest.mark.parametrize("depth", ["header", "quick", "full"])
def test_a_healthy_database_is_ok_with_its_figures(tmp_path: Path, journal_mode: str, depth: str) -> None:
    found = inspect(str(make_database(tmp_path / "app.db", journal_mode)), depth=depth)
    assert (found.verdict, found.messages) == ("ok", ())
    assert found.page_size == 4096
    assert found.page_count == (tmp_path / "app.db").stat().st_size // 4096
    assert found.journal_mode == ("wal" if journal_mode == "wal" else "delete")
    assert found.encoding == "UTF-8"
    assert found.foreign_key_violations == (None if depth == "header" else 0)


@pytest.mark.parametrize(
    "name", ["a b.db", "what?.db", "100%.db", "50%25.db", "a#b.db", "file:x.db", "ファイル.db", "&x=1.db"]
)
def test_any_name_is_a_name(tmp_path: Path, name: str) -> None:
    assert inspect(str(make_database(tmp_path / name)), tables=["tasks"]).verdict == "ok"


def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    make_database(tmp_path / "app.db").rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.db"))
    assert inspect(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.db")).verdict == "ok"


def test_what_is_no_database_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "folder.db").mkdir()
    os.mkfifo(tmp_path / "pipe.db")
    (tmp_path / "loop.db").symlink_to("loop.db")
    (tmp_path / "dangling.db").symlink_to("nowhere")
    (tmp_path / "page.db").write_text("<html>502 Bad Gateway</html>")
    verdicts = {path.name: inspect(str(path)).verdict for path in tmp_path.iterdir()}
    assert verdicts == {
        "empty.db": "empty",
        "folder.db": "is_directory",
        "pipe.db": "not_a_regular_file",
        "loop.db": "unreadable",
        "dangling.db": "missing",
        "page.db": "not_a_database",
    }
    assert inspect(str(tmp_path / "absent.db")).verdict == "missing"
    assert inspect(str(tmp_path / "page.db" / "below")).verdict == "missing"
    assert inspect("/dev/zero").verdict == "not_a_regular_file"
    assert inspect("a\0b").verdict == "unreadable"
    assert not (tmp_path / "absent.db").exists()


def test_a_link_to_a_database_is_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    leave_wal(make_database(tmp_path / "data" / "app.db", "wal"))
    (tmp_path / "link.db").symlink_to("data/app.db")
    assert inspect(str(tmp_path / "link.db")).wal_bytes


@pytest.mark.parametrize("depth", ["header", "quick"])
@pytest.mark.parametrize("lost_bytes", [1, 100, 4095, 4096, 8192, 50000])
def test_a_database_without_its_end_is_truncated(tmp_path: Path, lost_bytes: int, depth: str) -> None:
    path = make_database(tmp_path / "app.db")
    os.truncate(path, path.stat().st_size - lost_bytes)
    found = inspect(str(path), depth=depth)
    assert found.verdict == "truncated"
    assert "bytes" in found.messages[0]


@pytest.mark.parametrize("size", [1, 15, 16, 99, 100, 511, 512, 4095])
def test_what_is_left_of_the_first_page_is_truncated(tmp_path: Path, size: int) -> None:
    path = make_database(tmp_path / "app.db")
    os.truncate(path, size)
    assert inspect(str(path)).verdict == "truncated"


def test_a_page_of_noise_is_corrupt(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db")
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(bytes(number * 37 % 251 for number in range(4096)))
    found = inspect(str(path))
    assert found.verdict == "corrupt"
    assert 0 < len(found.messages) <= 20


def test_only_the_full_depth_sees_an_index_that_lacks_rows_of_its_table(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        row = connection.execute("SELECT * FROM sqlite_master WHERE name = 'tasks_status'").fetchone()
    # Without its entry in the schema the index is not kept up to date; then it is there again.
    for statement, values in (
        ("DELETE FROM sqlite_master WHERE name = 'tasks_status'", ()),
        ("INSERT INTO tasks VALUES ('unindexed', 'new', '')", ()),
        ("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row),
    ):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(statement, values)
    assert inspect(str(path), depth="quick").verdict == "ok"
    found = inspect(str(path), depth="full")
    assert found.verdict == "corrupt"
    assert "tasks_status" in " ".join(found.messages)


def test_tables_that_must_exist_are_missed_by_name(tmp_path: Path) -> None:
    found = inspect(str(make_database(tmp_path / "app.db")), tables=["tasks", "messages", "qa_pairs"])
    assert (found.verdict, found.missing_tables) == ("tables_missing", ("messages", "qa_pairs"))


def test_a_new_empty_database_lacks_its_tables(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "app.db")
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    found = inspect(str(tmp_path / "app.db"), tables=["tasks"])
    assert (found.verdict, found.user_version) == ("tables_missing", 3)


def test_references_that_lead_nowhere_are_counted(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM tasks WHERE rowid <= 30")
    found = inspect(str(path))
    assert (found.verdict, found.foreign_key_violations, len(found.messages)) == ("foreign_key_violations", 30, 20)
    assert inspect(str(path), foreign_keys=False).verdict == "ok"


def test_a_transaction_that_nobody_finished_is_a_hot_journal(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", rows=4000)
    leave_hot_journal(path)
    assert inspect(str(path)).verdict == "hot_journal"


def test_committed_rows_in_the_log_of_a_dead_writer_are_seen(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    killed("connection.execute('CREATE TABLE late (id)')\nconnection.commit()", path)
    found = inspect(str(path), tables=["late"], depth="full")
    assert (found.verdict, found.way) == ("ok", "shared_index")
    assert found.wal_bytes


def test_a_log_without_its_index_is_read_from_a_copy(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    killed("connection.execute('CREATE TABLE late (id)')\nconnection.commit()", path)
    (tmp_path / "app.db-shm").unlink()
    found = inspect(str(path), tables=["late"])
    assert (found.verdict, found.way) == ("ok", "copy")
    assert inspect(str(path), copy_limit_bytes=1000).verdict == "wal_unread"


def test_a_damaged_log_ends_where_its_checksums_end(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    leave_wal(path)
    with (tmp_path / "app.db-wal").open("r+b") as file:
        file.seek(40)
        file.write(b"\xff" * 64)
    assert inspect(str(path), depth="full").verdict == "ok"


def test_a_log_whose_header_is_damaged_is_ignored_and_mentioned(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    leave_wal(path)
    with (tmp_path / "app.db-wal").open("r+b") as file:
        file.write(b"\xff")
    found = quickly(lambda: inspect(str(path), depth="full"), 1)
    assert (found.verdict, found.way) == ("ok", "immutable")
    assert "ignores" in found.messages[0]


def test_a_writer_that_locks_everybody_out_is_locked(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db")
    holder = start_holder("connection.execute('BEGIN EXCLUSIVE')", path)
    try:
        found = quickly(lambda: inspect(str(path), busy_timeout_seconds=0.2, time_budget_seconds=60), 2)
        assert found.verdict == "locked"
        assert inspect(str(path), busy_timeout_seconds=5, time_budget_seconds=0.2).verdict == "budget_exceeded"
    finally:
        holder.kill()
        holder.communicate()
    assert inspect(str(path)).verdict == "ok"


def test_a_holder_in_exclusive_mode_is_locked_in_wal_mode_too(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    program = (
        "connection.execute('PRAGMA locking_mode = EXCLUSIVE')\n"
        "connection.execute(\"INSERT INTO tasks VALUES ('held', 'new', '')\")"
    )
    holder = start_holder(program, path)
    try:
        assert inspect(str(path), busy_timeout_seconds=0.2).verdict == "locked"
    finally:
        holder.kill()
        holder.communicate()


def test_no_time_is_an_answer_too(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db")
    found = quickly(lambda: inspect(str(path), depth="full", time_budget_seconds=0), 1)
    assert found.verdict == "budget_exceeded"


def test_a_budget_ends_a_long_look(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bulk (id INTEGER PRIMARY KEY, body TEXT)")
        connection.execute("CREATE INDEX bulk_body ON bulk (body)")
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) "
            "INSERT INTO bulk SELECT i, hex(i * 7919) FROM n"
        )
    found = quickly(lambda: inspect(str(path), depth="full", time_budget_seconds=0.02), 1)
    assert found.verdict == "budget_exceeded"


def test_a_file_that_must_not_be_read_is_unreadable() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = make_database(Path(folder) / "app.db")
        path.chmod(0)
        assert verdict_as_ordinary_user(path) == "unreadable"


def verdict_as_ordinary_user(path: Path) -> str:
    """Return what somebody without privileges is told, also when the tests run as the superuser."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        os.write(writer, inspect(str(path)).verdict.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        os.waitpid(child, 0)
        return answer.read()


def test_a_depth_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="depth is 'deep', not one of header, quick, full"):
        inspect(str(tmp_path), depth="deep")


def test_a_copied_database_and_its_original_are_looked_at_alike(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    shutil.copy(path, tmp_path / "copy.db")
    assert inspect(str(path)).page_count == inspect(str(tmp_path / "copy.db")).page_count
