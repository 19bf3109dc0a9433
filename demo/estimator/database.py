# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimator's SQLite database, in WAL mode as its stand-in runs it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from ..clock import DAY_SECONDS, utc_sql, utc_sql_exact
from .traffic import Request

RETENTION_DAYS = 30
SCHEMA = """
CREATE TABLE tasks (
    id VARCHAR(36) NOT NULL PRIMARY KEY, excel_file_path VARCHAR, system_requirements TEXT, status VARCHAR(10),
    error_message TEXT, result_file_path VARCHAR, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME);
CREATE TABLE messages (
    id INTEGER NOT NULL PRIMARY KEY, task_id VARCHAR(36) NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    role VARCHAR(20), content TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE deliverables (
    id INTEGER NOT NULL PRIMARY KEY, task_id VARCHAR(36) NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    name VARCHAR, description TEXT);
CREATE TABLE estimates (
    id INTEGER NOT NULL PRIMARY KEY, task_id VARCHAR(36) NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    deliverable_name VARCHAR, deliverable_description TEXT, person_days FLOAT, amount FLOAT, reasoning TEXT,
    reasoning_breakdown TEXT, reasoning_notes TEXT);
CREATE TABLE qa_pairs (
    id INTEGER NOT NULL PRIMARY KEY, task_id VARCHAR(36) NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    question TEXT, answer TEXT, "order" INTEGER);
CREATE INDEX ix_tasks_created_at ON tasks (created_at);
CREATE INDEX ix_estimates_task_id ON estimates (task_id);
"""
DELIVERABLES = (
    "Requirements definition",
    "Basic design",
    "Screen design",
    "API implementation",
    "Batch programs",
    "Integration test",
    "Migration plan",
    "Operations manual",
)
DAILY_RATE_YEN = 40000


def tasks_at(requests: Iterable[Request], epoch: float) -> list[Request]:
    """The requests that created the tasks a database holds at `epoch`: older ones were removed by retention."""
    return [
        request
        for request in requests
        if request.creates_task and epoch - RETENTION_DAYS * DAY_SECONDS < request.epoch <= epoch
    ]


def failed_tasks(requests: Iterable[Request]) -> list[str]:
    """Ids of the tasks whose answers ended in a server error."""
    return [request.task for request in requests if request.path.endswith("/answers") and request.status >= 500]


def create_database(path: Path, tasks: Iterable[Request], failed: Iterable[str], journal_mode: str = "wal") -> None:
    """Create the database at `path` with one row per task and the rows that belong to it. Replaces an old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(str(path) + suffix).unlink() if Path(str(path) + suffix).exists() else None
    broken = frozenset(failed)
    connection = sqlite3.connect(str(path))
    try:
        connection.execute(f"PRAGMA journal_mode={journal_mode}")
        connection.executescript(SCHEMA)
        for request in tasks:
            _insert_task(connection, request, request.task in broken)
        connection.commit()
    finally:
        connection.close()


def _insert_task(connection: sqlite3.Connection, request: Request, failed: bool) -> None:
    source = random.Random(request.task)
    task, status = request.task, "failed" if failed else "completed"
    connection.execute(
        "INSERT INTO tasks VALUES (?,?,?,?,?,?,?,?)",
        (
            task,
            f"uploads/{task}.xlsx",
            f"Internal web system, {source.randint(20, 900)} users",
            status,
            "Bad gateway" if failed else None,
            None if failed else f"uploads/{task}_result.xlsx",
            utc_sql(request.epoch),
            utc_sql_exact(request.epoch + source.uniform(20, 200)),
        ),
    )
    names = source.sample(DELIVERABLES, source.randint(2, 4))
    connection.executemany(
        "INSERT INTO deliverables (task_id, name, description) VALUES (?,?,?)",
        [(task, name, name + " for the order desk") for name in names],
    )
    connection.executemany(
        'INSERT INTO qa_pairs (task_id, question, answer, "order") VALUES (?,?,?,?)',
        [
            (task, "Which systems does it connect to?", "The accounting system and the warehouse", 1),
            (task, "Is there a deadline?", "The end of the quarter", 2),
        ],
    )
    connection.execute(
        "INSERT INTO messages (task_id, role, content, created_at) VALUES (?,?,?,?)",
        (task, "user", "Please estimate the attached list", utc_sql(request.epoch)),
    )
    if not failed:
        connection.executemany(
            "INSERT INTO estimates (task_id, deliverable_name, deliverable_description, person_days, amount, reasoning,"
            " reasoning_breakdown, reasoning_notes) VALUES (?,?,?,?,?,?,?,?)",
            [_estimate(task, name, source) for name in names],
        )


def _estimate(task: str, name: str, source: random.Random) -> tuple[object, ...]:
    days = source.randint(4, 60) / 2
    return (
        task,
        name,
        name + " for the order desk",
        days,
        days * DAILY_RATE_YEN,
        f"Comparable projects took about {days:.1f} person-days.",
        "analysis 20 %, work 60 %, review 20 %",
        "",
    )
