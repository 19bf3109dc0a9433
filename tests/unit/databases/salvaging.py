# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases to be salvaged: every layout of a table, damaged by whole pages, and what is physically left of them."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_salvage import salvage
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_salvage_report import Report
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_shapes import quoted, sql

PAGE = 4096
SCHEMA = """
CREATE TABLE tasks (id TEXT PRIMARY KEY, status TEXT NOT NULL, note TEXT, amount REAL, n INTEGER);
CREATE INDEX tasks_status ON tasks (status);
CREATE TABLE estimates (id INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT, amount REAL, attachment BLOB);
CREATE INDEX estimates_task ON estimates (task);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE derived (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c INT AS (a * 3), d TEXT);
CREATE VIEW open_tasks AS SELECT * FROM tasks WHERE status = 's1';
CREATE TRIGGER touched AFTER INSERT ON estimates BEGIN UPDATE tasks SET n = 0 WHERE id = new.task; END;
"""
TABLES = ("tasks", "estimates", "settings", "derived", "sqlite_sequence")


def make(path: Path, rows: int = 3000, *pragmas: str) -> Path:
    """Create a database with every storage class, overflow pages, and tables of every layout."""
    with closing(sqlite3.connect(path)) as connection:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(SCHEMA)
        connection.executemany(
            "INSERT INTO tasks VALUES (?, ?, ?, ?, ?)",
            [
                (f"id{i}", f"s{i % 5}", "見積" * (i % 60), i / 3 if i % 3 else float(i), (-1) ** i * i**5)
                for i in range(rows)
            ],
        )
        connection.executemany(
            "INSERT INTO estimates (task, amount, attachment) VALUES (?, ?, ?)",
            [(f"t{i}", i, bytes([1 + i % 255]) * 9000 if i % 100 == 0 else None) for i in range(rows)],
        )
        connection.executemany("INSERT INTO settings VALUES (?, ?)", [(f"k{i}", "v" * (i % 50)) for i in range(rows)])
        connection.executemany("INSERT INTO derived (a, d) VALUES (?, ?)", [(i, f"d{i}") for i in range(rows // 10)])
        connection.execute("ALTER TABLE derived ADD COLUMN e INTEGER DEFAULT 7")
        connection.execute("PRAGMA user_version = 5")
        connection.execute("PRAGMA application_id = 77")
        connection.commit()
    return path


def content(path: Path, table: str) -> list[str]:
    """Return a table's rows in an order of their own."""
    with closing(sqlite3.connect(path)) as connection:
        return sorted(repr(row) for row in connection.execute(sql("SELECT * FROM", quoted(table))))


def salvaged(path: Path, seconds: float = 60, **options: Any) -> tuple[Report, Path]:
    """Salvage a database, after showing that it was only read and that the result is whole."""
    folder = path.parent / "out"
    folder.mkdir(exist_ok=True)
    target = folder / f"salvaged{len(list(folder.iterdir()))}.db"
    kept = [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-journal"))]
    before = {each: each.read_bytes() for each in kept if each.exists()}
    report = salvage(os.fspath(path), os.fspath(target), seconds, **options)
    assert {each: each.read_bytes() for each in kept if each.exists()} == before
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for name, one in report.tables.items():
            assert connection.execute(sql("SELECT count(*) FROM", quoted(name))).fetchone() == (one.rows,)
    return report, target


def ruin(whole: Path, path: Path, pages: set[int], fill: bytes = b"") -> Path:
    """Write a copy whose pages, counted from 1, are overwritten."""
    data = bytearray(whole.read_bytes())
    for number in pages:
        data[(number - 1) * PAGE : number * PAGE] = fill or noise(number)
    path.write_bytes(data)
    return path


def noise(number: int) -> bytes:
    """Return bytes without an order that are the same in every run."""
    blocks = [hashlib.sha256(f"{number} {block}".encode()).digest() for block in range(PAGE // 32)]
    return b"".join(blocks)


def chosen(seed: int, pages: int, count: int) -> set[int]:
    """Return pages without an order that are the same in every run; never the first one."""
    order = sorted(range(2, pages + 1), key=lambda number: hashlib.sha256(f"{seed} {number}".encode()).digest())
    return set(order[:count])


def physically_left(whole: Path, ruined: set[int]) -> dict[str, int]:
    """Return how many rows of each table lie, with all of their overflow pages, on pages that are not ruined.

    SQLite itself says which pages a row is on: it is asked for the database with one page after the other cut out of
    its table of pages, by the virtual table that lists them.
    """
    left = {}
    with closing(sqlite3.connect(whole)) as connection:
        for table in ("tasks", "estimates"):
            pages = connection.execute(
                "SELECT path, pageno, pagetype, ncell FROM dbstat WHERE name = ?", (table,)
            ).fetchall()
            cut = {path for path, number, kind, _cells in pages if kind == "overflow" and number in ruined}
            chains = {path.split("+")[0] for path in cut}
            leaves = [(number, cells) for _path, number, kind, cells in pages if kind == "leaf"]
            broken_elsewhere = {chain for chain in chains if _leaf_of(chain, pages) not in ruined}
            left[table] = sum(cells for number, cells in leaves if number not in ruined) - len(broken_elsewhere)
    return left


def _leaf_of(chain: str, pages: list[tuple[str, int, str, int]]) -> int:
    # The path of an overflow page is that of its leaf, the cell's number, and its place in the chain.
    leaf = chain.rpartition("/")[0] + "/"
    return next(number for path, number, kind, _cells in pages if kind == "leaf" and path == leaf)
