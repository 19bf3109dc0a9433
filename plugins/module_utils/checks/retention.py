# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that have been kept long enough and wait for compression or deletion (DIY-08, DIY-22, EST-04, AIMO-21)."""

from __future__ import annotations

from typing import Any, Mapping

from ..model import Observation
from ..open_handles import handles_of
from ..probe import Context
from ..retention import COMPRESS, DELETE, Due, list_files, parse_roots, plan
from ..zones import zone

PARAMETERS: dict[str, dict[str, Any]] = {
    "roots": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "description": "Folders: path, and pattern, delete_after_days, compress_after_days, age_from (mtime or name), "
        "keep_newest, or several of these under classes; recursive, keep_names.",
    },
}
METRICS = {
    "due_files": "count",
    "due_bytes": "B",
    "delete_files": "count",
    "delete_bytes": "B",
    "compress_files": "count",
    "compress_bytes": "B",
    "in_use_files": "count",
    "oldest_days": "days",
}


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Return what is due now; what is open somewhere is not.

    Raises:
        CheckError: ``file_missing``, ``permission_denied``, ``not_a_directory`` or ``timezone_unknown``.
        ProfileError: a root cannot be used.
    """
    there = zone(context.timezone)
    due: list[Due] = []
    skipped: list[str] = []
    for root in parse_roots(parameters["roots"]):
        listing = list_files(root)
        due += plan(root, listing.files, context.now, there)
        skipped += listing.skipped
    handles = handles_of({one.identity for one in due})
    return observe([one for one in due if one.identity not in handles.holders], len(handles.holders), skipped)


def observe(due: list[Due], in_use: int, skipped: list[str]) -> Observation:
    """Turn a plan into an Observation; pure."""
    parts = {action: [one for one in due if one.action == action] for action in (DELETE, COMPRESS)}
    size = sum(one.size_bytes for one in due)
    evidence = [
        f"{one.action}: {one.path} ({one.class_name}, {int(one.age_days)} days, {one.size_bytes} bytes)" for one in due
    ]
    evidence += [f"left alone, not a regular file of this file system: {path}" for path in skipped]
    return Observation(
        value=len(due),
        metrics={
            "due_files": len(due),
            "due_bytes": size,
            "delete_files": len(parts[DELETE]),
            "delete_bytes": sum(one.size_bytes for one in parts[DELETE]),
            "compress_files": len(parts[COMPRESS]),
            "compress_bytes": sum(one.size_bytes for one in parts[COMPRESS]),
            "in_use_files": in_use,
            "oldest_days": round(max(one.age_days for one in due), 1) if due else None,
        },
        evidence=evidence,
    )
