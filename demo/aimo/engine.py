# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of AIMO in progress: holds the lock, the pid file and the database like the application does."""

from __future__ import annotations

import os
import shutil
import time

from ..clock import utc_sql_exact
from ..files import write_text
from ..paths import AimoPaths
from ..web import run_until, stop_on_signal

RUN_ID = "f00dfeed00000001"


def take_lock(paths: AimoPaths, pid: int) -> None:
    """Create lock and pid file as the layout says: a file, or a directory. Raises RuntimeError when it is held."""
    paths.lock.parent.mkdir(parents=True, exist_ok=True)
    paths.pid.parent.mkdir(parents=True, exist_ok=True)
    try:
        if paths.lock.suffix == ".d":
            paths.lock.mkdir()
        else:
            with open(paths.lock, "x", encoding="ascii") as stream:
                stream.write(f"{pid}")
    except FileExistsError:
        raise RuntimeError(f"Could not acquire lock: {paths.lock} exists") from None
    write_text(paths.pid, f"{pid}")


def release_lock(paths: AimoPaths) -> None:
    """Remove lock and pid file, whatever kind the lock is."""
    if paths.lock.is_dir():
        shutil.rmtree(str(paths.lock))
    elif paths.lock.exists():
        paths.lock.unlink()
    if paths.pid.exists():
        paths.pid.unlink()


def record_running(paths: AimoPaths, run_id: str, started: float) -> None:
    """Add a row of `runs` with status `running`, and its work directory."""
    import duckdb

    connection = duckdb.connect(str(paths.database))
    try:
        connection.execute(
            "INSERT OR REPLACE INTO runs (run_id, started_at, status, vendor_scope, created_at)"
            " VALUES (?, ?, 'running', 'paloalto', ?)",
            [run_id, utc_sql_exact(started), utc_sql_exact(started)],
        )
    finally:
        connection.close()
    (paths.work / run_id / "raw").mkdir(parents=True, exist_ok=True)


def forget_run(paths: AimoPaths, run_id: str) -> None:
    """Remove what `record_running` added."""
    import duckdb

    connection = duckdb.connect(str(paths.database))
    try:
        connection.execute("DELETE FROM runs WHERE run_id = ?", [run_id])
    finally:
        connection.close()
    shutil.rmtree(str(paths.work / run_id), ignore_errors=True)


def serve(paths: AimoPaths) -> int:
    """Run until told to stop; then finish the run and release the lock."""
    import duckdb

    stop = stop_on_signal()
    take_lock(paths, os.getpid())
    try:
        record_running(paths, RUN_ID, time.time())
        connection = duckdb.connect(str(paths.database))
        print(f"DuckDB temp_directory: {paths.spill}", flush=True)
        try:
            run_until(stop)
            connection.execute(
                "UPDATE runs SET status = 'succeeded', finished_at = ? WHERE run_id = ?",
                [utc_sql_exact(time.time()), RUN_ID],
            )
        finally:
            connection.close()
    finally:
        release_lock(paths)
    return 0
