# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a look at an SQLite database, and the names of its verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from .model import CRITICAL, OK, UNKNOWN, WARNING

#: Every verdict and its state; the catalogue of kind ``sqlite`` has a sentence for each, with the prefix ``sqlite_``.
# Unknown where nobody has seen the content; a missing or empty database is a loss, not a pass.
STATE_OF_VERDICT = {
    "ok": OK,
    "missing": CRITICAL,
    "is_directory": CRITICAL,
    "not_a_regular_file": CRITICAL,
    "unreadable": UNKNOWN,
    "empty": CRITICAL,
    "not_a_database": CRITICAL,
    "truncated": CRITICAL,
    "corrupt": CRITICAL,
    "hot_journal": UNKNOWN,
    "wal_unread": UNKNOWN,
    "locked": UNKNOWN,
    "budget_exceeded": UNKNOWN,
    "tables_missing": CRITICAL,
    "foreign_key_violations": WARNING,
}
DEPTHS = ("header", "quick", "full")
MESSAGES = 20


@dataclass(frozen=True)
class SqliteInspection:
    """What an SQLite database turned out to be. Figures are None when they could not be read.

    Args:
        path: the file.
        verdict: a key of ``STATE_OF_VERDICT``.
        depth: how deep was asked to look: ``header``, ``quick`` or ``full``.
        messages: up to 20 lines of what is wrong.
        size_bytes: of the main file.
        wal_bytes: of the write-ahead log; 0 when there is none.
        page_size: bytes per page.
        page_count: pages, those in the write-ahead log included.
        freelist_count: unused pages.
        user_version: the application's own schema version.
        journal_mode: ``wal`` or ``delete`` (SQLite does not record which rollback journal is used).
        encoding: of text.
        foreign_key_violations: rows whose reference leads nowhere; None when they were not counted.
        missing_tables: tables that were asked for and do not exist.
        way: how the file was opened: ``read_only``, ``shared_index``, ``immutable`` or ``copy``; None when it was not.
        sqlite_version: of the library that looked.
        seconds: how long the look took.
    """

    path: str
    verdict: str
    depth: str = "quick"
    messages: tuple[str, ...] = ()
    size_bytes: int | None = None
    wal_bytes: int | None = None
    page_size: int | None = None
    page_count: int | None = None
    freelist_count: int | None = None
    user_version: int | None = None
    journal_mode: str | None = None
    encoding: str | None = None
    foreign_key_violations: int | None = None
    missing_tables: tuple[str, ...] = ()
    way: str | None = None
    sqlite_version: str | None = None
    seconds: float = 0.0
