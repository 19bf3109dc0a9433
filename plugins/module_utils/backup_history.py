# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set against those before it: what became smaller, what is gone, which schema changed. Pure (EST-11).

A backup of an application that has lost its data is whole; only its history tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Sequence

from .backup_records import Item, Manifest

_SHOWN = 10


@dataclass
class Against:
    """What a comparison found; percentages are those of the change, negative where something shrank.

    Args:
        compared_sets: how many earlier sets there are to compare with.
        size_change_percent: of the whole set against the median of the earlier ones.
        rows_change_percent: of the table that shrank most, against the set just before; None without tables.
        shrunk: item and table, with both figures.
        gone: items and tables that the set before had.
        schema_changed: tables whose definition is another.
        stale: items whose newest row is older than in the set before.
    """

    compared_sets: int = 0
    size_change_percent: float | None = None
    rows_change_percent: float | None = None
    shrunk: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    schema_changed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """Return what stands out, for people."""
        named = (
            ("fewer rows", self.shrunk),
            ("gone", self.gone),
            ("other schema", self.schema_changed),
            ("newest row is older", self.stale),
        )
        return [f"{what}: {one}" for what, found in named for one in found[:_SHOWN]]


def compare(current: Manifest, earlier: Sequence[Manifest]) -> Against:
    """Compare a set with earlier ones.

    Args:
        current: its manifest.
        earlier: those of the sets before it, newest first.
    """
    found = Against(compared_sets=len(earlier))
    if not earlier:
        return found
    usual = median([one.bytes for one in earlier])
    if usual:
        found.size_change_percent = round(100.0 * (current.bytes - usual) / usual, 1)
    before = {item.name: item for item in earlier[0].items}
    now = {item.name: item for item in current.items}
    found.gone += [name for name in before if name not in now]
    for name, item in now.items():
        if name in before:
            _compare_tables(found, before[name], item)
    return found


def _compare_tables(found: Against, before: Item, now: Item) -> None:
    for name, table in before.tables.items():
        shown = f"{now.name} {name}"
        current = now.tables.get(name)
        if current is None:
            found.gone.append(shown)
            continue
        if current.schema_sha256 != table.schema_sha256:
            found.schema_changed.append(shown)
        if current.rows < table.rows:
            found.shrunk.append(f"{shown} ({table.rows} to {current.rows})")
        if table.newest is not None and (current.newest is None or current.newest < table.newest):
            found.stale.append(f"{shown} ({table.newest} to {current.newest})")
        if table.rows:
            change = round(100.0 * (current.rows - table.rows) / table.rows, 1)
            worst = found.rows_change_percent
            found.rows_change_percent = change if worst is None else min(worst, change)


def median(numbers: Sequence[float]) -> float | None:
    """Return the middle of some numbers; None of none."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
