# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a database keeps beside itself: no log of the old data may ever be replayed into the restored data."""

from __future__ import annotations

import os
import time

from .errors import CheckError, RunbooksError
from .open_handles import handles_of
from .probe import Context
from .sqlite_file import inspect

#: What SQLite's own recovery would make of these is not for a restore to decide: they are kept byte for byte.
_DAMAGED = ("not_a_database", "truncated", "corrupt", "empty")
SUFFIXES = {"sqlite": ("-wal", "-shm", "-journal"), "duckdb": (".wal",)}
_SECONDS = 300.0
_FOLD = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); c.execute('CHECKPOINT'); c.close()"


def sidecars(kind: str, path: str) -> list[str]:
    """Return the suffixes of the files that a database of this kind has beside it now."""
    return [suffix for suffix in SUFFIXES.get(kind, ()) if os.path.lexists(path + suffix)]


def refuse_when_open(kind: str, path: str) -> None:
    """Make sure that no process has a database open: it would go on writing into what was moved aside.

    Raises:
        RunbooksError: names the processes.
    """
    wanted = set()
    for name in [path, *(path + suffix for suffix in SUFFIXES.get(kind, ()))]:
        if kind in SUFFIXES and os.path.exists(name):
            status = os.stat(name)
            wanted.add((status.st_dev, status.st_ino))
    holders = sorted({one.pid for found in handles_of(wanted).holders.values() for one in found})
    if holders:
        raise RunbooksError(
            "{} is still open in process {}".format(path, ", ".join(map(str, holders))),
            "Stop what uses it, or name its service in system_services",
        )


def settle(kind: str, path: str, python: str | None) -> list[str]:
    """Bring what waits in a database's log into the database, as the application would at its next start.

    The database is whole by itself afterwards, so that moving it is one step. It must not be in use.

    Args:
        kind: ``sqlite`` or ``duckdb``; others have no log.
        path: the database.
        python: interpreter that can import ``duckdb``.

    Returns:
        Suffixes of the files that are left, because the database is too damaged to take them: they belong to it and
        must go where it goes.

    Raises:
        RunbooksError: somebody uses it, or the disk is full or read-only; nothing is lost.
    """
    if os.path.exists(path) and sidecars(kind, path):
        (_settle_sqlite(path) if kind == "sqlite" else _settle_duckdb(path, python))
    return sidecars(kind, path)


def _settle_sqlite(path: str) -> None:
    import sqlite3
    from urllib.parse import quote

    if inspect(path, foreign_keys=False, time_budget_seconds=_SECONDS).verdict in _DAMAGED:
        return
    try:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?mode=rw", uri=True, timeout=5, isolation_level=None
        )
        try:
            # The first read rolls back what a crashed writer left; the last one to close removes the log.
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise RunbooksError(
            f"{path} cannot take in its log: {error}", "Nothing has changed; make room or stop what uses it"
        ) from None
    except sqlite3.DatabaseError:
        return  # Damaged: what is beside it is kept with it.


def _settle_duckdb(path: str, python: str | None) -> None:
    if not python:
        return
    context = Context(now=time.time(), deadline=time.monotonic() + _SECONDS)
    try:
        done = context.run([python, "-B", "-c", _FOLD, path], cwd="/")
    except CheckError:
        return  # Without the application's interpreter the log is kept with its database.
    if "lock" in done.stderr and "Conflicting" in done.stderr:
        raise RunbooksError(f"{path} is in use: {done.stderr.strip().splitlines()[-1]}", "Stop what uses it")
