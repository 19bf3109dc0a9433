# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database that is restored: the schema of a real application, keys that come in no order, short texts."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from demo.estimator.database import SCHEMA

#: Bytes that one task takes with all that belongs to it, indexes included; measured.
_TASK_BYTES = 2205
_QUESTION = "SELECT COUNT(*), MAX(created_at) FROM tasks"
_TASK = (
    "INSERT INTO tasks (id, system_requirements, status, created_at, updated_at) VALUES (?, ?, 'completed', ?, ?)",
    "INSERT INTO messages (task_id, role, content, created_at) VALUES (?, 'user', ?, ?)",
    "INSERT INTO deliverables (task_id, name, description) VALUES (?, ?, ?)",
    "INSERT INTO estimates (task_id, deliverable_name, person_days, amount, reasoning) VALUES (?, ?, ?, ?, ?)",
    'INSERT INTO qa_pairs (task_id, question, answer, "order") VALUES (?, ?, ?, ?)',
)


def make(path: Path, megabytes: int) -> int:
    """Make a database of about that size, unless it is there, and return its tasks."""
    tasks = megabytes * 1_000_000 // _TASK_BYTES
    if path.exists() and answer(path)[0] == tasks:
        return tasks
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    with closing(connection), connection:
        connection.execute("PRAGMA journal_mode = off")
        connection.execute("PRAGMA synchronous = off")
        connection.executescript(SCHEMA)
        for number in range(tasks):
            _insert(connection, number)
    return tasks


def _insert(connection: sqlite3.Connection, number: int) -> None:
    text = hashlib.sha256(str(number).encode()).hexdigest()
    key = f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"
    moment = f"2026-{1 + number % 12:02}-{1 + number % 28:02} {number % 24:02}:{number % 60:02}:{number % 59:02}"
    connection.execute(_TASK[0], (key, text, moment, moment))
    connection.executemany(_TASK[1], [(key, text[:40], moment)] * 2)
    connection.executemany(_TASK[2], [(key, f"Part {part}", text[:50]) for part in range(4)])
    connection.executemany(_TASK[3], [(key, f"Part {part}", part * 1.5, part * 60000, text[:60]) for part in range(4)])
    connection.executemany(_TASK[4], [(key, text[:40], text[:30], part) for part in range(3)])


def answer(path: Path) -> tuple[int, str]:
    """Ask the database something, as an application does when it serves again."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        count, newest = connection.execute(_QUESTION).fetchone()
        return int(count), str(newest)
