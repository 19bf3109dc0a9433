# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of what a change is about to touch, kept so that it can be put back exactly, and proven by digests.

A kept copy is a directory with a record of what was where. What did not exist is recorded as well: putting back moves
away what has appeared since, such as the write-ahead log of a newer database.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from .errors import RunbooksError
from .gzip_file import synchronise_folder
from .restore_exchange import put_in_place
from .tree_copy import Rules, copy_tree, settle

RECORD = "kept.json"
PARTIAL_PREFIX = ".partial-"
TRASH_PREFIX = ".trash-"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
_FORMAT = 1
_BLOCK_BYTES = 1 << 20


class KeptError(RunbooksError):
    """A copy that cannot be kept, read or put back; says what stays as it is."""


@dataclass(frozen=True)
class Kept:
    """One path of a kept copy.

    Args:
        path: where it was.
        stored: its name within the kept copy; None when there was nothing.
        digest: of everything below it, see :func:`tree_digest`; None when there was nothing.
    """

    path: str
    stored: str | None
    digest: str | None


def tree_digest(path: str, remaining: Callable[[], float]) -> str | None:
    """Return the SHA-256 over a file or tree: names, kinds, modes, owners, link targets, contents; None without it.

    Args:
        path: a link is not followed.
        remaining: seconds that are left.

    Raises:
        KeptError: no time left.
        OSError: it cannot be read.
    """
    import hashlib

    digest = hashlib.sha256()
    waiting = [path]
    if not os.path.lexists(path):
        return None
    while waiting:
        if remaining() <= 0:
            raise KeptError(f"{path} could not be read in time", "Give it more seconds")
        found = waiting.pop()
        status = os.lstat(found)
        kind, content = stat.S_IFMT(status.st_mode), ""
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(found)
        elif stat.S_ISREG(status.st_mode):
            content = _content_digest(found)
        elif stat.S_ISDIR(status.st_mode):
            waiting += [os.path.join(found, name) for name in sorted(os.listdir(found), reverse=True)]
        mode = 0 if stat.S_ISLNK(status.st_mode) else stat.S_IMODE(status.st_mode)
        line = json.dumps([os.path.relpath(found, path), kind, mode, status.st_uid, status.st_gid, content])
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _content_digest(path: str) -> str:
    import hashlib

    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        while True:
            block = stream.read(_BLOCK_BYTES)
            if not block:
                return digest.hexdigest()
            digest.update(block)


