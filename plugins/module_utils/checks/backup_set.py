# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether there is a recent, whole backup set, and whether its size is plausible (EST-11).

Sets are recognised and ordered by their names alone: the modification time of a directory changes whenever somebody
puts a file into it. Where a set has a manifest, it is compared with it, and with the sets before it: a backup of an
application that has lost its data is whole.
"""

from __future__ import annotations

from typing import Any

from ..backup_history import Against, compare
from ..backup_items import ITEM_TYPES, BackupSet, ItemFault, faults_of, find_sets
from ..backup_manifest import has_manifest, read_manifest
from ..backup_records import MANIFEST, Manifest, ManifestError
from ..backup_verify import verify_set
from ..errors import CheckError
from ..file_tree import measure
from ..model import CRITICAL, OK, UNKNOWN, WARNING, Observation, Reason
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
    "rows_change_percent": "%",
    "shrunk_tables": "count",
    "schema_changes": "count",
}
_REASONS = {
    "missing": "backup_item_missing",
    "wrong_kind": "backup_item_wrong_kind",
    "too_small": "backup_item_too_small",
    "changed": "backup_item_changed",
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
    newest_faults: list[ItemFault] = _faults(sets[0], items, context, integrity=True)
    whole: BackupSet | None = None if newest_faults else sets[0]
    rest = sets[1:]
    while whole is None and rest and context.remaining() > _MARGIN_SECONDS:
        candidate, rest = rest[0], rest[1:]
        if not _faults(candidate, items, context, integrity=True):
            whole = candidate
    sizes: list[int] = []
    size = _size(whole, context) if whole else None
    for earlier in rest if whole else []:
        if len(sizes) >= parameters["history"] or context.remaining() <= _MARGIN_SECONDS:
            break
        if not _faults(earlier, items, context, integrity=False):
            earlier_size = _size(earlier, context)
            sizes += [] if earlier_size is None else [earlier_size]
    against = _against(whole, rest, parameters["history"])
    return observe(sets, newest_faults, whole, size, sizes, strange, context.now, against)


def _faults(backup: BackupSet, items: list[dict[str, Any]], context: Context, integrity: bool) -> list[ItemFault]:
    """Return what a set lacks: by its manifest where it has one, and by what the profile asks of every set."""
    found: list[ItemFault] = []
    if has_manifest(backup.path):
        try:
            found = verify_set(backup.path, read_manifest(backup.path), "contents", context.remaining).faults
        except ManifestError as error:
            found = [ItemFault(MANIFEST, "damaged", error.message)]
    named = {fault.item for fault in found}
    asked = faults_of(backup.path, items, context.remaining, integrity)
    return found + [fault for fault in asked if fault.item not in named]


def _against(whole: BackupSet | None, earlier: list[BackupSet], history: int) -> Against:
    current = None if whole is None else _manifest(whole)
    if current is None:
        return Against()
    known = [manifest for manifest in map(_manifest, earlier[:history]) if manifest is not None]
    return compare(current, known)


def _manifest(backup: BackupSet) -> Manifest | None:
    try:
        return read_manifest(backup.path)
    except ManifestError:
        return None


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
    against: Against | None = None,
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
        against: the newest whole set against those before it, by their manifests.
    """
    newest, against = sets[0], against or Against()
    state, reason = _judge(newest, newest_faults, whole, now)
    if state == OK and against.gone and whole is not None:
        state, reason = WARNING, Reason("backup_content_gone", {"set": whole.name, "gone": ", ".join(against.gone)})
    usual = _median(earlier_sizes)
    change = round(100.0 * (size - usual) / usual, 1) if size is not None and usual else None
    evidence = [f"{newest.name}/{fault.item}: {fault.fault} {fault.detail}".rstrip() for fault in newest_faults]
    if whole is not None:
        evidence.append(f"newest whole set: {whole.name}, {'size not counted' if size is None else f'{size} bytes'}")
    if usual is not None:
        evidence.append(f"median of {len(earlier_sizes)} earlier sets: {round(usual)} bytes")
    evidence += against.lines[:_SHOWN]
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
            "rows_change_percent": against.rows_change_percent,
            "shrunk_tables": len(against.shrunk) if against.compared_sets else None,
            "schema_changes": len(against.schema_changed) if against.compared_sets else None,
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
