# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether files that are delivered are whole: size and time of change stay as they are for a while (AIMO-11).

A file is settled when its last change is as long ago as the window, and nothing changes between two looks at it, which
catches programs that copy a file with its old time. Waiting a whole window in each look would cost a minute and say no
more, because every write sets the time of change.
"""

from __future__ import annotations

import time
from typing import Any, Sequence

from ..delivered_files import Delivered, delivered, look_at
from ..model import OK, UNKNOWN, Observation, Reason
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "list", "elements": "path", "required": True, "description": "Files or globs."},
    "window_seconds": {"type": "float", "default": 60.0, "description": "How long a file has to be unchanged."},
    "sample_seconds": {"type": "float", "default": 0.5, "description": "Time between the two looks."},
    "maximum_files": {"type": "int", "default": 50, "description": "How many of the newest files are looked at."},
}
METRICS = {"unsettled_files": "count", "files": "count", "unchanged_seconds": "s", "size_bytes": "B"}
_CLOCK_TOLERANCE_SECONDS = 60


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Look at the newest files twice.

    Raises:
        CheckError: as :func:`delivered_files.delivered`.
    """
    first = delivered(parameters["path"], parameters["maximum_files"], context)
    if first:
        time.sleep(max(0.0, min(parameters["sample_seconds"], context.remaining() / 2)))
    pairs = [(file, look_at(file.path)) for file in first]
    return observe(pairs, parameters["window_seconds"], context.now)


def observe(pairs: Sequence[tuple[Delivered, Delivered | None]], window_seconds: float, now: float) -> Observation:
    """Judge two looks; pure.

    Args:
        pairs: each file as it was first and as it was later; None when it was gone by then.
        window_seconds: how long a file has to be unchanged.
        now: seconds since the epoch, of the first look.
    """
    if not pairs:
        return Observation(value=0, reason=Reason("no_delivered_files", {}), metrics={"files": 0})
    here = [(before, after) for before, after in pairs if after is not None]
    unsettled = []
    for before, after in here:
        if after != before:
            unsettled.append(f"{after.path}: changing, {before.size_bytes} then {after.size_bytes} bytes")
        elif now - after.modified < window_seconds:
            unsettled.append(
                f"{after.path}: changed {max(0.0, now - after.modified):.0f} s ago, {after.size_bytes} bytes"
            )
    ahead = max((after.modified - now for _before, after in here), default=0.0)
    state, reason = OK, None
    if ahead > _CLOCK_TOLERANCE_SECONDS:
        newest = max(here, key=lambda pair: pair[1].modified)[1]
        state, reason = UNKNOWN, Reason("file_from_the_future", {"path": newest.path, "ahead": round(ahead)})
    ages = [now - after.modified for _before, after in here]
    return Observation(
        value=len(unsettled),
        state=state,
        reason=reason,
        metrics={
            "files": len(here),
            "unchanged_seconds": round(min(ages), 1) if ages else None,
            "size_bytes": sum(after.size_bytes for _before, after in here),
        },
        evidence=unsettled[:20],
    )
