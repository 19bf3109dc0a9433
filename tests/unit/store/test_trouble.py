# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reason for which a SQLite store cannot be used, caused for real: one line that names the file and a way out."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    StoreError,
    default_url,
    finish,
    open_store,
    runs_between,
)
from tests.unit.store.builders import EVER, finished, result, run, states, take
from tests.unit.store.children import answer_of, limit_file_size, lose_privileges

FULL_DISK_BYTES = 512 * 1024


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Return a directory that every account may enter (pytest's own is private)."""
    with tempfile.TemporaryDirectory(prefix="aiops-store-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def line_of(work: Callable[[], object]) -> str:
    """Return the one line of the error that the work ends in."""
    try:
        work()
    except StoreError as error:
        line = str(error)
        assert "\n" not in line
        return line
    return "no error"


def test_a_missing_directory(tmp_path: Path) -> None:
    line = line_of(lambda: open_store(f"sqlite:///{tmp_path}/gone/store.sqlite"))

    assert line == (
        f"{tmp_path}/gone/store.sqlite: the directory {tmp_path}/gone is missing. Create it: mkdir -p {tmp_path}/gone."
    )
    assert not (tmp_path / "gone").exists()


def test_the_collections_own_state_directory_is_created(tmp_path: Path) -> None:
    environ = {"AIOPS_STATE_DIR": str(tmp_path / "a" / "b")}

    take(open_store(environ=environ), [run("r1")])

    assert states(open_store(default_url(environ), environ=environ)) == {"r1": "running"}
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_state_directory_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    line = line_of(lambda: open_store(environ={"AIOPS_STATE_DIR": str(tmp_path / "file" / "state")}))

    assert "cannot be created (Not a directory). Create it, or set AIOPS_STATE_DIR" in line


@pytest.mark.parametrize("read_only", [False, True])
def test_a_directory_in_place_of_the_file(tmp_path: Path, read_only: bool) -> None:
    line = line_of(lambda: open_store(f"sqlite:///{tmp_path}", read_only=read_only))

    assert line == f"{tmp_path}: this is a directory. Name a file in it, such as store.sqlite."


@pytest.mark.parametrize("read_only", [False, True])
def test_a_fifo_in_place_of_the_file_does_not_hang(tmp_path: Path, read_only: bool) -> None:
    os.mkfifo(tmp_path / "store.sqlite")

    line = line_of(lambda: open_store(f"sqlite:///{tmp_path}/store.sqlite", read_only=read_only))

    assert line == f"{tmp_path}/store.sqlite: this is not an ordinary file. Name another file."


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("content", [b"not a database, a letter to the operator\n" * 40, b"\xff\x00" * 3000, b"x"])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes, read_only: bool) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)

    line = line_of(lambda: open_store(f"sqlite:///{path}", read_only=read_only))

    assert line == f"{path}: this file is not a database. Move it away, or name another file."
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").touch()

    assert take(open_store(f"sqlite:///{tmp_path}/store.sqlite"), [run("r1")]) == {"est1": None}


def test_the_database_of_an_application_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as application:
        application.execute("CREATE TABLE estimates (id INTEGER)")
    before = path.read_bytes()

    line = line_of(lambda: open_store(f"sqlite:///{path}"))

    assert line.startswith(f"{path}: this is the database of something else, it holds the table 'estimates'. ")
    assert path.read_bytes() == before


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = open_store(f"sqlite:///{path}")
    finish(store, [finished(f"r{number}", results=[result(f"c{n}") for n in range(50)]) for number in range(20)])
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))

    assert "damaged" in line_of(lambda: runs_between(open_store(f"sqlite:///{path}"), None, None, *EVER))


def test_a_store_that_must_exist(tmp_path: Path) -> None:
    line = line_of(lambda: open_store(f"sqlite:///{tmp_path}/store.sqlite", create=False))

    assert line.startswith(f"{tmp_path}/store.sqlite: there is no store yet. ")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_directory(open_directory: Path) -> None:
    open_directory.chmod(0o555)
    url = f"sqlite:///{open_directory}/store.sqlite"

    line = answer_of(lambda: line_of(lambda: open_store(url)), lose_privileges)

    assert line.startswith(f"{open_directory}/store.sqlite: {open_directory} is not writable for the user with id ")


def test_a_read_only_file(open_directory: Path) -> None:
    path = open_directory / "store.sqlite"
    open_store(f"sqlite:///{path}")
    path.chmod(0o444)
    open_directory.chmod(0o777)

    line = answer_of(lambda: line_of(lambda: open_store(f"sqlite:///{path}")), lose_privileges)

    assert f"{path}: {path} is not writable for the user with id " in line


def test_a_file_that_may_not_be_read(open_directory: Path) -> None:
    path = open_directory / "store.sqlite"
    open_store(f"sqlite:///{path}")
    path.chmod(0o000)

    line = answer_of(lambda: line_of(lambda: open_store(f"sqlite:///{path}", read_only=True)), lose_privileges)

    assert line == f"{path}: it is not readable (Permission denied). Change its owner or mode."


def test_a_reader_without_the_right_to_write_reads(open_directory: Path) -> None:
    path = open_directory / "store.sqlite"
    take(open_store(f"sqlite:///{path}"), [run("r1")])
    path.chmod(0o444)
    open_directory.chmod(0o555)

    seen = answer_of(lambda: str(states(open_store(f"sqlite:///{path}", read_only=True))), lose_privileges)

    assert seen == "{'r1': 'running'}"


def test_a_database_that_another_program_keeps_locked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    store = open_store(url, busy_timeout_seconds=0.05)
    other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        line = line_of(lambda: take(store, [run("r1")]))
        assert line == (
            f"{tmp_path}/store.sqlite: the database is locked by another program. Wait for that program, or end it."
        )
        assert states(store) == {}
    finally:
        other.close()
    assert take(store, [run("r1")]) == {"est1": None}


@contextmanager
def small_disk(mount_point: Path) -> Iterator[Path]:
    """Mount a disk of a few hundred KiB; where that is not allowed, the limit on the size of files stands for it."""
    mount_point.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK_BYTES}", "tmpfs", str(mount_point)]
    mounted = subprocess.run(argv, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a full disk needs the right to mount: {mounted.stderr.strip()}")
    try:
        yield mount_point
    finally:
        subprocess.run(["umount", mount_point], check=True)


def fill(url: str) -> str:
    """Write runs until it does not work any more; return the line, and what a reader then finds."""
    store = open_store(url)
    written = 0

    def write_on() -> None:
        nonlocal written
        while True:
            finish(store, [finished(f"r{written}", results=[result(f"c{number}") for number in range(20)])])
            written += 1

    line = line_of(write_on)
    whole = [len(record["results"]) for record in runs_between(store, None, None, *EVER)]
    return f"{line} | {whole == [20] * written and written > 0}"


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"

    answer = answer_of(lambda: fill(url), limit_file_size(FULL_DISK_BYTES))

    assert re.search(
        r"store.sqlite: it could not be written \(.*\); \d+ KiB are free\. Free space or quota for", answer
    )
    assert answer.endswith("| True")


def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        answer = fill(f"sqlite:///{disk}/store.sqlite")
        assert re.search(
            r"store.sqlite: it could not be written \(database or disk is full\); \d+ KiB are free", answer
        )
        assert answer.endswith("| True")


def test_a_disk_without_room_for_a_new_store(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "ballast").write_bytes(b"x" * (FULL_DISK_BYTES - 4096))
        line = line_of(lambda: open_store(f"sqlite:///{disk}/store.sqlite"))
        assert line.startswith(f"{disk}/store.sqlite: it could not be written (")
