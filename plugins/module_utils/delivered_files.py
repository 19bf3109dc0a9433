# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that others deliver: the newest of those that globs name."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from glob import iglob
from typing import Sequence

from .errors import CheckError
from .probe import Context, unreadable

_PATHS_AT_MOST = 20000


@dataclass(frozen=True)
class Delivered:
    """A regular file as ``stat`` sees it.

    Args:
        path: where it is.
        size_bytes: its length.
        modified: time of the last change, seconds since the epoch.
    """

    path: str
    size_bytes: int
    modified: float


def delivered(globs: Sequence[str], at_most: int, context: Context) -> list[Delivered]:
    """Return the newest files, the newest first; what is no regular file is none.

    Args:
        globs: file names with wildcards.
        at_most: how many.
        context: bounds the time.

    Raises:
        CheckError: ``permission_denied`` for a directory that must not be listed, ``delivered_files_too_many``.
    """
    found: dict[str, Delivered] = {}
    for pattern in globs:
        _require_listable(pattern)
        for path in iglob(pattern, recursive=True):
            if len(found) >= _PATHS_AT_MOST or context.remaining() <= 0:
                raise CheckError("delivered_files_too_many", path=pattern, files=len(found))
            look = look_at(path)
            if look is not None:
                found[path] = look
    return sorted(found.values(), key=lambda file: (-file.modified, file.path))[:at_most]


def look_at(path: str) -> Delivered | None:
    """Return a file, or None when it is gone or none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return Delivered(path, status.st_size, status.st_mtime) if stat.S_ISREG(status.st_mode) else None


def _require_listable(pattern: str) -> None:
    # A glob in a directory that must not be read matches nothing, as if all were well.
    directory = os.path.dirname(pattern)
    if any(sign in directory for sign in "*?["):
        return
    try:
        with os.scandir(directory or "."):
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(directory, error) from None
