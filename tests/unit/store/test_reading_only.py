# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode's view of a SQLite store changes not one byte, name or time in its directory."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    StoreError,
    current_holder,
    finish,
    last_run,
    observations,
    open_store,
    refusals,
    runs_between,
    series,
)
from tests.unit.store.builders import ELSEWHERE, EVER, NOON, finished, run, states, take


def trace(directory: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return everything that a writer would change."""
    found = {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in directory.iterdir()
    }
    return {**found, ".": (b"", directory.stat().st_mtime_ns, directory.stat().st_ino)}


def read_everything(url: str) -> dict[str, str]:
    """Use every function that reads."""
    view = open_store(url, read_only=True)
    last_run(view, "est1")
    series(view, "est1", "web", None, *EVER)
    observations(view, "est1", *EVER)
    refusals(view, [run("new")], holder=current_holder(pid=os.getpid()), now=NOON)
    return states(view)


def test_a_store_at_rest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    finish(open_store(url), [finished("r1")])
    before = trace(tmp_path)

    assert read_everything(url) == {"r1": "ok"}

    assert trace(tmp_path) == before
    assert set(before) == {"store.sqlite", "."}


def test_a_store_that_is_being_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    finish(open_store(url), [finished("r1")])
    writer = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    writer.execute("UPDATE runs SET state = 'warning'")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE runs SET state = 'critical'")
    before = trace(tmp_path)

    assert read_everything(url) == {"r1": "warning"}

    assert trace(tmp_path) == before
    assert set(before) == {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "."}
    writer.close()


def test_a_store_whose_writer_was_killed(tmp_path: Path) -> None:
    """What a killed writer leaves is what a copy taken during its work holds."""
    (tmp_path / "work").mkdir()
    finish(open_store(f"sqlite:///{tmp_path}/work/store.sqlite"), [finished("r1")])
    writer = sqlite3.connect(tmp_path / "work" / "store.sqlite", isolation_level=None)
    writer.execute("UPDATE runs SET state = 'warning'")
    shutil.copytree(tmp_path / "work", tmp_path / "left")
    writer.close()
    before = trace(tmp_path / "left")

    assert read_everything(f"sqlite:///{tmp_path}/left/store.sqlite") == {"r1": "warning"}

    assert trace(tmp_path / "left") == before
    assert "store.sqlite-wal" in before


def test_a_log_without_its_index_is_named_and_not_ignored(tmp_path: Path) -> None:
    """Reading the file alone would give an older state as if it were the present one."""
    (tmp_path / "work").mkdir()
    (tmp_path / "left").mkdir()
    finish(open_store(f"sqlite:///{tmp_path}/work/store.sqlite"), [finished("r1")])
    writer = sqlite3.connect(tmp_path / "work" / "store.sqlite", isolation_level=None)
    writer.execute("UPDATE runs SET state = 'warning'")
    for name in ("store.sqlite", "store.sqlite-wal"):
        shutil.copy(tmp_path / "work" / name, tmp_path / "left")
    writer.close()
    before = trace(tmp_path / "left")

    with pytest.raises(StoreError, match=r"left/store\.sqlite: the database could not be opened\. Look at"):
        read_everything(f"sqlite:///{tmp_path}/left/store.sqlite")

    assert trace(tmp_path / "left") == before


def test_a_store_that_does_not_exist_is_an_empty_view(tmp_path: Path) -> None:
    before = trace(tmp_path)

    assert read_everything(f"sqlite:///{tmp_path}/store.sqlite") == {}
    assert read_everything(f"sqlite:///{tmp_path}/no/such/directory/store.sqlite") == {}

    assert trace(tmp_path) == before


def test_an_empty_file_is_an_empty_view(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").touch()
    before = trace(tmp_path)

    assert read_everything(f"sqlite:///{tmp_path}/store.sqlite") == {}

    assert trace(tmp_path) == before


def test_a_store_with_the_old_journal(tmp_path: Path) -> None:
    """As on a network file system, where a write-ahead log does not work."""
    url = f"sqlite:///{tmp_path}/store.sqlite"
    finish(open_store(url), [finished("r1")])
    sqlite3.connect(tmp_path / "store.sqlite").execute("PRAGMA journal_mode = DELETE").connection.close()
    before = trace(tmp_path)

    assert read_everything(url) == {"r1": "ok"}

    assert trace(tmp_path) == before


def test_a_view_cannot_be_written_through_any_function(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    take(open_store(url), [run("r1")], holder=ELSEWHERE)
    view = open_store(url, read_only=True)

    with pytest.raises(StoreError, match="it was opened for reading only"):
        finish(view, [finished("r1")])

    assert [record["state"] for record in runs_between(view, None, None, *EVER)] == ["running"]
