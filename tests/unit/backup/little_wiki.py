# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A little system to be backed up: a database, a secret, files with links, an export."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_make import Made, Request, make_set
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_plan import parse_contents, plan_backup
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_root import NAME_FORMAT, checked_root

NOW = 1795230000.0
EXPORT = "import json; print(json.dumps({'pages': 3}))"


def make(root: Path) -> dict[str, Any]:
    """Make the system and return the contents of its profile."""
    (root / "uploads" / "deep").mkdir(parents=True)
    (root / "uploads" / "one.bin").write_bytes(b"1" * 5000)
    (root / "uploads" / "empty").write_bytes(b"")
    (root / "uploads" / "deep" / "two.txt").write_text("two")
    (root / "uploads" / "deep" / "same.txt").hardlink_to(root / "uploads" / "deep" / "two.txt")
    (root / "uploads" / "link").symlink_to("one.bin")
    (root / "uploads" / "deep").chmod(0o750)
    (root / ".env").write_text("SECRET=1\n")
    (root / ".env").chmod(0o600)
    database = sqlite3.connect(root / "app.db")
    database.executescript(
        """
        PRAGMA journal_mode = WAL;
        CREATE TABLE pages (id INTEGER PRIMARY KEY, title TEXT, created_at TEXT);
        CREATE INDEX by_title ON pages (title);
        INSERT INTO pages (title, created_at) VALUES ('a', '2026-11-01 10:00:00'), ('b', '2026-11-02 10:00:00');
        """
    )
    database.close()
    return {
        "app.db": {"type": "sqlite", "source": str(root / "app.db"), "tables": ["pages"]},
        ".env": {"type": "files", "source": str(root / ".env")},
        "uploads": {"type": "files", "source": str(root / "uploads")},
        "export/data.json": {"type": "export", "command": [sys.executable, "-c", EXPORT]},
    }


def request(sets: Path) -> Request:
    """Return what a backup of it asks for."""
    return Request(checked_root(str(sets)), "wiki", "wiki-1", "Asia/Tokyo", NAME_FORMAT, 60)


def back_up(contents: dict[str, Any], sets: Path, now: float = NOW) -> Made:
    """Make a set."""
    asked = request(sets)
    planned = plan_backup(asked.root, parse_contents([{"name": name, **one} for name, one in contents.items()]))
    return make_set(asked, planned, lambda: now)


def content_of(root: Path) -> dict[str, str]:
    """Return everything below a directory, its kinds, modes and content, to compare."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        what = os.readlink(path) if path.is_symlink() else ""
        if path.is_file() and not path.is_symlink():
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(root))] = f"{status.st_mode:o} {what}"
    return found


def plenty() -> float:
    """Return seconds that are left."""
    return 60.0
