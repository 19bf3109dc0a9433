# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where something is mounted: what is removed never lies behind a mount, not even one of the same file system."""

from __future__ import annotations

import os
import re
from typing import Collection

from .probe import unreadable

_MOUNTS = "/proc/self/mountinfo"
_OCTAL = re.compile(r"\\([0-7]{3})")


def mount_points() -> frozenset[str]:
    """Return all of them. A bind mount has the device of its source, so that the device alone does not tell.

    Raises:
        CheckError: the kernel does not say, and then nothing is known.
    """
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            return points_in(file.read())
    except OSError as error:
        raise unreadable(_MOUNTS, error) from None


def points_in(text: str) -> frozenset[str]:
    """Return the mount points that a mountinfo file names; pure."""
    lines = (line.split(" ") for line in text.splitlines())
    return frozenset(
        _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), fields[4]) for fields in lines if len(fields) > 4
    )


def lies_behind(path: str, points: Collection[str]) -> bool:
    """Tell whether a path is a mount point or has one below it; pure.

    Args:
        path: absolute, without links.
        points: from :func:`mount_points`.
    """
    return any(point == path or point.startswith(path.rstrip("/") + "/") for point in points)


def strays(pattern: str, path: str, points: Collection[str]) -> bool:
    """Tell whether a glob led through a link or over a mount point: what a wildcard finds may have been planted.

    Args:
        pattern: the glob.
        path: that it led to.
        points: from :func:`mount_points`.
    """
    parts, signs = os.path.normpath(path).split("/"), os.path.normpath(pattern).split("/")
    first = next((number for number, part in enumerate(signs) if any(sign in part for sign in "*?[")), len(signs))
    if not first < len(parts) == len(signs):
        return False
    folders = ["/".join(parts[: number + 1]) for number in range(first, len(parts) - 1)]
    above = os.path.realpath("/".join(parts[:first]) or "/")
    return any(os.path.islink(folder) for folder in folders) or any(
        os.path.join(above, *parts[first : number + 1]) in points for number in range(first, len(parts))
    )
