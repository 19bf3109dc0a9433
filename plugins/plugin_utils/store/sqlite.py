# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLite: how a connection is made, for writing, for reading without leaving a trace, and in memory."""

from __future__ import annotations

import functools
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from .requirements import sa
from .wire import to_json

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

#: Offset in the file's header of the version that a reader must know; 2 means a write-ahead log.
READ_VERSION_OFFSET = 19
WAL_VERSION = 2

#: Execution option that names the lock a transaction begins with.
BEGIN_OPTION = "aiops_begin"


def file_engine(path: str, *, read_only: bool, busy_timeout_seconds: float) -> Engine:
    """Return the engine of a database file.

    Connections are not kept: the processes that Ansible forks must never share one.
    """
    connect = (
        functools.partial(_connect_read_only, path)
        if read_only
        else functools.partial(_connect, path, busy_timeout_seconds)
    )
    return _engine(connect, sa.pool.NullPool)


def memory_engine(source_path: str | None = None) -> Engine:
    """Return the engine of a database in memory: empty, or a copy of a file, which is not touched."""
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if source_path is not None:
        source = _connect_read_only(source_path)
        try:
            source.backup(memory)
        finally:
            source.close()
    return _engine(lambda: memory, sa.pool.StaticPool)


def use_write_ahead_log(path: str, busy_timeout_seconds: float) -> None:
    """Let readers and one writer work at the same time; a file system without shared memory keeps the old journal."""
    connection = _connect(path, busy_timeout_seconds)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
    finally:
        connection.close()


def signature(path: str) -> tuple[int, ...]:
    """Return what changes when somebody writes to the database while it is being read without locks."""
    seen: list[int] = []
    for name in (path, path + "-wal"):
        try:
            status = os.stat(name)
        except FileNotFoundError:
            seen += [0, 0]
        else:
            seen += [status.st_size, status.st_mtime_ns if name == path else 0]
    return tuple(seen)


def _engine(connect: functools.partial[sqlite3.Connection] | object, pool: type[sa.pool.Pool]) -> Engine:
    engine = sa.create_engine("sqlite://", creator=connect, poolclass=pool, json_serializer=to_json)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # The driver's own BEGIN is off (isolation_level None): it would take the write lock late, where waiting is useless.
    connection.exec_driver_sql("BEGIN " + connection.get_execution_options().get(BEGIN_OPTION, "DEFERRED"))


def _connect(path: str, busy_timeout_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{Path(path).as_uri()}?mode=rwc", uri=True, isolation_level=None, timeout=busy_timeout_seconds
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _connect_read_only(path: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{Path(path).as_uri()}?{_read_only_options(path)}", uri=True, isolation_level=None, timeout=1.0
    )


def _read_only_options(path: str) -> str:
    """Return the options under which SQLite creates no file and changes none.

    A plain ``mode=ro`` creates ``-wal`` and ``-shm`` beside a database in WAL mode. With a log that holds something,
    both exist already and are only read; without one the file is complete by itself (``immutable``: no locks either,
    so the reader compares signatures before and after).
    """
    if not _uses_write_ahead_log(path):
        return "mode=ro"
    try:
        logged = os.stat(path + "-wal").st_size > 0
    except FileNotFoundError:
        logged = False
    return "mode=ro&readonly_shm=1" if logged else "mode=ro&immutable=1"


def _uses_write_ahead_log(path: str) -> bool:
    with open(path, "rb") as file:
        header = file.read(READ_VERSION_OFFSET + 1)
    return len(header) > READ_VERSION_OFFSET and header[READ_VERSION_OFFSET] == WAL_VERSION
