# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes of files and trees, bounded in time: links are never followed, mounts never crossed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Callable

from .errors import CheckError
from .probe import unreadable

_ENTRIES_BETWEEN_LOOKS = 256
_UNREADABLE_KEPT = 5


@dataclass
class Tree:
    """What was found below a path.

    Args:
        size_bytes: sum of the files' lengths; a file with several names counts once.
        allocated_bytes: what they take on disk, which is less for sparse files.
        files: regular files.
        directories: directories that were read, the root among them.
        unreadable: how many directories could not be read.
        unreadable_paths: the first of them.
        finished: False when the time ran out; the figures are then a lower bound.
    """

    size_bytes: int = 0
    allocated_bytes: int = 0
    files: int = 0
    directories: int = 0
    unreadable: int = 0
    unreadable_paths: list[str] = field(default_factory=list)
    finished: bool = True


def measure(root: str, out_of_time: Callable[[], bool]) -> Tree:
    """Add up a file or everything below a directory.

    Args:
        root: where to begin; itself followed if it is a link, because somebody named it.
        out_of_time: asked now and then; once it says True, what was found so far is returned.

    Raises:
        CheckError: the root is missing or must not be read.
    """
    try:
        top = os.stat(root)
    except OSError as error:
        raise unreadable(root, error) from None
    tree = Tree()
    if not stat.S_ISDIR(top.st_mode):
        _count(tree, top, set())
        return tree
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    entries = 0
    while waiting:
        path = waiting.pop()
        try:
            with os.scandir(path) as listing:
                for entry in listing:
                    entries += 1
                    if entries % _ENTRIES_BETWEEN_LOOKS == 0 and out_of_time():
                        tree.finished = False
                        return tree
                    _visit(tree, entry, top.st_dev, seen, waiting)
        except FileNotFoundError:
            continue
        except OSError as error:
            if path == root:
                raise unreadable(root, error) from None
            tree.unreadable += 1
            if len(tree.unreadable_paths) < _UNREADABLE_KEPT:
                tree.unreadable_paths.append(path)
            continue
        tree.directories += 1
        if out_of_time():
            tree.finished = not waiting
            return tree
    return tree


def _visit(tree: Tree, entry: os.DirEntry[str], device: int, seen: set[tuple[int, int]], waiting: list[str]) -> None:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        # Gone between the listing and the look: it has no size any more.
        return
    if found.st_dev != device:
        return
    if stat.S_ISDIR(found.st_mode):
        waiting.append(entry.path)
    else:
        _count(tree, found, seen)


def _count(tree: Tree, found: os.stat_result, seen: set[tuple[int, int]]) -> None:
    if not stat.S_ISREG(found.st_mode):
        return
    if found.st_nlink > 1:
        if (found.st_dev, found.st_ino) in seen:
            return
        seen.add((found.st_dev, found.st_ino))
    tree.files += 1
    tree.size_bytes += found.st_size
    tree.allocated_bytes += found.st_blocks * 512


def expand(pattern: str, out_of_time: Callable[[], bool]) -> list[str]:
    """Return the paths that a glob names, sorted; a name without wildcards is returned as it is.

    ``*``, ``?`` and ``[...]`` work in every part of the path; a name that begins with a dot must be asked for.

    Raises:
        CheckError: a directory on the way is missing or must not be read, or the time is up: a shell's glob would
            answer "nothing there" to all of these.
    """
    parts = pattern.split("/")
    found = ["/" if pattern.startswith("/") else "."]
    matching = False
    for part in parts:
        if not part:
            continue
        if not any(sign in part for sign in "*?["):
            found = [os.path.join(path, part) for path in found]
            # A name that was asked for is kept even when it is not there; one that a wildcard led to is not.
            found = [path for path in found if _exists(path)] if matching else found
            continue
        matching = True
        matched: list[str] = []
        for path in found:
            if out_of_time():
                raise CheckError("listing_not_finished", path=pattern)
            try:
                names = os.listdir(path)
            except NotADirectoryError:
                continue
            except OSError as error:
                raise unreadable(path, error) from None
            for name in names:
                if fnmatchcase(name, part) and (part.startswith(".") or not name.startswith(".")):
                    matched.append(os.path.join(path, name))
        found = matched
    return sorted(path[2:] if path.startswith("./") else path for path in found)


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise unreadable(path, error) from None
    return True
