# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of AIMO on one input file, with what goes wrong in the published one when DEMO_TRAP asks for it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from ..clock import utc, utc_sql_exact
from ..files import append_line
from ..paths import AimoPaths
from .engine import release_lock, take_lock
from .runs import Run
from .seed import events_of, kpi_lines, write_output

#: noop: status 0 without anything; segfault and hang: while the lock is held; silent: without the audited lines.
TRAPS = ("noop", "segfault", "hang", "silent")
ENVIRONMENT_FILES = (".env.local", ".env")
TEMP_DIRECTORY = "DUCKDB_TEMP_DIRECTORY"


def run(paths: AimoPaths, layout: str, source: Path, vendor: str) -> int:
    """Take the lock, read the file, write what a run writes. Returns the exit status; a signal leaves the lock."""
    trap = os.environ.get("DEMO_TRAP", "")
    if trap == "noop":
        return 0
    try:
        take_lock(paths, os.getpid())
    except RuntimeError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    paths = dataclasses.replace(paths, spill=_spill(paths))
    try:
        return _run(paths, layout, source, vendor, trap)
    finally:
        release_lock(paths)


def _run(paths: AimoPaths, layout: str, source: Path, vendor: str, trap: str) -> int:
    import duckdb

    connection = duckdb.connect(str(paths.database))
    try:
        paths.spill.mkdir(parents=True, exist_ok=True)
        connection.execute(f"SET temp_directory = '{paths.spill}'")
        if trap != "silent":
            print(f"DuckDB temp_directory: {paths.spill}", flush=True)
        record = _read(source, vendor)
        connection.execute(
            "INSERT INTO runs (run_id, started_at, status, vendor_scope, created_at) VALUES (?, ?, 'running', ?, ?)",
            [record.identity, utc_sql_exact(record.started), vendor, utc_sql_exact(record.started)],
        )
        if trap == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        while trap == "hang":
            time.sleep(3600)
        connection.execute(
            "UPDATE runs SET status = 'succeeded', finished_at = ?, total_events = ?, unique_signatures = ?"
            " WHERE run_id = ?",
            [utc_sql_exact(time.time()), record.events, record.signatures, record.identity],
        )
    finally:
        connection.close()
    _leave(paths, layout, record, trap)
    return 0


def _leave(paths: AimoPaths, layout: str, record: Run, trap: str) -> None:
    """Write the summary and the events of a run that succeeded, and print its figures."""
    write_output(paths, record)
    paths.event_logs.mkdir(parents=True, exist_ok=True)
    for event in events_of(record):
        append_line(paths.event_logs / (utc(record.started, "%Y-%m-%d") + ".jsonl"), json.dumps(event))
    if trap != "silent":
        print("\n".join(kpi_lines(paths, record)))
    if layout == "runbook":
        print(f"rule_hit: {record.cache_hits}\nunknown_count: {record.unknown}")


def _read(source: Path, vendor: str) -> Run:
    rows = [line for line in source.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
    now = time.time()
    without_llm = os.environ.get("AIMO_DISABLE_LLM", "") not in ("", "0")
    known = max(0, len(rows) - 4)
    return Run(
        hashlib.sha256(f"{source}-{now}".encode()).hexdigest()[:16],
        vendor,
        now,
        now,
        "succeeded",
        len(rows),
        len(rows),
        known,
        0 if without_llm else len(rows) - known,
        0,
        0,
    )


def _spill(paths: AimoPaths) -> Path:
    """The spill directory that an environment file names, otherwise the one beside the database."""
    for name in ENVIRONMENT_FILES:
        file = paths.root / name
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
            key, equals, value = line.partition("=")
            if equals and key.strip() == TEMP_DIRECTORY and value.strip():
                return Path(value.strip().strip("'\""))
    return paths.spill
