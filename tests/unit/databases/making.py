# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases in every state that a host can leave them in, made by programs that really end that way."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

SCHEMA = """
CREATE TABLE tasks (id TEXT PRIMARY KEY, status TEXT NOT NULL, note TEXT);
CREATE INDEX tasks_status ON tasks (status);
CREATE TABLE estimates (id INTEGER PRIMARY KEY, task_id TEXT REFERENCES tasks (id), amount REAL);
"""
ROWS = 400


def make_database(path: Path, journal_mode: str = "delete", rows: int = ROWS) -> Path:
    """Create a database with two tables, an index and a reference; closed properly."""
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    connection.executescript(SCHEMA)
    connection.executemany(
        "INSERT INTO tasks VALUES (?, ?, ?)", [(str(number), "completed", "x" * 200) for number in range(rows)]
    )
    connection.executemany(
        "INSERT INTO estimates (task_id, amount) VALUES (?, ?)", [(str(number), 1.5) for number in range(rows)]
    )
    connection.commit()
    connection.close()
    return path


def killed(program: str, path: Path) -> None:
    """Run a program on a database and let it die without closing anything."""
    text = f"import os, sqlite3\nconnection = sqlite3.connect({str(path)!r})\n{program}\nos._exit(9)\n"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 9


def leave_hot_journal(path: Path) -> None:
    """Die in the middle of a transaction that has already reached the file."""
    program = (
        "connection.execute('PRAGMA cache_size = 5')\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "connection.execute(\"UPDATE tasks SET note = 'y' || note\")"
    )
    killed(program, path)


def leave_wal(path: Path) -> None:
    """Die with committed rows in the write-ahead log that never reached the file."""
    killed("connection.execute(\"INSERT INTO tasks VALUES ('late', 'new', '')\")\nconnection.commit()", path)


def start_holder(program: str, path: Path) -> subprocess.Popen[str]:
    """Run a program that keeps a database in some state until it is killed; returns when it is in that state."""
    text = f"""
import sqlite3, sys, time
connection = sqlite3.connect({str(path)!r}, isolation_level=None)
{program}
print("ready", flush=True)
time.sleep(600)
"""
    holder = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    return holder


def everything_in(directory: Path) -> dict[str, tuple[int, int, str]]:
    """Return name, mode, inode and digest of all files of a directory.

    The index of a write-ahead log is shared memory that live readers and writers keep changing; that it is not
    created, replaced or written by a look alone is what a test of a database without writers shows.
    """
    found = {}
    for path in sorted(directory.rglob("*")):
        status = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[os.fspath(path)] = (status.st_mode, status.st_ino, digest)
    return found
