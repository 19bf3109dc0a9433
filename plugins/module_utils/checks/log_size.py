# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of log files (EST-14): the largest decides, because it is files that are rotated."""

from __future__ import annotations

import os
import stat
from typing import Any, Callable

from ..errors import CheckError
from ..file_tree import expand
from ..model import Observation
from ..probe import Context, unreadable

PARAMETERS = {
    "paths": {
        "type": "list",
        "elements": "path",
        "required": True,
        "description": "Files, globs, or directories whose own files count (not those further below).",
    },
}
METRICS = {"largest_bytes": "B", "total_bytes": "B", "files": "count"}
_SHOWN = 10
_MARGIN_SECONDS = 0.2


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Measure the log files; symbolic links are left out, because what they lead to is listed in its own place."""

    def out_of_time() -> bool:
        return context.remaining() < _MARGIN_SECONDS

    sizes: dict[str, int] = {}
    left_out: list[str] = []
    empty: list[str] = []
    for pattern in parameters["paths"]:
        seen = _seen(pattern, out_of_time)
        regular = {name: found.st_size for name, found in seen if stat.S_ISREG(found.st_mode)}
        left_out += [
            name for name, found in seen if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode)
        ]
        sizes.update(regular)
        empty += [] if regular else [pattern]
        if out_of_time():
            raise CheckError("listing_not_finished", path=pattern)
    return observe(sizes, left_out, parameters["paths"], empty)


def _seen(pattern: str, out_of_time: Callable[[], bool]) -> list[tuple[str, os.stat_result]]:
    try:
        paths = expand(pattern, out_of_time)
    except CheckError as fault:
        if fault.reason_id == "file_missing":
            return []
        raise
    return [entry for path in paths for entry in _files(path, named=path == pattern)]


def _files(path: str, named: bool) -> list[tuple[str, os.stat_result]]:
    try:
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode):
            return [(path, found)]
        if not named:
            return []
        with os.scandir(path) as listing:
            return [(entry.path, entry.stat(follow_symlinks=False)) for entry in listing]
    except FileNotFoundError:
        # Rotated away between the listing and the look, or a name in the profile that is not there yet.
        return []
    except OSError as error:
        raise unreadable(path, error) from None


def observe(
    sizes: dict[str, int], left_out: list[str], patterns: list[str], empty: list[str] | None = None
) -> Observation:
    """Turn the sizes of log files into figures.

    Args:
        sizes: bytes by path.
        left_out: what was found but is no regular file: links, sockets, FIFOs.
        patterns: what was asked for.
        empty: those of them that led to no file; they lower the coverage, which a profile may put a floor to.

    Raises:
        CheckError: ``log_files_missing`` when there is no file at all: an empty answer is not a small log.
    """
    evidence = [f"no file: {pattern}" for pattern in (empty or [])[:_SHOWN]]
    evidence += [f"not a regular file, not counted: {path}" for path in left_out[:_SHOWN]]
    if not sizes:
        raise CheckError("log_files_missing", evidence=evidence, paths=", ".join(patterns))
    biggest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]
    return Observation(
        value=biggest[0][1],
        metrics={"total_bytes": sum(sizes.values()), "files": len(sizes)},
        evidence=[f"{size} bytes: {path}" for path, size in biggest] + evidence,
        coverage=round(1 - len(empty) / len(patterns), 4) if empty else None,
    )
