# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a backup set still is what its manifest says, at any age. Nothing is written, memory is constant (EST-11)."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import Callable, Iterator

from .backup_items import ItemFault
from .backup_records import DIRECTORY, FILE, HARDLINK, ITSELF, MANIFEST, SYMLINK, Entry, Item, Manifest
from .errors import CheckError
from .sqlite_file import inspect

#: ``contents`` looks at names, kinds and lengths; ``checksums`` reads all; ``integrity`` opens the databases as well.
DEPTHS = ("contents", "checksums", "integrity")
BLOCK_BYTES = 1 << 20


@dataclass
class Verified:
    """What a look at a set found.

    Args:
        faults: what is wrong, in the order of the items; a set without any is whole.
        extra: paths in the set that its manifest does not know.
        read_bytes: how much was read.
    """

    faults: list[ItemFault] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    read_bytes: int = 0

    @property
    def whole(self) -> bool:
        """Whether the set holds everything that it says."""
        return not self.faults


def verify_set(
    directory: str,
    manifest: Manifest,
    depth: str,
    remaining: Callable[[], float],
    python: str | None = None,
    items: tuple[str, ...] = (),
) -> Verified:
    """Look at a set and compare it with its manifest.

    Args:
        directory: the set, or a copy of it.
        manifest: its manifest.
        depth: one of ``DEPTHS``; each includes those before it.
        remaining: seconds that are left; what is not looked at in time is ``not_checked``.
        python: interpreter of the application, to open its DuckDB databases.
        items: names of items, to look at these alone.

    Raises:
        ValueError: for a depth that does not exist, nothing else.
    """
    if depth not in DEPTHS:
        raise ValueError("depth is {!r}, not one of {}".format(depth, ", ".join(DEPTHS)))
    found = Verified()
    for item in manifest.items:
        if not items or item.name in items:
            _verify_item(found, directory, item, depth, remaining, python)
    if not items:
        found.extra = sorted(extra_paths(directory, manifest))
    return found


def _verify_item(
    found: Verified, directory: str, item: Item, depth: str, remaining: Callable[[], float], python: str | None
) -> None:
    before = len(found.faults)
    for entry in item.entries:
        try:
            fault = _entry_fault(directory, item, entry) or (
                _content_fault(found, directory, item, entry, remaining) if depth != "contents" else None
            )
        except OSError as error:
            fault = ItemFault(item.name, "not_checked", f"{shown(item, entry)}: {os.strerror(error.errno or 0)}")
        if fault is not None:
            found.faults.append(fault)
    if depth == "integrity" and len(found.faults) == before:
        damage = database_fault(os.path.join(directory, item.name), item, remaining, python)
        found.faults += [] if damage is None else [damage]


def path_of(directory: str, item: Item, entry: Entry) -> str:
    """Return where an entry of a set is."""
    path = os.path.join(directory, item.name)
    return path if entry.path == ITSELF else os.path.join(path, entry.path)


def shown(item: Item, entry: Entry) -> str:
    """Return an entry's path within the set, for people."""
    return item.name if entry.path == ITSELF else f"{item.name}/{entry.path}"


def _entry_fault(directory: str, item: Item, entry: Entry) -> ItemFault | None:
    path, name = path_of(directory, item, entry), shown(item, entry)
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ItemFault(item.name, "missing", name)
    kind = kind_of(status)
    if kind != (FILE if entry.kind == HARDLINK else entry.kind):
        return ItemFault(item.name, "wrong_kind", f"{name}: {kind} instead of {entry.kind}")
    if entry.kind == SYMLINK and os.readlink(path) != entry.target:
        return ItemFault(item.name, "changed", f"{name}: leads elsewhere")
    if entry.kind == HARDLINK:
        first = os.path.join(directory, item.name, entry.target or "")
        # A copy to elsewhere may have made two files of the two names; their content is compared then.
        if not os.path.samefile(path, first) and status.st_size != os.stat(first).st_size:
            return ItemFault(item.name, "changed", f"{name}: not the file {entry.target}")
    if entry.kind == FILE and status.st_size != entry.bytes:
        return ItemFault(item.name, "changed", f"{name}: {status.st_size} bytes instead of {entry.bytes}")
    return None


