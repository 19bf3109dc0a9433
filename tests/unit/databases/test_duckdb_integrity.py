# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DuckDB database damaged in many places: every one is found, nothing on the disk changes."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import duckdb_integrity as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_file import (
    BLOCKS_AT,
    checksum,
    free_blocks,
    parse_headers,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_inspection import (
    STATE_OF_VERDICT,
    DuckdbInspection,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_integrity import inspect
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_scan import read_messages
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_wal import parse_wal
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Completed, Context
from tests.unit.databases.making import everything_in

BLOCK = 262144
SEED = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE gone AS SELECT hash(i) AS h FROM range(90000) t(i)")
connection.execute("CHECKPOINT")
connection.execute("CREATE TABLE runs (id VARCHAR PRIMARY KEY, cost DECIMAL(10, 4), started TIMESTAMP, tags VARCHAR[])")
connection.execute('''INSERT INTO runs SELECT 'r' || i, i / 3, TIMESTAMP '2026-01-01' + INTERVAL (i) MINUTE,
                      ['a', 'b' || i] FROM range(20000) t(i)''')
connection.execute("CREATE TABLE notes (x INTEGER, y VARCHAR)")
connection.execute("INSERT INTO notes SELECT i, repeat('z', i % 300) FROM range(5000) t(i)")
connection.execute("DROP TABLE gone")
connection.execute("CREATE VIEW newest AS SELECT * FROM notes")
connection.execute("CHECKPOINT")
connection.execute("INSERT INTO notes VALUES (1, 'late')")
connection.execute("INSERT INTO notes VALUES (2, 'later')")
"""
OTHER = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE other (q INTEGER)")
connection.execute("CHECKPOINT")
connection.execute("INSERT INTO other VALUES (1)")
"""


def run(program: str, path: Path) -> None:
    """Run a program on a database in a process of its own."""
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Return the bytes of a database whose program was killed, and of its write-ahead log."""
    path = tmp_path_factory.mktemp("crashed") / "app.duckdb"
    run(SEED + "os._exit(9)", path)
    return path.read_bytes(), path.with_suffix(".duckdb.wal").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for one database."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def judged(folder: Path, main: bytes, wal: bytes | None = None, seconds: float = 60, **given: Any) -> DuckdbInspection:
    """Inspect a database of these bytes, after showing that nothing changed."""
    path = folder / "app.duckdb"
    path.write_bytes(main)
    if wal is not None:
        (folder / "app.duckdb.wal").write_bytes(wal)
    before = everything_in(folder)
    context = Context(now=time.time(), deadline=time.monotonic() + seconds)
    found = inspect(os.fspath(path), given.pop("python", sys.executable), context, **given)
    assert everything_in(folder) == before
    assert kind.observe(found, "python").state == STATE_OF_VERDICT[found.verdict]
    return found


def flipped(data: bytes, *places: int) -> bytes:
    """Return the bytes with those at the places changed."""
    changed = bytearray(data)
    for place in places:
        changed[place] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize("copy_limit_bytes", [0, 1 << 28])
def test_a_whole_database_with_its_log(folder: Path, crashed: tuple[bytes, bytes], copy_limit_bytes: int) -> None:
    found = judged(folder, *crashed, tables=["runs", "newest"], copy_limit_bytes=copy_limit_bytes)
    assert (found.verdict, found.messages) == ("ok", ())
    assert (found.wal_state, found.wal_transactions, found.damaged_blocks) == ("replayable", 2, 0)
    assert found.rows == {"main.notes": 5002, "main.runs": 20000}
    assert found.way == ("copy" if copy_limit_bytes else "in_place")


def test_every_block_in_use_is_compared(folder: Path, crashed: tuple[bytes, bytes]) -> None:
    main, _wal = crashed
    header = parse_headers(main[:BLOCKS_AT])
    (folder / "free").write_bytes(main)
    with (folder / "free").open("rb") as file:
        free = free_blocks(file, header)
    assert header.expected_bytes() == len(main)
    assert free
    unseen_by_queries = 0
    for number in range(header.block_count):
        found = judged(folder, flipped(main, BLOCKS_AT + number * BLOCK + 1000))
        assert found.verdict == ("ok" if number in free else "corrupt"), number
        # Damage in an index is found by its checksum alone.
        unseen_by_queries += found.verdict == "corrupt" and len(found.messages) == 1
    assert unseen_by_queries


@pytest.mark.parametrize("place", [0, 9, 14, 3000, 4096, 4120, 8192, 8200, 12000])
def test_a_damaged_header(folder: Path, crashed: tuple[bytes, bytes], place: int) -> None:
    assert judged(folder, flipped(crashed[0], place)).verdict == ("not_a_database" if place == 9 else "corrupt")


def test_a_file_cut_anywhere(folder: Path, crashed: tuple[bytes, bytes]) -> None:
    main, _wal = crashed
    cuts = {0: "empty", 7: "truncated", 100: "truncated", 9000: "truncated", BLOCKS_AT: "truncated"}
    for size, verdict in {**cuts, len(main) - 1: "truncated", BLOCKS_AT + BLOCK + 5: "truncated"}.items():
        assert judged(folder, main[:size]).verdict == verdict


def test_free_blocks_at_the_end_need_not_be_there(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "made.duckdb"
    steps = (
        "CREATE TABLE big AS SELECT range AS a, md5(range::VARCHAR) AS b FROM range(60000)",
        "CREATE TABLE runs (id VARCHAR PRIMARY KEY, at TIMESTAMP)",
        "INSERT INTO runs VALUES ('x', now()::TIMESTAMP)",
        "DELETE FROM runs WHERE id = 'x'",
    )
    for step in steps:
        run(f"import duckdb, sys; duckdb.connect(sys.argv[1]).execute({step!r})", path)
    data = path.read_bytes()
    header = parse_headers(data[:BLOCKS_AT])
    assert len(data) < header.expected_bytes()
    assert judged(folder, data).verdict == "ok"
    # One block more is one that something stands in.
    cut = judged(folder, data[:-BLOCK])
    assert (cut.verdict, cut.messages[0]) == (
        "truncated",
        f"the file has {len(data) - BLOCK} bytes, its {header.block_count} blocks need {header.expected_bytes()}",
    )


def test_a_newer_storage_version_is_not_called_corrupt(folder: Path, crashed: tuple[bytes, bytes]) -> None:
    main = bytearray(crashed[0])
    main[12:20] = struct.pack("<Q", 67)
    main[:8] = struct.pack("<Q", checksum(bytes(main[8:4096])))
    found = judged(folder, bytes(main), b"")
    assert (found.verdict, found.storage_version) == ("other_version", 67)


@pytest.mark.parametrize(
    ("change", "verdict", "state"),
    [
        (lambda wal: b"", "ok", "none"),
        (lambda wal: wal[:-4], "wal_torn", "torn"),
        (lambda wal: wal[:4], "wal_torn", "torn"),
        (lambda wal: wal[:60], "wal_torn", "torn"),
        (lambda wal: flipped(wal, 1), "wal_corrupt", "corrupt"),
        (lambda wal: flipped(wal, 7), "wal_corrupt", "corrupt"),
        (lambda wal: flipped(wal, 20), "wal_corrupt", "corrupt"),
        (lambda wal: flipped(wal, len(wal) - 3), "wal_corrupt", "corrupt"),
        (lambda wal: b"\0" * 400, "wal_corrupt", "corrupt"),
        (lambda wal: bytes(range(256)), "wal_corrupt", "corrupt"),
    ],
)
def test_states_of_the_log(folder: Path, crashed: tuple[bytes, bytes], change: Any, verdict: str, state: str) -> None:
    found = judged(folder, crashed[0], change(crashed[1]))
    assert (found.verdict, found.wal_state) == (verdict, state)
    # DuckDB itself shows the committed rows of a damaged log as if they had never been.
    assert found.rows["main.runs"] == 20000


def test_the_log_of_another_database(folder: Path, crashed: tuple[bytes, bytes], tmp_path: Path) -> None:
    run(OTHER + "os._exit(9)", tmp_path / "other.duckdb")
    found = judged(folder, crashed[0], (tmp_path / "other.duckdb.wal").read_bytes())
    assert (found.verdict, found.wal_state) == ("wal_foreign", "foreign")
    assert "the file without its log is whole" in found.messages


@pytest.fixture
def held(folder: Path) -> Iterator[tuple[Path, int]]:
    """Return a database that a running program has open, and that program's process id."""
    program = SEED + "print('ready', flush=True)\nimport time\ntime.sleep(600)\n"
    path = folder / "app.duckdb"
    holder = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    yield path, holder.pid
    holder.kill()
    holder.communicate()


def test_a_running_pipeline_is_named(held: tuple[Path, int]) -> None:
    path, pid = held
    found = inspect(os.fspath(path), sys.executable, Context(time.time(), time.monotonic() + 60))
    assert (found.verdict, found.pid) == ("in_use", pid)


def test_what_is_there_instead(folder: Path) -> None:
    (folder / "text").write_text("hello " * 4000)
    os.mkfifo(folder / "fifo")
    (folder / "directory").mkdir()
    context = Context(time.time(), time.monotonic() + 60)
    found = {name: inspect(os.fspath(folder / name), sys.executable, context).verdict for name in os.listdir(folder)}
    assert found == {"text": "not_a_database", "fifo": "not_a_regular_file", "directory": "not_a_regular_file"}
    assert inspect(os.fspath(folder / "absent"), sys.executable, context).verdict == "missing"


def interpreter(tmp_path: Path, body: str) -> str:
    """Write a program that stands where the application's interpreter should be."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("body", "seconds", "verdict"),
    [
        ("kill -SEGV $$", 60, "scan_crashed"),
        ("sleep 600", 3, "budget_exceeded"),
        (f'exec {sys.executable} -I -S "$@"', 60, "not_installed"),
        ("echo broken >&2; exit 1", 60, "interpreter_failed"),
        # Only the first look crashes: a fault of threads, which does not belong to the file.
        (f'test -e $0.done && exec {sys.executable} "$@"; touch $0.done; kill -SEGV $$', 60, "ok"),
    ],
)
def test_an_interpreter_in_trouble(
    folder: Path, crashed: tuple[bytes, bytes], tmp_path: Path, body: str, seconds: float, verdict: str
) -> None:
    found = judged(folder, crashed[0], seconds=seconds, python=interpreter(tmp_path, body))
    assert found.verdict == verdict
    assert judged(folder, crashed[0], python="/nonexistent/python").verdict == "interpreter_missing"


def test_tables_that_must_exist(folder: Path, crashed: tuple[bytes, bytes]) -> None:
    found = judged(folder, crashed[0], tables=["runs", "main.notes", "costs"])
    assert (found.verdict, found.missing_tables) == ("tables_missing", ("costs",))


def test_a_crash_in_the_middle_names_the_place() -> None:
    said = [{"duckdb_version": "1.1.3", "at": "opening"}, {"at": "main.runs"}]
    found = read_messages(said, Completed(-11, "", ""))
    assert (found.verdict, found.messages) == ("crashed", ("signal 11 at main.runs",))


@given(data=some.data())
@settings(max_examples=200, deadline=None)
def test_a_log_of_any_bytes_has_a_state(crashed: tuple[bytes, bytes], data: some.DataObject) -> None:
    wal = bytearray(crashed[1])
    for _flip in range(data.draw(some.integers(0, 3))):
        wal[data.draw(some.integers(0, len(wal) - 1))] = data.draw(some.integers(0, 255))
    log = bytes(wal[: data.draw(some.integers(0, len(wal)))])
    assert parse_wal(log).state in ("none", "whole", "torn", "corrupt", "other_format")
    assert parse_wal(data.draw(some.binary(max_size=300))).transactions == 0
