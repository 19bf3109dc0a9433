# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a look at a DuckDB database, and the names of its verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field

from .model import CRITICAL, OK, UNKNOWN, WARNING

#: Every verdict and its state; the catalogue has a sentence for each, with the prefix ``duckdb_``.
# A damaged log is as critical as a damaged file: DuckDB leaves out what it cannot read of it, and says nothing.
STATE_OF_VERDICT = {
    "ok": OK,
    "missing": CRITICAL,
    "not_a_regular_file": CRITICAL,
    "unreadable": UNKNOWN,
    "empty": CRITICAL,
    "not_a_database": CRITICAL,
    "truncated": CRITICAL,
    "corrupt": CRITICAL,
    "wal_corrupt": CRITICAL,
    "wal_foreign": CRITICAL,
    "wal_torn": WARNING,
    "tables_missing": CRITICAL,
    "scan_crashed": CRITICAL,
    "in_use": UNKNOWN,
    "other_version": UNKNOWN,
    "changed_meanwhile": UNKNOWN,
    "budget_exceeded": UNKNOWN,
    "interpreter_missing": UNKNOWN,
    "interpreter_failed": UNKNOWN,
    "not_installed": UNKNOWN,
}
MESSAGES = 20


@dataclass(frozen=True)
class DuckdbInspection:
    """What a DuckDB database turned out to be. Figures are None when they could not be read.

    Args:
        path: the file.
        verdict: a key of ``STATE_OF_VERDICT``.
        messages: up to 20 lines of what is wrong.
        size_bytes: of the main file.
        wal_bytes: of the write-ahead log; 0 when there is none.
        wal_state: ``none``, ``replayable``, ``torn``, ``corrupt`` or ``foreign``; None when nobody could tell.
        wal_transactions: committed transactions that are only in the write-ahead log.
        storage_version: of the file's format.
        block_count: blocks of the file.
        damaged_blocks: blocks in use whose checksum is wrong; None when they were not all compared.
        rows: table to its number of rows, for each table that could be read to its end.
        damaged_tables: tables of which something could not be read.
        missing_tables: tables or views that were asked for and do not exist.
        pid: process that has the database open.
        way: ``copy`` or ``in_place``; None when nothing was scanned.
        duckdb_version: of the library that looked.
        seconds: how long the look took.
    """

    path: str
    verdict: str
    messages: tuple[str, ...] = ()
    size_bytes: int | None = None
    wal_bytes: int | None = None
    wal_state: str | None = None
    wal_transactions: int | None = None
    storage_version: int | None = None
    block_count: int | None = None
    damaged_blocks: int | None = None
    rows: dict[str, int] = field(default_factory=dict)
    damaged_tables: tuple[str, ...] = ()
    missing_tables: tuple[str, ...] = ()
    pid: int | None = None
    way: str | None = None
    duckdb_version: str | None = None
    seconds: float = 0.0
