# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look changes nothing on the disk, whatever state the database is in, and does not disturb its writer."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_file import inspect
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_sidecars import (
    Sidecars,
    choose_way,
    fingerprint,
    still_valid,
)
from tests.unit.databases.making import everything_in, leave_hot_journal, leave_wal, make_database, start_holder
from tests.unit.patience import until

IDLE_READER = "connection.execute('SELECT count(*) FROM tasks').fetchall()"
WRITER = "connection.execute(\"INSERT INTO tasks VALUES ('live', 'new', '')\")"
OPEN_TRANSACTION = "connection.execute('BEGIN')\n" + WRITER


@pytest.mark.parametrize("depth", ["header", "quick", "full"])
@pytest.mark.parametrize("journal_mode", ["delete", "persist", "wal"])
def test_a_closed_database_and_its_folder_stay_as_they_are(tmp_path: Path, journal_mode: str, depth: str) -> None:
    path = make_database(tmp_path / "app.db", journal_mode)
    before = everything_in(tmp_path)
    assert inspect(str(path), depth=depth).verdict == "ok"
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("gone", [(), ("-shm",), ("-wal",), ("-wal", "-shm")])
def test_what_a_dead_writer_left_in_wal_mode_stays_as_it_is(tmp_path: Path, gone: tuple[str, ...]) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    leave_wal(path)
    for suffix in gone:
        (tmp_path / f"app.db{suffix}").unlink()
    before = everything_in(tmp_path)
    assert inspect(str(path), depth="full").verdict == "ok"
    assert everything_in(tmp_path) == before


def test_a_hot_journal_is_not_rolled_back(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", rows=4000)
    leave_hot_journal(path)
    before = everything_in(tmp_path)
    inspect(str(path), depth="full")
    assert everything_in(tmp_path) == before
    assert sqlite3.connect(path).execute("SELECT count(*) FROM tasks WHERE note LIKE 'y%'").fetchone() == (0,)


@pytest.mark.parametrize("program", [IDLE_READER, WRITER, OPEN_TRANSACTION])
@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_a_live_database_stays_as_it_is(tmp_path: Path, journal_mode: str, program: str) -> None:
    path = make_database(tmp_path / "app.db", journal_mode)
    holder = start_holder(program, path)
    try:
        before = everything_in(tmp_path)
        assert inspect(str(path), depth="full").verdict == "ok"
        assert everything_in(tmp_path) == before
    finally:
        holder.kill()
        holder.communicate()


def test_a_log_that_nobody_has_merged_is_not_merged(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    holder = start_holder("connection.execute('PRAGMA wal_autocheckpoint = 0')\n" + WRITER, path)
    try:
        size = (tmp_path / "app.db-wal").stat().st_size
        assert size
        inspect(str(path), depth="full")
        assert (tmp_path / "app.db-wal").stat().st_size == size
    finally:
        holder.kill()
        holder.communicate()


def test_whoever_may_only_read_the_folder_looks_as_well() -> None:
    """An ordinary user leaves no files either, and is not stopped by a folder that is closed to writing."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for name in ("closed.db", "crashed.db", "copied.db"):
            make_database(Path(folder) / name, "wal").chmod(0o644)
        leave_wal(Path(folder) / "crashed.db")
        leave_wal(Path(folder) / "copied.db")
        (Path(folder) / "copied.db-shm").unlink()
        for path in Path(folder).iterdir():
            path.chmod(0o644)
        Path(folder).chmod(0o555)
        before = everything_in(Path(folder))
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setuid(65534)
            names = ("closed.db", "crashed.db", "copied.db")
            verdicts = [inspect(os.path.join(folder, name), depth="full").verdict for name in names]
            os._exit(0 if verdicts == ["ok", "ok", "ok"] else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert everything_in(Path(folder)) == before
        Path(folder).chmod(0o755)


def test_a_writer_goes_on_while_it_is_looked_at(tmp_path: Path) -> None:
    """Under a writer that commits all the time every look is ok, and the writer never waits for its busy timeout."""
    path = make_database(tmp_path / "app.db", "wal")
    program = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("PRAGMA wal_autocheckpoint = 20")
number = 0
while not os.path.exists(sys.argv[2]):
    connection.execute("REPLACE INTO tasks VALUES (?, 'new', ?)", (f"w{number}", "z" * 500))
    connection.execute("DELETE FROM tasks WHERE id = ?", (f"w{number - 50}",))
    number += 1
    print(number, file=sys.stderr, flush=True)
"""
    written, enough = tmp_path / "written", tmp_path / "enough"
    with written.open("wb") as stream:
        writer = subprocess.Popen([sys.executable, "-c", program, str(path), str(enough)], stderr=stream)

    def rows() -> int:
        return len(written.read_bytes().splitlines())

    verdicts = []
    try:
        until(rows)
        while writer.poll() is None and (len(verdicts) < 20 or rows() < 200):
            verdicts.append(inspect(str(path), time_budget_seconds=60).verdict)
    finally:
        enough.touch()
    assert writer.wait(60) == 0, written.read_bytes()[-500:]
    assert set(verdicts) == {"ok"}


def test_looks_at_one_file_take_turns_in_one_process(tmp_path: Path) -> None:
    """Closing a file drops the locks of the whole process; another thread's look must not lose its own to that."""
    path = make_database(tmp_path / "app.db", rows=4000)
    verdicts: list[str] = []
    threads = [threading.Thread(target=lambda: verdicts.append(inspect(str(path)).verdict)) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == ["ok"] * 8


@pytest.mark.parametrize(
    ("wal_mode", "wal_bytes", "wal_valid", "shm_bytes", "way"),
    [
        (False, None, False, None, "read_only"),
        (False, 100, True, None, "read_only"),
        (True, None, False, None, "immutable"),
        (True, None, False, 32768, "immutable"),
        (True, 0, False, None, "immutable"),
        (True, 0, False, 32768, "shared_index"),
        (True, 32, True, None, "immutable"),
        (True, 32, True, 32768, "immutable"),
        (True, 9000, False, 32768, "immutable"),
        (True, 9000, True, 32768, "shared_index"),
        (True, 9000, True, None, "copy"),
        (True, 9000, True, 0, "copy"),
    ],
)
def test_the_way_in_is_chosen_by_the_files_that_exist(
    wal_mode: bool, wal_bytes: int | None, wal_valid: bool, shm_bytes: int | None, way: str
) -> None:
    assert choose_way(wal_mode, Sidecars(wal_bytes, wal_valid, shm_bytes, None, False)) == way


def test_what_was_read_without_locks_counts_only_while_nobody_opens_the_database(tmp_path: Path) -> None:
    path = make_database(tmp_path / "app.db", "wal")
    before = fingerprint(str(path))
    assert still_valid("immutable", before, str(path))
    connection = sqlite3.connect(path)
    connection.execute("SELECT count(*) FROM tasks").fetchall()
    assert not still_valid("immutable", before, str(path))
    assert still_valid("shared_index", before, str(path))
    connection.close()
