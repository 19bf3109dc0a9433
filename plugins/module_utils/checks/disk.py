# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full a file system is, in bytes and in inodes, as ``df`` computes it (EST-03, SBX-17)."""

from __future__ import annotations

import os
import re
from typing import Any

from ..errors import CheckError
from ..model import Observation
from ..probe import Context, unreadable

PARAMETERS = {
    "path": {"type": "path", "required": True, "description": "Any path on the file system to look at."},
}
METRICS = {
    "used_percent": "%",
    "inodes_percent": "%",
    "free_bytes": "B",
    "used_bytes": "B",
    "size_bytes": "B",
    "read_only": "",
}
_OCTAL = re.compile(r"\\([0-7]{3})")


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Look at the file system that holds a path."""
    path = parameters["path"]
    try:
        figures = os.statvfs(path)
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as stream:
            mount = mount_of(os.path.realpath(path), stream.read())
    except OSError:
        mount = None
    return observe(
        path,
        block_bytes=figures.f_frsize,
        blocks=figures.f_blocks,
        free_blocks=figures.f_bfree,
        available_blocks=figures.f_bavail,
        inodes=figures.f_files,
        free_inodes=figures.f_ffree,
        read_only=bool(figures.f_flag & os.ST_RDONLY),
        mount=mount,
    )


def observe(
    path: str,
    block_bytes: int,
    blocks: int,
    free_blocks: int,
    available_blocks: int,
    inodes: int,
    free_inodes: int,
    read_only: bool,
    mount: tuple[str, str, str] | None,
) -> Observation:
    """Turn the counters of ``statvfs`` into figures.

    Blocks that are kept for root count neither as used nor as available, which is why the percentage is not that of
    the size.

    Args:
        path: what was asked for.
        block_bytes: size of one block.
        blocks: all blocks.
        free_blocks: blocks that root may still use.
        available_blocks: blocks that others may still use.
        inodes: all inodes; 0 on a file system that has no limit.
        free_inodes: inodes that are left.
        read_only: the file system does not take writes at the moment.
        mount: device, mount point and type, when they are known.

    Raises:
        CheckError: ``disk_without_size`` for a file system that stores nothing, such as /proc.
    """
    used = blocks - free_blocks
    if used + available_blocks <= 0:
        raise CheckError("disk_without_size", path=path)
    where = "{} on {} ({})".format(*mount) if mount else path
    used_bytes, size_bytes, free_bytes = used * block_bytes, blocks * block_bytes, available_blocks * block_bytes
    evidence = [f"{where}: {used_bytes} of {size_bytes} bytes used, {free_bytes} available"]
    if inodes:
        evidence.append(f"{inodes - free_inodes} of {inodes} inodes used")
    else:
        evidence.append("this file system has no limit of inodes")
    if read_only:
        evidence.append("mounted read-only")
    return Observation(
        value=round(100.0 * used / (used + available_blocks), 2),
        metrics={
            "inodes_percent": round(100.0 * (inodes - free_inodes) / inodes, 2) if inodes else 0.0,
            "free_bytes": free_bytes,
            "used_bytes": used_bytes,
            "size_bytes": size_bytes,
            "read_only": int(read_only),
        },
        evidence=evidence,
        source=mount[1] if mount else None,
    )


def mount_of(path: str, mounts: str) -> tuple[str, str, str] | None:
    """Return device, mount point and type of the mount that holds an absolute path.

    Args:
        path: absolute, without symbolic links.
        mounts: text of ``/proc/self/mounts``; the last mount on a point hides the earlier ones.
    """
    found: tuple[str, str, str] | None = None
    for line in mounts.splitlines():
        fields = [_OCTAL.sub(lambda match: chr(int(match.group(1), 8)), field) for field in line.split(" ")]
        if len(fields) < 3:
            continue
        point = fields[1]
        holds = path == point or path.startswith(point.rstrip("/") + "/")
        if holds and (found is None or len(point) >= len(found[1])):
            found = (fields[0], point, fields[2])
    return found
