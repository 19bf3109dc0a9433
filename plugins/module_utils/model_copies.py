# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of directories whose root must stay, as that of a mount must: kept with digests, put back entry by entry."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from typing import Any

from .errors import RunbooksError

MANIFEST = "manifest.json"
_CHUNK_BYTES = 1 << 20
#: What is being put into place, and what makes room for it; both go when they are found again.
_COMING, _GOING = ".coming-", ".going-"


def tree_of(directory: str) -> dict[str, list[Any]]:
    """Return what is below a directory: relative path to kind, size and digest. Links are not followed.

    Raises:
        OSError: something cannot be read.
    """
    found: dict[str, list[Any]] = {}
    for folder, folders, files in os.walk(directory):
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, directory)
            status = os.lstat(path)
            if relative.startswith((_COMING, _GOING)):
                continue
            if stat.S_ISLNK(status.st_mode):
                found[relative] = ["link", 0, os.readlink(path)]
            elif stat.S_ISDIR(status.st_mode):
                found[relative] = ["directory", 0, ""]
            elif stat.S_ISREG(status.st_mode):
                found[relative] = ["file", status.st_size, _digest(path)]
    return found


def size_of(directory: str) -> int:
    """Return the bytes of all files below a directory."""
    total = 0
    for folder, _folders, files in os.walk(directory):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def keep(directory: str, target: str) -> None:
    """Copy a directory, read the copy back, and give it its name only then.

    Args:
        directory: what is kept.
        target: the copy; ``manifest.json`` beside its content says what it has to hold.

    Raises:
        RunbooksError: the copy differs, or something changed meanwhile.
        OSError: as the file system says.
    """
    partial = target + ".partial"
    _remove(partial)
    os.makedirs(partial, mode=0o700)
    content = os.path.join(partial, "content")
    before = tree_of(directory)
    _copy(directory, content)
    if tree_of(content) != before or tree_of(directory) != before:
        raise RunbooksError(f"{directory} changed while it was copied", "Wait until nobody writes to it")
    with open(os.path.join(partial, MANIFEST), "w", encoding="utf-8") as file:
        json.dump(before, file)
        file.flush()
        os.fsync(file.fileno())
    os.sync()
    os.rename(partial, target)


def is_whole(target: str) -> bool:
    """Tell whether a copy holds what its manifest says."""
    try:
        with open(os.path.join(target, MANIFEST), encoding="utf-8") as file:
            wanted = json.load(file)
        return bool(tree_of(os.path.join(target, "content")) == wanted)
    except (OSError, ValueError):
        return False


def put_back(target: str, directory: str) -> list[str]:
    """Make a directory what a copy holds. Entries that are the same stay; the directory itself is never replaced.

    It may be interrupted anywhere and is then done again from the copy, which stays.

    Args:
        target: from :func:`keep`.
        directory: what is put right.

    Returns:
        The entries that were replaced or removed.

    Raises:
        RunbooksError: the copy is not whole.
        OSError: as the file system says.
    """
    if not is_whole(target):
        raise RunbooksError(f"The copy {target} is not what was kept", "Restore the models from a backup")
    content = os.path.join(target, "content")
    os.makedirs(directory, exist_ok=True)
    for name in os.listdir(directory):
        if name.startswith((_COMING, _GOING)):
            _remove(os.path.join(directory, name))
    changed = []
    for name in sorted({*os.listdir(content), *os.listdir(directory)}):
        kept, place = os.path.join(content, name), os.path.join(directory, name)
        if os.path.lexists(kept) and os.path.lexists(place) and _entry(kept) == _entry(place):
            continue
        swap_in(kept if os.path.lexists(kept) else None, directory, name)
        changed.append(name)
    return changed


def swap_in(source: str | None, directory: str, name: str) -> None:
    """Give an entry of a directory the content of another path, or none; it is absent for an instant, never half.

    Args:
        source: what is copied; None removes the entry.
        directory: that holds the entry.
        name: of the entry.
    """
    place, coming, going = (os.path.join(directory, prefix + name) for prefix in ("", _COMING, _GOING))
    for left in (coming, going):
        _remove(left)
    if source is not None:
        _copy(source, coming)
    if os.path.lexists(place):
        os.rename(place, going)
    if source is not None:
        os.rename(coming, place)
    _remove(going)


def prune(directory: str, keep_copies: int, names: list[str]) -> list[str]:
    """Remove the oldest of some copies; return which.

    Args:
        directory: that holds them.
        keep_copies: how many stay.
        names: of the copies, in the order of their times.
    """
    old = names[: max(0, len(names) - keep_copies)]
    for name in old:
        _remove(os.path.join(directory, name))
    return old


def _entry(path: str) -> Any:
    if os.path.isdir(path) and not os.path.islink(path):
        return tree_of(path)
    return os.readlink(path) if os.path.islink(path) else _digest(path)


def _copy(source: str, target: str) -> None:
    import shutil

    if os.path.isdir(source) and not os.path.islink(source):
        shutil.copytree(source, target, symlinks=True, ignore=lambda _folder, names: _passing(names))
        for folder, folders, files in os.walk(source):
            for name in ["", *folders, *files]:
                origin = os.path.join(folder, name)
                copied = os.path.join(target, os.path.relpath(origin, source))
                if os.path.lexists(copied):
                    _own(origin, copied)
        return
    shutil.copy2(source, target, follow_symlinks=False)
    _own(source, target)


def _passing(names: list[str]) -> set[str]:
    return {name for name in names if name.startswith((_COMING, _GOING))}


def _own(source: str, target: str) -> None:
    status = os.lstat(source)
    with contextlib.suppress(PermissionError):
        os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)


def _remove(path: str) -> None:
    import shutil

    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(_CHUNK_BYTES), b""):
            digest.update(block)
    return digest.hexdigest()
