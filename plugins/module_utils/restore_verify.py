# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what is to be restored is whole: its integrity, and the rows that its manifest counted."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, Mapping

from .backup_records import Item, Table
from .backup_verify import verify_set
from .errors import CheckError
from .restore_items import Offer
from .restore_unpack import DamagedError
from .sqlite_file import inspect
from .sqlite_open import read

if TYPE_CHECKING:
    import sqlite3

    from .backup_records import Manifest

_BUSY_SECONDS = 5.0


@dataclass
class Seen:
    """What was looked at.

    Attributes:
        rows: of each table of each database, by item.
        verified: what was found to be right, for people.
        unverified: what nobody could look at, and why.
    """

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    verified: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)


def verify_in_set(
    directory: str, manifest: Manifest | None, offers: list[Offer], remaining: Callable[[], float]
) -> Seen:
    """Look at the items of a set where they are, without writing anything.

    Raises:
        DamagedError: an item is not what it should be.
    """
    seen = Seen()
    if manifest is not None:
        names = tuple(offer.item.name for offer in offers)
        found = verify_set(directory, manifest, "checksums", remaining, items=names)
        if found.faults:
            raise DamagedError("; ".join(f"{one.item}: {one.fault} {one.detail}".strip() for one in found.faults[:5]))
    for offer in offers:
        verify_item(offer, os.path.join(directory, offer.item.name), remaining, seen)
    return seen


class Counted:
    """The rows of an SQLite copy, counted when it is written and its checksum may not be known yet.

    Nobody asks for them when the checksum turns out to be wrong.

    Args:
        path: of the copy.
        remaining: seconds that are left.
    """

    def __init__(self, path: str, remaining: Callable[[], float]) -> None:
        self._path, self._remaining = path, remaining
        self._rows: dict[str, int] | None = None
        self._error: Exception | None = None

    def look(self) -> None:
        """Count, and keep what comes of it."""
        import sqlite3

        try:
            self._rows = sqlite_rows(self._path, max(0.1, self._remaining()))
        except (CheckError, sqlite3.Error) as error:
            self._error = error

    def rows(self) -> dict[str, int]:
        """Return the rows of every table, counted now unless they have been.

        Raises:
            CheckError, sqlite3.Error: as :func:`sqlite_rows`.
        """
        if self._rows is None and self._error is None:
            self.look()
        if self._rows is None:
            raise self._error or CheckError("sqlite_unreadable", path=self._path, first_message="")
        return self._rows


def rows_say_all(offer: Offer, depth: str) -> bool:
    """Tell whether all that is asked of an SQLite copy are its rows.

    Every page was checked before the manifest was written, and these are the same bytes.
    """
    return offer.item.type == "sqlite" and bool(offer.manifest and offer.item.itself.sha256) and depth == "quick"


def verify_item(
    offer: Offer,
    path: str,
    remaining: Callable[[], float],
    seen: Seen,
    depth: str = "quick",
    counted: Counted | None = None,
) -> None:
    """Open an item's database and compare it with the manifest.

    Args:
        offer: the item.
        path: of the copy to look at.
        remaining: seconds that are left.
        seen: where to note what was found.
        depth: ``full`` runs the whole check of SQLite; ``quick`` a lesser one, and none where a checksum says
            that these are the bytes that were checked before.
        counted: rows of the same file that were counted while it was copied.

    Raises:
        DamagedError: it is not whole, or holds other tables or rows than its manifest says.
    """
    item = offer.item
    if item.skipped:
        seen.unverified.append(f"{item.name}: {len(item.skipped)} special files are in no backup")
    if offer.manifest:
        seen.verified.append(f"{item.name}: checksums of {sum(1 for one in item.entries if one.sha256)} files")
    else:
        what = "checksums" if item.type == "files" else "checksums and rows"
        seen.unverified.append(f"{item.name}: {what}, the set has no manifest")
    if item.type == "sqlite":
        _sqlite(offer, path, remaining, seen, depth, counted or Counted(path, remaining))
    elif item.type == "duckdb":
        _duckdb(offer, path, remaining, seen)


def _sqlite(offer: Offer, path: str, remaining: Callable[[], float], seen: Seen, depth: str, counted: Counted) -> None:
    item = offer.item
    if rows_say_all(offer, depth):
        seen.verified.append(f"{item.name}: integrity, by the checksum of what was checked when the set was made")
        _compare(item, counted.rows(), seen)
        return
    found = inspect(path, depth=depth, foreign_keys=False, time_budget_seconds=max(0.1, remaining()))
    if found.verdict != "ok":
        raise DamagedError("{}: {}".format(item.name, "; ".join([found.verdict, *found.messages[:2]])))
    seen.verified.append(f"{item.name}: integrity ({depth}_check)")
    _compare(item, counted.rows(), seen)


def sqlite_rows(path: str, seconds: float) -> dict[str, int]:
    """Count the rows of every table of an SQLite database; nothing is written.

    Raises:
        CheckError: it cannot be read.
        sqlite3.Error: as SQLite says.
    """

    def count(connection: sqlite3.Connection) -> dict[str, int]:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0").fetchall()
        # A name cannot be a parameter; it is quoted, and comes from the database itself.
        questions = {str(name): ("SELECT COUNT(*) FROM", _quoted(str(name))) for (name,) in names}
        return {name: int(connection.execute(" ".join(one)).fetchone()[0]) for name, one in questions.items()}

    return read(path, seconds, _BUSY_SECONDS, count)


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _duckdb(offer: Offer, path: str, remaining: Callable[[], float], seen: Seen) -> None:
    item = offer.item
    if not offer.wanted.python:
        seen.unverified.append(f"{item.name}: integrity and rows, no interpreter with DuckDB is named")
        return
    from .duckdb_copy import survey

    try:
        tables = survey(offer.wanted.python, path, item.method or "copy", remaining)
    except CheckError as error:
        if error.state == "critical":
            raise DamagedError(f"{item.name}: {error.reason_id}") from None
        seen.unverified.append(f"{item.name}: integrity and rows, {error.reason_id}")
        return
    seen.verified.append(f"{item.name}: every column of every table was read")
    _compare(item, {name: table.rows for name, table in tables.items()}, seen)


def _compare(item: Item, rows: dict[str, int], seen: Seen) -> None:
    seen.rows[item.name] = rows
    wrong = rows_that_differ(item.tables, rows)
    if wrong:
        raise DamagedError("{}: {}".format(item.name, "; ".join(wrong[:5])))
    if item.tables:
        seen.verified.append(f"{item.name}: rows of {len(item.tables)} tables as in the manifest")


def rows_that_differ(tables: Mapping[str, Table], rows: Mapping[str, int]) -> list[str]:
    """Say which tables have other numbers of rows than a manifest counted."""
    counted = {name: table.rows for name, table in tables.items()}
    return [
        f"table {name} has {rows.get(name, 'no')} rows instead of {count}"
        for name, count in sorted(counted.items())
        if rows.get(name) != count
    ]
