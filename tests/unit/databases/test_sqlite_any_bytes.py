# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any bytes at all are an answer, never an exception, and never a change."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import sqlite as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_file import inspect
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_header import MAGIC
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_inspection import STATE_OF_VERDICT
from tests.unit.databases.making import everything_in, leave_wal, make_database


@pytest.fixture(scope="module")
def databases() -> dict[str, bytes]:
    """Return the bytes of real databases, and of a write-ahead log."""
    with tempfile.TemporaryDirectory() as folder:
        plain = make_database(Path(folder) / "plain.db", rows=120).read_bytes()
        path = make_database(Path(folder) / "wal.db", "wal", rows=120)
        leave_wal(path)
        log = (Path(folder) / "wal.db-wal").read_bytes()
        index = (Path(folder) / "wal.db-shm").read_bytes()
        return {"plain": plain, "wal": path.read_bytes(), "log": log, "index": index}


def judged(main: bytes, depth: str = "full", **sidecars: bytes) -> str:
    """Return the verdict on a database of these bytes, after showing that nothing changed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.db"
        path.write_bytes(main)
        for suffix, data in sidecars.items():
            (Path(folder) / f"any.db-{suffix}").write_bytes(data)
        before = everything_in(Path(folder))
        found = inspect(os.fspath(path), depth=depth, tables=["tasks"], time_budget_seconds=60)
        assert everything_in(Path(folder)) == before
        observation = kind.observe(found)
        assert observation.state == STATE_OF_VERDICT[found.verdict]
        assert len(found.messages) <= 20
        return found.verdict


@given(some.binary(max_size=2000))
@settings(max_examples=60, deadline=None)
def test_random_bytes(data: bytes) -> None:
    assert judged(data) in ("empty", "not_a_database", "truncated")


@given(some.binary(min_size=84, max_size=3000))
@settings(max_examples=60, deadline=None)
def test_random_bytes_behind_the_right_beginning(data: bytes) -> None:
    assert judged(MAGIC + data) not in ("ok", "missing", "not_a_database")


@given(data=some.data())
@settings(max_examples=50, deadline=None)
def test_a_real_database_cut_anywhere(databases: dict[str, bytes], data: some.DataObject) -> None:
    whole = databases["plain"]
    size = data.draw(some.integers(1, len(whole) - 1))
    assert judged(whole[:size]) == "truncated"


@given(data=some.data())
@settings(max_examples=100, deadline=None)
def test_a_real_database_with_other_bytes_in_any_place(databases: dict[str, bytes], data: some.DataObject) -> None:
    damaged = bytearray(databases[data.draw(some.sampled_from(["plain", "wal"]))])
    for _flip in range(data.draw(some.integers(1, 6))):
        # The header and the first bytes of pages decide most: they are hit as often as all the rest.
        places = some.one_of(
            some.integers(0, 99),
            some.integers(0, len(damaged) // 4096 - 1).map(lambda page: page * 4096 + 5),
            some.integers(0, len(damaged) - 1),
        )
        damaged[data.draw(places)] = data.draw(some.integers(0, 255))
    assert judged(bytes(damaged)) in STATE_OF_VERDICT


@given(data=some.data())
@settings(max_examples=50, deadline=None)
def test_a_log_and_an_index_of_any_bytes(databases: dict[str, bytes], data: some.DataObject) -> None:
    def damaged(name: str) -> bytes:
        bytes_there = bytearray(databases[name])
        for _flip in range(data.draw(some.integers(0, 4))):
            bytes_there[data.draw(some.integers(0, min(len(bytes_there) - 1, 5000)))] = data.draw(some.integers(0, 255))
        return bytes(bytes_there[: data.draw(some.integers(0, len(bytes_there)))])

    assert judged(databases["wal"], wal=damaged("log"), shm=damaged("index")) in STATE_OF_VERDICT


@given(journal=some.binary(max_size=600), hot=some.booleans())
@settings(max_examples=30, deadline=None)
def test_a_journal_of_any_bytes(databases: dict[str, bytes], journal: bytes, hot: bool) -> None:
    mark = bytes.fromhex("d9d505f920a163d7") if hot else b""
    assert judged(databases["plain"], journal=mark + journal) in ("ok", "hot_journal", "unreadable")


@pytest.mark.parametrize("depth", ["header", "quick"])
def test_a_claim_of_the_largest_size_costs_nothing(databases: dict[str, bytes], depth: str) -> None:
    claim = bytearray(databases["plain"])
    claim[16:18] = b"\x00\x01"
    claim[28:32] = b"\xff\xff\xff\xfe"
    assert judged(bytes(claim), depth) == "truncated"
