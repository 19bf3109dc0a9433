# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small system with its data and a backup set of it, for the tests of the restore."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_manifest import write_manifest
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_records import FILE, Item, Manifest, Table
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import digest_of, path_of
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_choose import Request
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_items import offers_of, wanted_items
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_verify import sqlite_rows

SET = "20261120_030001"


def database(path: Path, rows: int, text: str, wal: bool = True) -> Path:
    """Make a database whose table ``tasks`` has so many rows of one text."""
    connection = sqlite3.connect(path)
    with closing(connection), connection:
        connection.execute("PRAGMA journal_mode = {}".format("wal" if wal else "delete"))
        connection.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO tasks (name) VALUES (?)", [(text,)] * rows)
    return path


def leave_log(path: Path, text: str) -> None:
    """Leave a committed row in the write-ahead log and nowhere else, as a killed application does."""
    import subprocess
    import sys

    program = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "c.execute('PRAGMA journal_mode = wal')\n"
        "c.execute('PRAGMA wal_autocheckpoint = 0')\n"
        "c.execute('INSERT INTO tasks (name) VALUES (?)', (sys.argv[2],))\n"
        "c.commit()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path), text], check=False)
    assert path.with_name(path.name + "-wal").stat().st_size > 32


def names(path: Path) -> list[tuple[str, int]]:
    """Return the texts in a database and how often each is there; nothing is left beside it."""
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as connection:
        rows = connection.execute("SELECT name, COUNT(*) FROM tasks GROUP BY name ORDER BY name").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return [(str(name), int(count)) for name, count in rows]


def contents(production: Path) -> list[dict[str, Any]]:
    """Return the profile's items of the little system."""
    return [
        {"name": "app.db", "type": "sqlite", "target": str(production / "app.db")},
        {"name": ".env", "type": "files", "target": str(production / ".env")},
        {"name": "uploads", "type": "files", "target": str(production / "uploads")},
    ]


def production(root: Path) -> Path:
    """Make the data that is to be replaced: old rows, one of them only in the log, old files."""
    place = root / "production"
    (place / "uploads" / "deep").mkdir(parents=True)
    database(place / "app.db", 3, "old")
    (place / "app.db").chmod(0o640)
    leave_log(place / "app.db", "old in the log")
    (place / ".env").write_text("KEY=old\n")
    (place / ".env").chmod(0o600)
    (place / "uploads" / "deep" / "a.txt").write_text("old a")
    (place / "uploads" / "new-since.txt").write_text("made after the backup")
    return place


def make_set(root: Path, place: Path, name: str = SET, rows: int = 5, manifest: bool = True) -> Path:
    """Make a backup set with other data than production has."""
    made = root / "sets" / name
    (made / "uploads" / "deep").mkdir(parents=True)
    database(made / "app.db", rows, "backup", wal=False)
    (made / ".env").write_text("KEY=backup\n")
    (made / ".env").chmod(0o600)
    (made / "uploads" / "deep" / "a.txt").write_text("backup a")
    (made / "uploads" / "b.txt").write_text("backup b")
    if manifest:
        sign(made, contents(place))
    return made


def sign(made: Path, items: list[dict[str, Any]]) -> None:
    """Write the manifest of a set as it lies there."""
    offers = offers_of(str(made), wanted_items(items, []))
    listed = tuple(_signed(made, offer.item) for offer in offers)
    times = {"made": "2026-11-20T03:00:01Z", "finished": "2026-11-20T03:00:02Z"}
    write_manifest(str(made), Manifest("wiki", "wiki-1", seconds=1.0, versions={}, items=listed, **times))


def _signed(made: Path, item: Item) -> Item:
    entries = tuple(
        replace(one, sha256=digest_of(path_of(str(made), item, one), lambda: 9.0)[0]) if one.kind == FILE else one
        for one in item.entries
    )
    rows = sqlite_rows(str(made / item.name), 5) if item.type == "sqlite" else {}
    tables = {name: Table(count, "-") for name, count in rows.items()}
    return replace(item, entries=entries, tables=tables, user="root", group="root")


def request(root: Path, place: Path, **changes: Any) -> Request:
    """Return a request for everything from the newest set."""
    asked = Request(str(root / "sets"), "%Y%m%d_%H%M%S", "UTC", contents(place), seconds=60)
    return replace(asked, **changes)
