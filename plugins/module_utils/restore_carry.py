# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup leaves out of a directory is not lost with the directory: it goes on in the restored one."""

from __future__ import annotations

import fnmatch
import os
import stat

from .gzip_file import copy_attributes
from .restore_journal import Placement
from .restore_sidecars import SUFFIXES


def carry_over(one: Placement) -> None:
    """Give the excluded files of a directory a second name in the one that takes its place; the service is stopped.

    The old and the restored directory share these files: whichever of them is in place, they are as they were last.

    Raises:
        OSError: such as a full disk.
    """
    if one.directory and one.exclude and os.path.isdir(one.target):
        _walk(one, "", False)


def _walk(one: Placement, below: str, taken: bool) -> None:
    with os.scandir(os.path.join(one.target, below)) as listing:
        present = sorted(listing, key=lambda entry: entry.name)
    for entry in present:
        path = os.path.join(below, entry.name)
        if _is_restored(one, path):
            continue
        take = taken or any(
            fnmatch.fnmatchcase(path, glob) or fnmatch.fnmatchcase(entry.name, glob) for glob in one.exclude
        )
        if entry.is_dir(follow_symlinks=False):
            if take:
                _make(os.path.join(one.target, path), os.path.join(one.staged, path))
            _walk(one, path, take)
        elif take and stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode) in (stat.S_IFREG, stat.S_IFLNK):
            _link(os.path.join(one.target, path), os.path.join(one.staged, path))


def _is_restored(one: Placement, path: str) -> bool:
    """Tell whether a path is an item of its own, or a log of one: those are restored, or must not be."""
    return any(path in (inner, *(inner + suffix for suffix in SUFFIXES.get(kind, ()))) for inner, kind in one.inner)


def _make(source: str, path: str) -> None:
    if os.path.isdir(path):
        return
    os.makedirs(path, mode=0o700)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        copy_attributes(source, descriptor, os.stat(source))
    finally:
        os.close(descriptor)


def _link(source: str, path: str) -> None:
    if not os.path.lexists(path) and os.path.isdir(os.path.dirname(path)):
        os.link(source, path, follow_symlinks=False)
