# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a damaged SQLite database, table by table."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class TableReport:
    """What became of a table.

    Attributes:
        rows: recovered.
        rows_from_orphans: those of them that no page led to any more.
        rows_doubtful: those of them with a page of zeros, which may be what they hold or what was left of it.
        rows_refused: recovered, but against the table's own constraints: kept in the lost and found.
        rows_lost: rows that are known to be lost.
        more_lost: whether more may be lost, which nobody can count.
        broken_pages: places that should lead to pages of the table and do not.
        damaged_rows: rows of which only parts were left.
    """

    rows: int = 0
    rows_from_orphans: int = 0
    rows_doubtful: int = 0
    rows_refused: int = 0
    rows_lost: int = 0
    more_lost: bool = False
    broken_pages: int = 0
    damaged_rows: int = 0


@dataclass
class Report:
    """What became of a database.

    Attributes:
        tables: name to what became of it.
        rows: recovered, those of the lost and found not counted.
        lost_and_found: rows that belong to no table that is known, or that their table refused.
        tables_without_schema: trees of rows whose table nobody knows any more.
        schema_from: where the schema was read: ``database``, ``other`` or ``none``.
        not_created: objects that could not be made anew, with the reason.
        pages: of the database.
        free_pages: those in the list of free pages.
        notes: what was seen of the file and its sidecars.
        seconds: how long it took.
    """

    tables: dict[str, TableReport] = field(default_factory=dict)
    rows: int = 0
    lost_and_found: int = 0
    tables_without_schema: int = 0
    schema_from: str = "database"
    not_created: dict[str, str] = field(default_factory=dict)
    pages: int = 0
    free_pages: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether nothing is known or feared to be lost."""
        lost = any(
            one.rows_lost or one.more_lost or one.rows_refused or one.rows_doubtful for one in self.tables.values()
        )
        return not lost and not self.tables_without_schema and not self.not_created and self.schema_from == "database"