def keep(paths: Sequence[str], directory: str, name: str, remaining: Callable[[], float]) -> list[Kept]:
    """Copy paths into a new kept copy; when it has its name it is whole, lasting and verified.

    Args:
        paths: files or directories that nothing writes to meanwhile; one that does not exist is recorded as such.
        directory: where kept copies lie; made when it is missing.
        name: of this one; what an interrupted attempt left under it is made anew.
        remaining: seconds that are left.

    Raises:
        KeptError: a name or path that is none, a copy of that name, a copy that differs from what was copied.
        OSError: as the file system says.
    """
    import shutil

    place = _place(directory, name)
    if os.path.lexists(place):
        raise KeptError(f"{place} exists already", "Choose another name, or put it back first")
    os.makedirs(directory, mode=0o700, exist_ok=True)
    partial = os.path.join(directory, PARTIAL_PREFIX + name)
    if os.path.lexists(partial):
        shutil.rmtree(partial)
    os.mkdir(partial, 0o700)
    there = _kept_files(directory)
    kept = [_keep_one(path, partial, str(number), there, remaining) for number, path in enumerate(paths)]
    record = {"format": _FORMAT, "paths": [vars(one) for one in kept]}
    with open(os.path.join(partial, RECORD), "x", encoding="utf-8") as stream:
        json.dump(record, stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    synchronise_folder(os.path.join(partial, RECORD))
    os.rename(partial, place)
    synchronise_folder(place)
    return kept


def _kept_files(directory: str) -> dict[tuple[str, str | None], str]:
    """Return where files lie that kept copies hold already, by their paths and digests."""
    found = {}
    for name in kept_copies(directory):
        try:
            kept = read_kept(directory, name)
        except KeptError:
            # Another copy that cannot be read is no reason not to keep this one.
            continue
        for one in kept:
            file = os.path.join(directory, name, one.stored or RECORD)
            if one.stored and not os.path.islink(file) and os.path.isfile(file):
                found[one.path, one.digest] = file
    return found


def _keep_one(
    path: str,
    partial: str,
    stored: str,
    there: Mapping[tuple[str, str | None], str],
    remaining: Callable[[], float],
) -> Kept:
    if not os.path.isabs(path) or os.path.normpath(path) == "/":
        raise KeptError(f"{path!r} is no path that can be kept", "Write an absolute path below the root")
    digest = tree_digest(path, remaining)
    if digest is None:
        return Kept(path, None, None)
    target = os.path.join(partial, stored)
    if not _linked(there.get((path, digest)), target, digest, remaining):
        _copy(path, target, digest, remaining)
    return Kept(path, stored, digest)


def _linked(file: str | None, target: str, digest: str, remaining: Callable[[], float]) -> bool:
    """Share a file that another kept copy holds, if it still is what it was; nobody writes to files that are kept."""
    if file is None or tree_digest(file, remaining) != digest:
        return False
    try:
        os.link(file, target)
    except OSError:
        # Without links on this file system it is copied.
        return False
    return True


def _copy(source: str, target: str, digest: str, remaining: Callable[[], float]) -> None:
    # A link that somebody named is kept as a link: what it leads to may be what is replaced.
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        os.lchown(target, os.lstat(source).st_uid, os.lstat(source).st_gid)
    else:
        settle(target, copy_tree(source, target, Rules(databases=True), remaining).entries)
    if tree_digest(target, remaining) != digest:
        raise KeptError(f"{source} changed while it was copied", "Stop what writes to it")


def read_kept(directory: str, name: str) -> list[Kept]:
    """Return what a kept copy holds.

    Raises:
        KeptError: there is none of that name, or its record cannot be read.
    """
    path = os.path.join(_place(directory, name), RECORD)
    try:
        with open(path, encoding="utf-8") as stream:
            document: Mapping[str, Any] = json.load(stream)
        if document["format"] != _FORMAT:
            raise KeptError(f"{path} has the format {document['format']}", f"This release reads {_FORMAT}")
        return [Kept(str(one["path"]), one["stored"], one["digest"]) for one in document["paths"]]
    except FileNotFoundError:
        raise KeptError(f"There is no kept copy {name} in {directory}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeptError(f"{path} cannot be read: {error}") from None


def changed_since(kept: Sequence[Kept], remaining: Callable[[], float]) -> list[str]:
    """Return the paths that are no longer what was kept."""
    return [one.path for one in kept if tree_digest(one.path, remaining) != one.digest]


def put_back(directory: str, name: str, remaining: Callable[[], float]) -> list[str]:
    """Make every path of a kept copy what it was, and return those that had changed.

    What stood there is kept beside under ``<path>.replaced-<name>``. Interrupted anywhere, each path is what it was or
    what it became, and the next call goes on.

    Raises:
        KeptError: the copy itself is damaged; nothing was touched then.
        OSError: as the file system says.
    """
    place, kept = _place(directory, name), read_kept(directory, name)
    for one in kept:
        if one.stored is not None and tree_digest(os.path.join(place, one.stored), remaining) != one.digest:
            raise KeptError(f"The kept copy of {one.path} in {place} is damaged", "Restore from a backup set")
    changed = []
    for one in kept:
        if tree_digest(one.path, remaining) != one.digest:
            _put_one_back(one, place, f"{one.path}.replaced-{name}", remaining)
            changed.append(one.path)
    return changed


def _put_one_back(one: Kept, place: str, aside: str, remaining: Callable[[], float]) -> None:
    import shutil

    _make_room(aside)
    if one.stored is None:
        os.rename(one.path, aside)
        synchronise_folder(aside)
        return
    folder, base = os.path.split(one.path)
    ready = os.path.join(folder, f"{PARTIAL_PREFIX}{base}")
    if os.path.lexists(ready):
        # What an interrupted attempt had begun to lay ready.
        shutil.rmtree(ready) if os.path.isdir(ready) and not os.path.islink(ready) else os.unlink(ready)
    stored = os.path.join(place, one.stored)
    _copy(stored, ready, one.digest or "", remaining)
    is_directory = os.path.isdir(ready) and not os.path.islink(ready)
    put_in_place(ready, one.path, aside, is_directory)


def _make_room(aside: str) -> None:
    """Give what an earlier attempt put aside another name: it may be all that is left of something."""
    if not os.path.lexists(aside):
        return
    number = 1
    while os.path.lexists(f"{aside}.{number}"):
        number += 1
    os.rename(aside, f"{aside}.{number}")


def kept_copies(directory: str) -> list[str]:
    """Return the names of the kept copies in a directory, the newest first."""
    try:
        names = [name for name in os.listdir(directory) if _NAME.match(name)]
    except FileNotFoundError:
        return []
    records = {name: os.path.join(directory, name, RECORD) for name in names}
    made = {name: os.stat(path).st_mtime for name, path in records.items() if os.path.isfile(path)}
    return sorted(made, key=lambda name: (made[name], name), reverse=True)


def drop(directory: str, name: str) -> None:
    """Remove a kept copy; under its name it is whole or gone."""
    import shutil

    read_kept(directory, name)
    trash = os.path.join(directory, TRASH_PREFIX + name)
    if os.path.lexists(trash):
        shutil.rmtree(trash)
    os.rename(_place(directory, name), trash)
    synchronise_folder(trash)
    shutil.rmtree(trash)


def _place(directory: str, name: str) -> str:
    if not _NAME.match(name):
        raise KeptError(f"{name!r} is no name of a kept copy", "Use letters, digits, dots, dashes and underscores")
    return os.path.join(directory, name)
