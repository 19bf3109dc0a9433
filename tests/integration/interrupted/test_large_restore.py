# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore that dies inside of a write: of DuckDB as a copy and as an export, and of what is copied by threads."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.restore_choose import Request
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import Settings, take
from tests.integration.interrupted.stopping import Calls, finish, interruptions

FORWARD = ("stage", "swap", "accept")
LARGE, COPY, EXPORT = "large.db", "runs-copy", "runs-export"
NOTE = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
rows = "SELECT ? AS note, repeat('x', 300) || range AS filling FROM range(2000)"
connection.execute("CREATE TABLE notes AS " + rows, sys.argv[2:])
"""
NOTED = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
print(connection.execute("SELECT min(note), max(note), count(*), sum(length(filling)) FROM notes").fetchone())
"""


def fill(place: Path, text: str) -> None:
    """Make databases whose rows all hold one text."""
    connection = sqlite3.connect(place / LARGE)
    with closing(connection), connection:
        connection.execute("CREATE TABLE notes (note TEXT, filling BLOB)")
        connection.executemany("INSERT INTO notes VALUES (?, zeroblob(100000))", [(text,)] * 60)
    for name in (COPY, EXPORT):
        subprocess.run([sys.executable, "-c", NOTE, str(place / name), text], check=True)


def noted(path: Path) -> str:
    """Return the text of a database that is whole; nothing is written beside it."""
    if path.name == LARGE:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            ((text, count),) = connection.execute("SELECT note, count(*) FROM notes GROUP BY note").fetchall()
        assert count == 60
        return str(text)
    asked = subprocess.run([sys.executable, "-c", NOTED, str(path)], check=True, capture_output=True, text=True)
    first, last, count, length = asked.stdout.strip("()\n").replace("'", "").split(", ")
    assert (first, count, length) == (last, "2000", str(2000 * 300 + 10 + 180 + 2700 + 4000)), asked.stdout
    return first


def made(root: Path) -> None:
    """Make a set of what a system was, and the system as it is."""
    place = root / "production"
    place.mkdir(parents=True)
    fill(place, "backup")
    contents: list[dict[str, Any]] = [{"name": LARGE, "type": "sqlite", "source": str(place / LARGE)}]
    for name, method in ((COPY, "copy"), (EXPORT, "export")):
        duckdb = {"type": "duckdb", "source": str(place / name), "python": sys.executable, "method": method}
        contents.append({"name": name, **duckdb})
    asked = {"directory": str(root / "sets"), "system": "wiki", "host": "wiki-1", "contents": contents}
    finish([("backup_set", asked)])
    for name in os.listdir(place):
        (place / name).unlink()
    fill(place, "old")


def test_a_restore_of_duckdb_and_of_a_large_file(tmp_path: Path) -> None:
    template, root, seen = tmp_path / "template", tmp_path / "root", set()
    made(template)
    place = root / "production"
    wanted = [{"name": LARGE, "type": "sqlite", "target": str(place / LARGE)}]
    wanted += [
        {"name": name, "type": "duckdb", "target": str(place / name), "python": sys.executable}
        for name in (COPY, EXPORT)
    ]
    common = {"directory": str(root / "sets"), "state_directory": str(root / "state"), "contents": wanted}
    calls: Calls = [("data_restore", {**common, "step": step}) for step in FORWARD]
    request = Request(str(root / "sets"), "%Y%m%d_%H%M%S", "UTC", wanted, seconds=60)

    def step(name: str) -> dict[str, Any]:
        return take(name, request, Settings(str(root / "state"), "", 14, False), time.time() + 60)

    def fresh() -> None:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root)

    for point in interruptions(calls, root, fresh, 12, tmp_path / "log"):
        found = [noted(place / name) for name in (LARGE, COPY, EXPORT)]
        assert found == sorted(found), (point, "new from the first to the last, each of them whole")
        seen.add(tuple(found))
        if step("status")["unfinished"]:
            step("put_back")
        for name in FORWARD:
            step(name)
        assert {noted(place / name) for name in (LARGE, COPY, EXPORT)} == {"backup"}, point
        assert not list(place.glob(".*.restore-*")), "nothing half is left"
    assert {("old",) * 3, ("backup",) * 3} <= seen
