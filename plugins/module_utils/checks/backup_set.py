# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether there is a recent, whole backup set, and whether its size is plausible (EST-11).

Sets are recognised and ordered by their names alone: the modification time of a directory changes whenever somebody
puts a file into it.
"""

from __future__ import annotations

from typing import Any

from ..backup_items import ITEM_TYPES, BackupSet, ItemFault, faults_of, find_sets
from ..errors import CheckError
from ..file_tree import measure
from ..model import CRITICAL, OK, UNKNOWN, Observation, Reason
from ..probe import Context

PARAMETERS = {
    "root": {"type": "path", "required": True, "description": "Directory that holds the sets."},
    "name_pattern": {
        "type": "str",
        "default": r"^\d{8}_\d{6}$",
        "description": "Regular expression that the whole name of a set matches.",
    },
    "name_format": {
        "type": "str",
        "default": "%Y%m%d_%H%M%S",
        "description": "How the name says when the set was made, in the system's time zone.",
    },
    "items": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True, "description": "Path of the item within a set."},
            "type": {
                "type": "str",
                "choices": list(ITEM_TYPES),
                "default": "file",
                "description": "sqlite is opened read-only and checked as well.",
            },
            "minimum_bytes": {
                "type": "int",
                "description": "Smallest size that is plausible; 1 for files unless given.",
            },
        },
        "description": "What a whole set holds.",
    },
    "history": {"type": "int", "default": 7, "description": "How many earlier whole sets the size is compared with."},
}
METRICS = {
    "age_seconds": "s",
    "sets": "count",
    "size_bytes": "B",
    "size_change_percent": "%",
    "compared_sets": "count",
    "newest_age_seconds": "s",
}
_REASONS = {
    "missing": "backup_item_missing",
    "wrong_kind": "backup_item_wrong_kind",
    "too_small": "backup_item_too_small",
    "damaged": "backup_item_damaged",
    "not_checked": "backup_item_not_checked",
}
_CLOCK_TOLERANCE_SECONDS = 300
_MARGIN_SECONDS = 0.3
_SHOWN = 5


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Look at the sets below the root, newest first, until a whole one and enough of its history are found."""
    root, items = parameters["root"], parameters["items"]
    sets, strange = find_sets(root, parameters["name_pattern"], parameters["name_format"], context.timezone)
    if not sets:
        raise CheckError("backup_no_set", state=CRITICAL, evidence=strange[:_SHOWN], path=root)
    newest_faults: list[ItemFault] = faults_of(sets[0].path, items, context.remaining, integrity=True)
    whole: BackupSet | None = None if newest_faults else sets[0]
    rest = sets[1:]
    while whole is None and rest and context.remaining() > _MARGIN_SECONDS:
        candidate, rest = rest[0], rest[1:]
        if not faults_of(candidate.path, items, context.remaining, integrity=True):
            whole = candidate
    sizes: list[int] = []
    size = _size(whole, context) if whole else None
    for earlier in rest if whole else []:
        if len(sizes) >= parameters["history"] or context.remaining() <= _MARGIN_SECONDS:
            break
        if not faults_of(earlier.path, items, context.remaining, integrity=False):
            earlier_size = _size(earlier, context)
            sizes += [] if earlier_size is None else [earlier_size]
    return observe(sets, newest_faults, whole, size, sizes, strange, context.now)


def _size(backup: BackupSet, context: Context) -> int | None:
    try:
        tree = measure(backup.path, lambda: context.remaining() <= _MARGIN_SECONDS)
    except CheckError:
        return None
    return tree.size_bytes if tree.finished and not tree.unreadable else None


def observe(
    sets: list[BackupSet],
    newest_faults: list[ItemFault],
    whole: BackupSet | None,
    size: int | None,
    earlier_sizes: list[int],
    strange: list[str],
    now: float,
) -> Observation:
    """Turn what was found into figures.

    Args:
        sets: all sets, newest first.
        newest_faults: what the newest set lacks.
        whole: the newest set that lacks nothing.
        size: its bytes; None when they could not all be counted.
        earlier_sizes: bytes of whole sets before it.
        strange: names that look like sets and are none.
        now: seconds since the epoch.
    """
    newest = sets[0]
    state, reason = _judge(newest, newest_faults, whole, now)
    usual = _median(earlier_sizes)
    change = round(100.0 * (size - usual) / usual, 1) if size is not None and usual else None
    evidence = [f"{newest.name}/{fault.item}: {fault.fault} {fault.detail}".rstrip() for fault in newest_faults]
    if whole is not None:
        evidence.append(f"newest whole set: {whole.name}, {'size not counted' if size is None else f'{size} bytes'}")
    if usual is not None:
        evidence.append(f"median of {len(earlier_sizes)} earlier sets: {round(usual)} bytes")
    evidence += [f"left out: {line}" for line in strange[:_SHOWN]]
    return Observation(
        value=None if whole is None else round(now - whole.made, 1),
        state=state,
        reason=reason,
        metrics={
            "sets": len(sets),
            "size_bytes": size,
            "size_change_percent": change,
            "compared_sets": len(earlier_sizes),
            "newest_age_seconds": round(now - newest.made, 1),
        },
        evidence=evidence,
        source=None if whole is None else whole.path,
    )


def _judge(
    newest: BackupSet, faults: list[ItemFault], whole: BackupSet | None, now: float
) -> tuple[str, Reason | None]:
    if not faults:
        ahead = round(newest.made - now)
        if ahead > _CLOCK_TOLERANCE_SECONDS:
            return UNKNOWN, Reason("backup_from_the_future", {"set": newest.name, "ahead": ahead})
        return OK, None
    certain = [fault for fault in faults if fault.certain]
    state = CRITICAL if certain else UNKNOWN
    named = certain or faults
    fields = {
        "set": newest.name,
        "item": ", ".join(fault.item for fault in named),
        "older": "-" if whole is None else whole.name,
    }
    kinds = {fault.fault for fault in named}
    return state, Reason(_REASONS[kinds.pop()] if len(kinds) == 1 else "backup_items_bad", fields)


def _median(numbers: list[int]) -> float | None:
    if not numbers:
        return None
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
