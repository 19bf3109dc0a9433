# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verified backup of a large SQLite database, beside the commands of a careful shell script one after the other.

Both copy the database while it is open, check the copy completely, and know its SHA-256; the contestants take turns.
Run as ``python -m tests.bench.backup``; with ``--rows`` the database is smaller.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
#: About 550 MB with its indexes.
ROWS = 900_000
ROUNDS = 3
OURS = """
import sys
sys.path.insert(0, sys.argv[1])
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_make import Request, make_set
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_plan import parse_contents, plan_backup
contents = parse_contents([{"name": "app.db", "type": "sqlite", "source": sys.argv[2]}])
request = Request(sys.argv[3], "bench", "bench", "UTC", "%Y%m%d_%H%M%S", 3600)
print(make_set(request, plan_backup(request.root, contents)).manifest.items[0].sha256)
"""


@dataclass(frozen=True)
class Measured:
    """One contestant in one round: seconds of wall and processor, and the most private memory that it had."""

    wall: float
    processor: float
    private_bytes: int


def word(number: int, salt: str) -> str:
    """Return text that looks like nothing else, and is the same in every run."""
    return hashlib.sha256(f"{salt}{number}".encode()).hexdigest()


def make_database(path: Path, rows: int) -> None:
    """Make a database of two tables and five indexes in write-ahead-log mode."""
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
        CREATE TABLE tasks
            (id INTEGER PRIMARY KEY, name TEXT, status TEXT, created_at TEXT, updated_at TEXT, body TEXT);
        CREATE TABLE messages (id INTEGER PRIMARY KEY, task_id INTEGER, role TEXT, content TEXT, created_at TEXT);
        """
    )
    days = [f"2026-01-{day:02d} 10:00:00" for day in range(1, 29)]
    connection.executemany(
        "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?)",
        ((n, word(n, "n")[:20], "abcd"[n % 4], days[n % 28], word(n, "u")[:12], word(n, "b") * 3) for n in range(rows)),
    )
    connection.executemany(
        "INSERT INTO messages VALUES (?, ?, ?, ?, ?)",
        ((n, n * 7919 % rows, "ab"[n % 2], word(n, "c") * 2, days[n % 28]) for n in range(rows)),
    )
    connection.executescript(
        """
        CREATE INDEX by_name ON tasks (name); CREATE INDEX by_status ON tasks (status, created_at);
        CREATE INDEX by_change ON tasks (updated_at); CREATE INDEX by_task ON messages (task_id);
        CREATE INDEX by_time ON messages (created_at); PRAGMA wal_checkpoint(TRUNCATE);
        """
    )
    connection.close()


def measure(commands: Sequence[Sequence[str]]) -> Measured:
    """Run commands one after the other."""
    begun, before, private = time.monotonic(), os.times(), 0
    for command in commands:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                private = max(private, private_bytes(process.pid))
                time.sleep(0.02)
            if process.returncode != 0:
                raise RuntimeError(f"{command[0]} ended with status {process.returncode}")
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(time.monotonic() - begun, used, private)


def private_bytes(pid: int) -> int:
    """Return the memory that a process has for itself; the kernel's cache of a file is not that."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def contestants(place: Path) -> dict[str, Callable[[], Measured]]:
    """Return what takes turns, by name."""
    source, copy, sets = str(place / "app.db"), str(place / "copy.db"), place / "sets"
    collections = str(CHECKOUT / ".cache" / "collections")

    def by_script() -> Measured:
        Path(copy).unlink(missing_ok=True)
        return measure(
            [["sqlite3", source, f".backup {copy}"], ["sqlite3", copy, "PRAGMA integrity_check"], ["sha256sum", copy]]
        )

    def by_us() -> Measured:
        shutil.rmtree(sets, ignore_errors=True)
        return measure([[sys.executable, "-c", OURS, collections, source, str(sets)]])

    return {".backup; integrity_check; sha256sum": by_script, "backup_set": by_us}


def main() -> None:
    """Make the database, let the contestants take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-backup-", dir=CHECKOUT / ".cache") as folder:
        place = Path(folder)
        make_database(place / "app.db", asked.rows)
        size = (place / "app.db").stat().st_size
        found: dict[str, list[Measured]] = {name: [] for name in contestants(place)}
        for _round in range(asked.rounds):
            for name, run in contestants(place).items():
                found[name].append(run())
    print(f"{size / 1e6:.0f} MB, {asked.rounds} rounds, medians")
    print("| contestant | wall s | CPU s | private MB |\n|:--|--:|--:|--:|")
    walls = []
    for name, rounds in found.items():
        walls.append(statistics.median(one.wall for one in rounds))
        processor = statistics.median(one.processor for one in rounds)
        print(f"| {name} | {walls[-1]:.1f} | {processor:.1f} | {max(one.private_bytes for one in rounds) / 1e6:.0f} |")
    print(f"backup_set is {walls[0] / walls[1]:.2f} times as fast.")


if __name__ == "__main__":
    main()
