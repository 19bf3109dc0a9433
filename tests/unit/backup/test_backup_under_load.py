# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred backups in a row of a database that an application keeps writing to, with and without write-ahead log."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import sqlite_copy
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_manifest import read_manifest
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import verify_set
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_copy import copy_online
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_whole import read_whole
from tests.unit.backup import little_wiki as wiki
from tests.unit.patience import PATIENCE_SECONDS, until

#: Long beside anything that a busy machine or a slow disk does to a writer by itself.
BUSY_TIMEOUT_SECONDS = 60.0
TOTAL = 1000


def database(path: Path, mode: str, rows: int) -> None:
    """Make a database in which two accounts always hold the same together, and the journal counts the transfers."""
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.executescript(
        """
        CREATE TABLE accounts (id INTEGER PRIMARY KEY, amount INTEGER, transfers INTEGER);
        CREATE TABLE transfers (id INTEGER PRIMARY KEY, note TEXT, made_at TEXT);
        CREATE INDEX by_note ON transfers (note);
        CREATE TABLE pages (content TEXT);
        """
    )
    connection.executemany("INSERT INTO accounts VALUES (?, ?, 0)", [(1, TOTAL), (2, 0)])
    connection.executemany("INSERT INTO pages VALUES (?)", [(os.urandom(500).hex(),) for _row in range(rows)])
    connection.commit()
    connection.close()


def transfer(path: Path, commits: Any, stop: Any, waited: Any) -> None:
    """Move amounts between the accounts until told to stop, and say how long the slowest transaction took."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
    slowest = 0.0
    while not stop.is_set():
        since = time.monotonic()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE accounts SET amount = amount - 1, transfers = transfers + 1 WHERE id = 1")
        connection.execute("INSERT INTO transfers (note, made_at) VALUES (hex(randomblob(20)), datetime('now'))")
        connection.execute("UPDATE accounts SET amount = amount + 1, transfers = transfers + 1 WHERE id = 2")
        connection.execute("COMMIT")
        slowest = max(slowest, time.monotonic() - since)
        commits.value += 1
        time.sleep(0.001)
    waited.put(slowest)


@contextmanager
def busy_application(path: Path) -> Iterator[dict[str, Any]]:
    """Let an application write for as long as the block lasts; says afterwards how that went."""
    fork = multiprocessing.get_context("fork")
    commits, stop, waited = fork.Value("L"), fork.Event(), fork.Queue()
    told: dict[str, Any] = {"commits": commits}
    process = fork.Process(target=transfer, args=(path, commits, stop, waited), daemon=True)
    process.start()
    try:
        until(lambda: commits.value)
        yield told
    finally:
        stop.set()
        told["slowest"] = waited.get(timeout=2 * BUSY_TIMEOUT_SECONDS)
        process.join()


def at_one_moment(path: Path) -> int:
    """Return how many transfers a database has; it is what it was between two of them, or this is an error."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        accounts = connection.execute("SELECT amount, transfers FROM accounts ORDER BY id").fetchall()
        count, first, last = connection.execute("SELECT count(*), min(id), max(id) FROM transfers").fetchone()
        assert accounts == [(TOTAL - count, count), (count, count)], "every transfer as a whole, or not at all"
        assert (first, last) == ((1, count) if count else (None, None)), "and all before the last one"
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return int(count)


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_hundred_backups_of_a_busy_database(tmp_path: Path, mode: str) -> None:
    path, sets, rows = tmp_path / "app.db", tmp_path / "sets", 1500
    database(path, mode, rows)
    content = {"app.db": {"type": "sqlite", "source": str(path), "tables": ["accounts", "transfers"]}}
    counts, held = [], []
    with busy_application(path) as told:
        for number in range(100):
            made = wiki.back_up(content, sets, wiki.NOW + number)
            (only,) = sets.iterdir()
            assert made.path == str(only), "nothing beside the set"
            manifest = read_manifest(str(only))
            assert verify_set(str(only), manifest, "integrity", wiki.plenty).whole
            counts.append(at_one_moment(only / "app.db"))
            assert manifest.items[0].tables["transfers"].rows == counts[-1]
            held.append(made.longest_lock_seconds)
            shutil.rmtree(only)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0], "the application went on"
    assert told["commits"].value >= counts[-1]
    # The application's own figure for its slowest transaction, from asking for the lock to the end of its commit.
    assert told["slowest"] < BUSY_TIMEOUT_SECONDS / 2, f"held for {max(held)}"
    assert (max(held) > 0) == (mode == "DELETE"), "with a write-ahead log nobody is kept from committing"
    # What a profile allows that says nothing else; a busy machine may stop anybody a few times in a hundred.
    assert sorted(held)[-10] < 1
    assert path.stat().st_size > rows * 1000


def test_a_database_that_never_comes_to_rest_is_given_up_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a write-ahead log, when no more than a little may be read at a time."""
    monkeypatch.setattr(sqlite_copy, "_FIRST_STEP_PAGES", 64)
    monkeypatch.setattr(sqlite_copy, "_ATTEMPTS_IN_STEPS", 2)
    path, copy = tmp_path / "app.db", tmp_path / "copy.db"
    database(path, "DELETE", 3000)
    with busy_application(path) as told, monkeypatch.context() as between_steps:
        pause = time.sleep

        def somebody_writes(_seconds: float) -> None:
            before, limit = told["commits"].value, time.monotonic() + PATIENCE_SECONDS
            while told["commits"].value == before and time.monotonic() < limit:
                pause(0.001)

        between_steps.setattr(sqlite_copy.time, "sleep", somebody_writes)
        with pytest.raises(CheckError) as caught:
            copy_online(str(path), str(copy), lambda: PATIENCE_SECONDS, longest_lock_seconds=0.0001)
    assert caught.value.reason_id == "sqlite_written_too_often"
    assert told["slowest"] < BUSY_TIMEOUT_SECONDS / 2


def test_what_is_damaged_in_a_copy_is_found_by_the_jobs_together(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    database(path, "DELETE", 10)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("INSERT INTO transfers (note) VALUES ('kept'), ('lost')")
    connection.execute("PRAGMA writable_schema = ON")
    # The index loses a row that the table has: only the full check of the table sees that.
    (index,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'by_note'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    data = bytearray(path.read_bytes())
    at = data.index(b"lost", (index - 1) * size)
    data[at : at + 4] = b"last"
    path.write_bytes(bytes(data))
    found = read_whole(str(path), lambda: PATIENCE_SECONDS)
    assert any("missing from index by_note" in message for message in found.messages)
