# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a process that lives also at work? Two looks at its processor time, its I/O and its logs (AIMO-05)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .errors import CheckError
from .file_tree import expand
from .process_identity import ProcessIdentity, descendants, identify

#: Timers and garbage collection take less of a processor than this; work takes more.
IDLE_SHARE = 0.01


@dataclass(frozen=True)
class Footprint:
    """What a process and all it started have done so far.

    Args:
        processes: who they are.
        cpu_seconds: processor time of all of them; None when it cannot be read.
        io_bytes: characters read and written; None when they cannot be read.
        logs: path, size and time of the last change of each log.
    """

    processes: tuple[ProcessIdentity, ...]
    cpu_seconds: float | None
    io_bytes: int | None
    logs: tuple[tuple[str, int, int], ...]

    def facts(self) -> dict[str, Any]:
        """Return what :func:`progress_of` compares."""
        return {
            "processes": [[one.pid, one.started_ticks] for one in self.processes],
            "cpu_seconds": self.cpu_seconds,
            "io_bytes": self.io_bytes,
            "logs": [list(one) for one in self.logs],
        }


def footprint(pid: int, log_patterns: Sequence[str]) -> Footprint:
    """Look at a process and what it started.

    Args:
        pid: of the process.
        log_patterns: files and globs that grow while it works.
    """
    found = [one for one in (identify(each) for each in (pid, *descendants(pid))) if one is not None]
    cpu: float | None = 0.0
    io: int | None = 0
    for one in found:
        seconds, characters = _cpu_seconds(one.pid), _io_bytes(one.pid)
        cpu = None if cpu is None or seconds is None else cpu + seconds
        io = None if io is None or characters is None else io + characters
    return Footprint(tuple(found), cpu if found else None, io if found else None, _logs(log_patterns))


def progress_of(before: Mapping[str, Any], after: Mapping[str, Any], window_seconds: float) -> str:
    """Say whether anything happened between two looks; pure.

    Args:
        before: facts of the first :class:`Footprint`.
        after: facts of the second one.
        window_seconds: between them.

    Returns:
        ``working`` with any sign of work, ``idle`` without one, ``unknown`` when not everything could be seen.
    """
    if before["processes"] != after["processes"]:
        return "working" if after["processes"] else "unknown"
    if before["logs"] != after["logs"]:
        return "working"
    known = True
    for key, idle in (("cpu_seconds", IDLE_SHARE * window_seconds), ("io_bytes", 0)):
        if before[key] is None or after[key] is None:
            known = False
        elif after[key] - before[key] > idle:
            return "working"
    return "idle" if known and before["processes"] else "unknown"


def _cpu_seconds(pid: int) -> float | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _io_bytes(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/io", "rb") as file:
            values = dict(line.split(b":", 1) for line in file.read().splitlines())
        return int(values[b"rchar"]) + int(values[b"wchar"])
    except (OSError, ValueError, KeyError):
        return None


def _logs(patterns: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    found = []
    for pattern in patterns:
        try:
            paths = expand(pattern, lambda: False)
        except CheckError:
            # No directory, no log: nothing that could have grown.
            continue
        for path in paths:
            try:
                status = os.stat(path)
            except OSError:
                continue
            found.append((path, status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))
