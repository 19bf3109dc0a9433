# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of somebody's data that cannot be removed is told with its place, beside what else is to be told."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import duckdb_file, duckdb_integrity, sqlite_file
from ansible_collections.aiops.runbooks.plugins.module_utils import scratch_directory as scratch_module
from ansible_collections.aiops.runbooks.plugins.module_utils.database_recovery import Place
from ansible_collections.aiops.runbooks.plugins.module_utils.database_ways import ways_of
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.scratch_directory import LeftBehindError, scratch_directory
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_copy import copy_online
from tests.unit.databases.making import leave_wal, make_database
from tests.unit.databases.salvaging import ruin

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the temporary directory, in which no directory can be removed."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    remove = os.rmdir

    def refuse(path: Any, **named: Any) -> None:
        if "scratch" in os.fspath(path):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        remove(path, **named)

    monkeypatch.setattr(os, "rmdir", refuse)
    return tmp_path / "scratch"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a database that can only be read from a copy: its log has lost its index."""
    path = make_database(tmp_path / "app.db", "wal")
    leave_wal(path)
    path.with_name("app.db-shm").unlink(missing_ok=True)
    return path


def told(text: str, scratch: Path) -> bool:
    """Say whether a text names the one directory that is left, and what to do."""
    (left,) = scratch.iterdir()
    return f"{left} could not be removed: Device or resource busy" in text and "Remove it" in text


def test_it_is_gone_whatever_a_program_made_of_its_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_directory("trial-") as directory:
        place = Path(directory)
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        (place / "cache" / "deep").mkdir(parents=True)
        (place / "cache" / "deep" / "file").write_text("x")
        (place / "away").symlink_to("/etc")
        (place / "cache" / "deep").chmod(0)
        (place / "cache").chmod(0o500)
    assert list(tmp_path.iterdir()) == []


def holder(prefix: str) -> tuple[multiprocessing.process.BaseProcess, Path]:
    """Start a process that uses a directory, with a copy in it, until it is killed."""
    receive, send = FORK.Pipe(duplex=False)

    def use() -> None:
        with scratch_directory(prefix) as directory:
            Path(directory, "copy").write_text("rows")
            send.send(directory)
            time.sleep(300)

    process = FORK.Process(target=use)
    process.start()
    return process, Path(receive.recv())


def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, left = holder("trial-")
    killed.kill()
    killed.join()
    at_work, used = holder("trial-")
    another, other = holder("other-")
    another.kill()
    another.join()
    (tmp_path / "trial-of-everybody").mkdir(mode=0o755)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "trial-away").symlink_to(tmp_path / "elsewhere")
    stays = {used, other, *(tmp_path / name for name in ("trial-of-everybody", "elsewhere", "trial-away"))}
    with scratch_directory("trial-"):
        assert left.exists(), "it may be of a process that has not locked it yet"
    monkeypatch.setattr(scratch_module, "_LEFT_SECONDS", 0.0)
    with scratch_directory("trial-") as directory:
        assert set(tmp_path.iterdir()) == {*stays, Path(directory)}
        assert (used / "copy").exists()
    at_work.kill()
    at_work.join()
    with scratch_directory("trial-"):
        assert not used.exists()


def test_what_went_wrong_before_is_told_as_well(scratch: Path) -> None:
    def use(fault: Exception) -> None:
        with scratch_directory("trial-"):
            raise fault

    with pytest.raises(LeftBehindError) as caught:
        use(ValueError("the first fault"))
    assert told(str(caught.value), scratch)
    assert str(caught.value).endswith("Before that: the first fault")
    os.rename(next(scratch.iterdir()), scratch.with_name("seen"))
    with pytest.raises(CheckError) as named:
        use(CheckError("timed_out", evidence=["waited"], seconds=1))
    assert named.value.reason_id == "timed_out"
    assert named.value.evidence[0] == "waited"
    assert told(named.value.evidence[1], scratch)


def test_a_database_is_not_well_while_a_copy_of_it_lies_about(scratch: Path, database: Path) -> None:
    found = sqlite_file.inspect(str(database))
    assert found.verdict == "unreadable"
    assert told(found.messages[0], scratch)


def test_what_is_wrong_with_the_database_is_told_first(scratch: Path, database: Path) -> None:
    found = sqlite_file.inspect(str(database), tables=["no_such_table"])
    assert (found.verdict, found.messages[0]) == ("tables_missing", "no_such_table")
    assert told(found.messages[1], scratch)


def test_a_copy_for_a_backup_is_none_while_another_lies_about(scratch: Path, database: Path, tmp_path: Path) -> None:
    with pytest.raises(LeftBehindError) as caught:
        copy_online(str(database), str(tmp_path / "copy.db"), lambda: 30.0)
    assert told(str(caught.value), scratch)


@pytest.mark.parametrize(("damaged", "verdict"), [(False, "unreadable"), (True, "corrupt")])
def test_duckdb(scratch: Path, tmp_path: Path, damaged: bool, verdict: str) -> None:
    path = tmp_path / "app.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE runs AS SELECT range AS id, md5(range::VARCHAR) AS note FROM range(20000)")
    if damaged:
        with path.open("r+b") as file:
            for block in range(duckdb_file.BLOCKS_AT, path.stat().st_size, 262144):
                file.seek(block + 1000)
                file.write(b"\xa5" * 100)
    context = Context(time.time(), time.monotonic() + 60)
    found = duckdb_integrity.inspect(str(path), sys.executable, context)
    assert found.verdict == verdict
    assert any(told(message, scratch) for message in found.messages), found


def test_a_salvage_that_was_only_tried(scratch: Path, tmp_path: Path) -> None:
    damaged = ruin(make_database(tmp_path / "whole.db"), tmp_path / "app.db", {7})
    place = Place(str(damaged), "sqlite", str(tmp_path / "recovery"))
    ways = {way["way"]: way for way in ways_of(place, {"verdict": "corrupt"}, {}, time.time(), 60, None, "UTC")}
    assert ways["salvage"]["possible"] is False
    assert told(ways["salvage"]["loses"], scratch)