def kind_of(status: os.stat_result) -> str:
    """Return the kind of a file as entries have it, or ``special``."""
    for right, kind in ((stat.S_ISREG, FILE), (stat.S_ISDIR, DIRECTORY), (stat.S_ISLNK, SYMLINK)):
        if right(status.st_mode):
            return kind
    return "special"


def _content_fault(
    found: Verified, directory: str, item: Item, entry: Entry, remaining: Callable[[], float]
) -> ItemFault | None:
    wanted = entry.sha256
    if entry.kind == HARDLINK:
        first = next((one for one in item.entries if one.path == entry.target), entry)
        if os.path.samefile(path_of(directory, item, entry), path_of(directory, item, first)):
            return None
        wanted = first.sha256
    elif entry.kind != FILE:
        return None
    digest, size = digest_of(path_of(directory, item, entry), remaining)
    found.read_bytes += size
    if digest is None:
        return ItemFault(item.name, "not_checked", f"{shown(item, entry)}: no time was left to read it")
    return None if digest == wanted else ItemFault(item.name, "changed", f"{shown(item, entry)}: other content")


def digest_of(path: str, remaining: Callable[[], float]) -> tuple[str | None, int]:
    """Return the SHA-256 of a regular file and its length; no digest when the time ran out.

    Raises:
        OSError: it cannot be read.
    """
    import hashlib

    digest, size = hashlib.sha256(), 0
    buffer = memoryview(bytearray(BLOCK_BYTES))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        while True:
            count = stream.readinto(buffer) or 0
            if not count:
                return digest.hexdigest(), size
            digest.update(buffer[:count])
            size += count
            if remaining() <= 0:
                return None, size


def database_fault(path: str, item: Item, remaining: Callable[[], float], python: str | None) -> ItemFault | None:
    """Open the database of an item as a whole; None when it is whole, or no database.

    Args:
        path: of the copy.
        item: what the manifest says of it.
        remaining: seconds that are left.
        python: interpreter of the application, for DuckDB.
    """
    if item.type == "sqlite":
        seen = inspect(path, depth="full", foreign_keys=False, time_budget_seconds=max(0.1, remaining()))
        if seen.verdict == "ok":
            return None
        certain = seen.verdict in ("missing", "is_directory", "empty", "not_a_database", "truncated", "corrupt")
        detail = "; ".join([seen.verdict, *seen.messages[:2]])
        return ItemFault(item.name, "damaged" if certain else "not_checked", detail)
    if item.type == "duckdb":
        return _duckdb_fault(path, item, remaining, python)
    return None


def _duckdb_fault(path: str, item: Item, remaining: Callable[[], float], python: str | None) -> ItemFault | None:
    from .duckdb_copy import survey

    if not python:
        return ItemFault(item.name, "not_checked", "opening it needs the application's interpreter")
    try:
        tables = survey(python, path, item.method or "copy", remaining)
    except CheckError as error:
        certain = error.state == "critical"
        return ItemFault(item.name, "damaged" if certain else "not_checked", error.reason_id)
    if {name: table.rows for name, table in tables.items()} != {name: one.rows for name, one in item.tables.items()}:
        return ItemFault(item.name, "damaged", "other tables or numbers of rows than when it was made")
    return None


def extra_paths(directory: str, manifest: Manifest) -> Iterator[str]:
    """Yield the paths in a set that its manifest does not know; what is in an unknown directory is not listed."""
    known = {MANIFEST}
    for item in manifest.items:
        known |= {shown(item, entry) for entry in item.entries}
        parent = os.path.dirname(item.name)
        while parent:
            known.add(parent)
            parent = os.path.dirname(parent)
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with os.scandir(os.path.join(directory, below)) as listing:
                entries = [(one.name, one.is_dir(follow_symlinks=False)) for one in listing]
        except OSError:
            continue
        for name, is_directory in entries:
            path = os.path.join(below, name)
            if path not in known:
                yield path
            elif is_directory:
                waiting.append(path)
