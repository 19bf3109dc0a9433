# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of an application's own files to try something out in, and its end: the original is never written to."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import stat
from typing import Iterator, Sequence

from .errors import CheckError
from .probe import Context, unreadable
from .scratch_directory import scratch_directory

_PREFIX = "runbooks-trial-"


@contextlib.contextmanager
def scratch_copy(tree: str, leave_out: Sequence[str], maximum_bytes: int, context: Context) -> Iterator[str]:
    """Copy a tree to a directory of its own and remove it at the end.

    In the directory are ``tree`` (the copy), ``home`` and ``tmp``; only its owner may look into it. Links that lead out
    of the tree are left out: through them the original could be changed.

    Args:
        tree: directory to copy.
        leave_out: wildcards of names, or of paths from the tree's top, that are not copied.
        maximum_bytes: most that is copied.
        context: bounds the time.

    Raises:
        CheckError: ``file_missing``, ``permission_denied``, ``trial_tree_too_large {path, limit_bytes}`` or
            ``trial_copy_failed {path, error}``.
        LeftBehindError: the copy could not be removed; the block may have come to its end.
    """
    if not os.path.isdir(tree):
        raise CheckError("file_missing", state="critical", path=tree)
    with scratch_directory(_PREFIX) as scratch:
        for name in ("home", "tmp"):
            os.mkdir(os.path.join(scratch, name))
        _copy(os.path.abspath(tree), os.path.join(scratch, "tree"), leave_out, maximum_bytes, context)
        yield scratch


def _copy(source: str, target: str, leave_out: Sequence[str], maximum_bytes: int, context: Context) -> None:
    left = maximum_bytes
    os.mkdir(target)
    for directory, folders, files in os.walk(source, onerror=_stop):
        inside = os.path.relpath(directory, source)
        folders[:] = [
            name for name in folders if not _left_out(os.path.normpath(os.path.join(inside, name)), leave_out)
        ]
        for name in [*folders, *files]:
            place = os.path.normpath(os.path.join(inside, name))
            if _left_out(place, leave_out):
                continue
            left -= _copy_one(os.path.join(source, place), os.path.join(target, place), source)
            if left < 0 or context.remaining() <= 0:
                raise CheckError("trial_tree_too_large", path=source, limit_bytes=maximum_bytes)


def _copy_one(source: str, target: str, top: str) -> int:
    """Copy one entry and return its bytes; sockets, pipes and devices are left out."""
    import shutil

    try:
        status = os.lstat(source)
        if stat.S_ISDIR(status.st_mode):
            os.mkdir(target)
        elif stat.S_ISLNK(status.st_mode):
            if not os.path.isabs(os.readlink(source)) and _within(os.path.realpath(source), os.path.realpath(top)):
                os.symlink(os.readlink(source), target)
        elif stat.S_ISREG(status.st_mode):
            shutil.copyfile(source, target, follow_symlinks=False)
            os.chmod(target, stat.S_IMODE(status.st_mode) & 0o777 | stat.S_IWUSR | stat.S_IRUSR)
            return status.st_size
    except FileNotFoundError:
        return 0  # Removed meanwhile.
    except PermissionError as error:
        raise unreadable(source, error) from None
    except OSError as error:
        raise CheckError("trial_copy_failed", path=source, error=os.strerror(error.errno or 0)) from None
    return 0


def _left_out(place: str, patterns: Sequence[str]) -> bool:
    name = os.path.basename(place)
    return any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(place, pattern) for pattern in patterns)


def _within(path: str, top: str) -> bool:
    return (path + os.sep).startswith(top.rstrip(os.sep) + os.sep)


def _stop(error: OSError) -> None:
    raise unreadable(str(error.filename), error)
