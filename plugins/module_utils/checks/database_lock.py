# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``database_lock``: does one process keep all others from writing to an SQLite database (EST-27)?"""

from __future__ import annotations

import os
import stat
import time
from typing import Any, Sequence

from ..errors import CheckError
from ..model import Observation, Reason
from ..probe import Context, unreadable
from ..sqlite_writer import command_of, writer_of

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True, "description": "The database file."},
    "watch_seconds": {
        "type": "float",
        "default": 3.0,
        "description": "How long to watch; who holds the write lock all the time keeps the others out.",
    },
}
METRICS = {"held_percent": "%", "holders": "count"}
_PAUSE_SECONDS = 0.1
_RESERVE_SECONDS = 0.3


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Watch the write lock for a moment, again and again."""
    path = parameters["path"]
    try:
        kind_of_file = os.stat(path).st_mode
    except OSError as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(kind_of_file):
        raise CheckError("not_a_regular_file", path=path)
    until = time.monotonic() + min(parameters["watch_seconds"], max(0.0, context.remaining() - _RESERVE_SECONDS))
    begun = time.monotonic()
    seen: list[int | None] = []
    try:
        while not seen or time.monotonic() < until:
            seen.append(writer_of(path))
            time.sleep(_PAUSE_SECONDS)
    except OSError as error:
        raise unreadable(path, error) from None
    holders = {pid for pid in seen if pid is not None}
    return observe(path, seen, time.monotonic() - begun, {str(pid): command_of(pid) for pid in holders})


def observe(path: str, seen: Sequence[int | None], seconds: float, commands: dict[str, str]) -> Observation:
    """Turn what was seen into an Observation.

    Args:
        path: the database file.
        seen: who held the write lock, one entry per look; None for nobody, 0 for somebody unknown.
        seconds: how long it was watched.
        commands: command lines by process id.
    """
    holders = [pid for pid in seen if pid is not None]
    names = sorted(set(holders))
    most = max(names, key=holders.count) if names else 0
    share = 100.0 * holders.count(most) / len(seen) if names else 0.0
    locked = len(seen) > 1 and share == 100.0
    fields = {"path": path, "pid": most, "command": commands.get(str(most), "")[:120], "seconds": round(seconds, 1)}
    return Observation(
        value=round(share, 1),
        state="critical" if locked else "ok",
        reason=Reason("database_write_locked", fields) if locked else None,
        metrics={"holders": len(names)},
        evidence=["pid {}: {}".format(pid, commands.get(str(pid)) or "gone or not to be seen") for pid in names],
    )
