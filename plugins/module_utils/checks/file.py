# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file or a directory is there, how old and how large it is."""

from __future__ import annotations

import os
import stat
from typing import Any

from ..model import CRITICAL, OK, UNKNOWN, Observation, Reason
from ..probe import Context, unreadable

PARAMETERS = {
    "path": {"type": "path", "required": True, "description": "The file or directory; a symbolic link is followed."},
    "kind_of_file": {
        "type": "str",
        "choices": ["file", "directory"],
        "default": "file",
        "description": "What must be there; another kind is critical.",
    },
    "must_exist": {
        "type": "bool",
        "default": True,
        "description": "Whether a missing file is critical. Ask no level of a file that may be missing: it has no age.",
    },
}
METRICS = {"age_seconds": "s", "size_bytes": "B", "age_days": "days"}
_CLOCK_TOLERANCE_SECONDS = 60
_DAY_SECONDS = 86400


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Look at one file without opening it."""
    path = parameters["path"]
    try:
        found = os.stat(path)
    except FileNotFoundError as error:
        if not parameters["must_exist"]:
            return Observation(reason=Reason("file_absent", {"path": path}))
        raise unreadable(path, error) from None
    except OSError as error:
        raise unreadable(path, error) from None
    return observe(path, parameters["kind_of_file"], found.st_mode, found.st_size, found.st_mtime, context.now)


def observe(path: str, expected: str, mode: int, size_bytes: int, modified: float, now: float) -> Observation:
    """Turn what ``stat`` says into figures.

    Args:
        path: the file, for the reason.
        expected: ``file`` or ``directory``.
        mode: ``st_mode``.
        size_bytes: ``st_size``.
        modified: time of the last change, seconds since the epoch.
        now: seconds since the epoch.
    """
    state, reason = OK, None
    right = stat.S_ISDIR(mode) if expected == "directory" else stat.S_ISREG(mode)
    age = now - modified
    if not right:
        state, reason = CRITICAL, Reason("file_wrong_kind", {"path": path, "expected": expected})
    elif age < -_CLOCK_TOLERANCE_SECONDS:
        # "Not older than" would hold for ever: a clock is wrong, so the age is not known.
        state, reason = UNKNOWN, Reason("file_from_the_future", {"path": path, "ahead": round(-age)})
    return Observation(
        value=round(age, 1),
        state=state,
        reason=reason,
        metrics={"size_bytes": size_bytes, "age_days": round(age / _DAY_SECONDS, 2)},
    )
