# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at any set, at any age: what it holds, whether it is what it was, and how it stands against its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Sequence

from .backup_history import Against, compare
from .backup_items import ItemFault
from .backup_records import MANIFEST
from .backup_root import BackupError, FoundSet, list_sets
from .backup_verify import Verified, verify_set
from .errors import RunbooksError
from .set_lock import reading

NEWEST, OLDEST, ALL = "newest", "oldest", "all"
_SHOWN = 20


@dataclass(frozen=True)
class Looked:
    """One set that was looked at.

    Args:
        found: the set.
        problem: why it has no manifest that could be read; empty when it has.
        verified: what is wrong.
        against: how it stands against the sets before it.
    """

    found: FoundSet
    problem: str
    verified: Verified
    against: Against

    @property
    def state(self) -> str:
        """``whole``, ``damaged``, or ``not_checked`` when it could not all be looked at."""
        if self.problem or any(fault.certain for fault in self.verified.faults):
            return "damaged"
        return "not_checked" if self.verified.faults else "whole"


def choose(sets: Sequence[FoundSet], which: str) -> list[FoundSet]:
    """Return the sets that are asked for: by name, ``newest``, ``oldest`` or ``all``.

    Raises:
        BackupError: there is none of that name.
    """
    if which == ALL:
        return list(sets)
    if which in (NEWEST, OLDEST):
        return [sets[0] if which == NEWEST else sets[-1]]
    named = [one for one in sets if one.name == which]
    if not named:
        newest = ", ".join(one.name for one in sets[:5])
        raise BackupError(f"There is no set {which}", f"The newest are {newest}")
    return named


def look_at_sets(
    root: str,
    which: str,
    depth: str,
    history: int,
    name_format: str,
    timezone: str,
    remaining: Callable[[], float],
    python: str | None = None,
) -> list[Looked]:
    """Look at sets.

    Args:
        root: the directory that holds them.
        which: a name, ``newest``, ``oldest`` or ``all``.
        depth: one of ``backup_verify.DEPTHS``.
        history: how many earlier sets each is compared with.
        name_format: of their names.
        timezone: of the times in them.
        remaining: seconds that are left.
        python: interpreter with DuckDB.

    Raises:
        BackupError: the directory cannot be read, or has no set, or not that one.
    """
    sets = list_sets(root, name_format, timezone)
    if not sets:
        raise BackupError(f"{root} holds no backup set", "Make one with the procedure backup")
    looked = []
    for one in choose(sets, which):
        if one.manifest is None:
            problem = one.fault or f"{one.path} has no manifest: it was not made by this collection"
            looked.append(Looked(one, problem, Verified(), Against()))
            continue
        try:
            with reading(one.path):
                verified = verify_set(one.path, one.manifest, depth, remaining, python)
        except (RunbooksError, OSError) as error:
            looked.append(Looked(one, "", Verified([ItemFault(MANIFEST, "not_checked", str(error))]), Against()))
            continue
        older = sets[sets.index(one) + 1 :]
        earlier = [each.manifest for each in older if each.manifest is not None][:history]
        looked.append(Looked(one, "", verified, compare(one.manifest, earlier)))
    return looked


def shown(looked: Looked, now: float) -> dict[str, Any]:
    """Return what was seen of one set as plain values.

    Args:
        looked: the set.
        now: seconds since the epoch.
    """
    manifest = looked.found.manifest
    faults = [f"{one.item}: {one.fault.replace('_', ' ')} {one.detail}".rstrip() for one in looked.verified.faults]
    return {
        "name": looked.found.name,
        "path": looked.found.path,
        "state": looked.state,
        "age_seconds": round(now - looked.found.made, 1),
        "made": manifest.made if manifest else None,
        "bytes": manifest.bytes if manifest else None,
        "rows": sum(table.rows for item in manifest.items for table in item.tables.values()) if manifest else None,
        "faults": ([looked.problem] if looked.problem else []) + faults[:_SHOWN],
        "extra": looked.verified.extra[:_SHOWN],
        "read_bytes": looked.verified.read_bytes,
        "compared_sets": looked.against.compared_sets,
        "size_change_percent": looked.against.size_change_percent,
        "rows_change_percent": looked.against.rows_change_percent,
        "notes": looked.against.lines,
    }


def refusals(looked: Sequence[Looked], shrink_percent: float) -> list[str]:
    """Return why the sets cannot be relied on, one line each; none when they can.

    Args:
        looked: the sets.
        shrink_percent: a set, or a table in it, that became smaller by more than that is not relied on.
    """
    lines = []
    for one in looked:
        plain = shown(one, 0.0)
        if one.state != "whole":
            lines.append(f"{one.found.name} is {one.state.replace('_', ' ')}: " + "; ".join(plain["faults"][:3]))
            continue
        for what, change in (("its size", "size_change_percent"), ("a table", "rows_change_percent")):
            if plain[change] is not None and plain[change] < -shrink_percent:
                lines.append(f"{one.found.name}: {what} shrank by {-plain[change]} %: " + "; ".join(plain["notes"][:3]))
        if one.against.gone:
            lines.append(f"{one.found.name} lacks what the set before has: " + ", ".join(one.against.gone[:5]))
    return lines
