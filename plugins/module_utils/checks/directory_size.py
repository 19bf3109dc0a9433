# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much some directories hold (SBX-17), without following links or leaving their file systems."""

from __future__ import annotations

from typing import Any

from ..file_tree import Tree, measure
from ..model import OK, UNKNOWN, Observation, Reason
from ..probe import Context

PARAMETERS = {
    "paths": {
        "type": "list",
        "elements": "path",
        "required": True,
        "description": "Directories (or files) to add up.",
    },
}
METRICS = {"size_bytes": "B", "allocated_bytes": "B", "files": "count"}
_MARGIN_SECONDS = 0.2


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Add up the directories until the time is nearly over."""
    found: list[tuple[str, Tree]] = []
    for path in parameters["paths"]:
        found.append((path, measure(path, lambda: context.remaining() < _MARGIN_SECONDS)))
    return observe(found)


def observe(found: list[tuple[str, Tree]]) -> Observation:
    """Turn the sums of several trees into figures; what could not be counted makes them unknown, never smaller."""
    size = sum(tree.size_bytes for _path, tree in found)
    files = sum(tree.files for _path, tree in found)
    unread = sum(tree.unreadable for _path, tree in found)
    read = sum(tree.directories for _path, tree in found)
    unfinished = [path for path, tree in found if not tree.finished]
    state, reason = OK, None
    if unfinished:
        state = UNKNOWN
        reason = Reason("directory_size_unfinished", {"path": unfinished[0], "size_bytes": size, "files": files})
    elif unread:
        first = next(tree.unreadable_paths[0] for _path, tree in found if tree.unreadable_paths)
        state, reason = UNKNOWN, Reason("directory_size_partly_unreadable", {"directories": unread, "path": first})
    evidence = [f"{tree.size_bytes} bytes in {tree.files} files: {path}" for path, tree in found]
    for _path, tree in found:
        evidence.extend(f"not readable: {path}" for path in tree.unreadable_paths)
    return Observation(
        value=size,
        state=state,
        reason=reason,
        metrics={"allocated_bytes": sum(tree.allocated_bytes for _path, tree in found), "files": files},
        evidence=evidence,
        coverage=round(read / (read + unread), 4) if unread else None,
    )
