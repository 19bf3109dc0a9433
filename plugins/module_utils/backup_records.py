# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup set holds, as records; :mod:`backup_manifest` reads and writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Mapping

from .errors import RunbooksError

MANIFEST = "manifest.json"
#: A set that is being made, beside the sets; of a dead process when nobody holds the lock of the directory.
PARTIAL_PREFIX = ".partial-"
#: A set that is being removed.
TRASH_PREFIX = ".trash-"
#: Path of an item within itself.
ITSELF = "."
FILE, DIRECTORY, SYMLINK, HARDLINK = "file", "directory", "symlink", "hardlink"
ITEM_TYPES = ("sqlite", "duckdb", "files", "export")
ENTRY_KINDS = (FILE, DIRECTORY, SYMLINK, HARDLINK)


class ManifestError(RunbooksError):
    """A manifest that is missing, cannot be read, or is none."""


@dataclass(frozen=True)
class Entry:
    """One file of an item.

    Args:
        path: within the item; ``.`` is the item itself.
        kind: ``file``, ``directory``, ``symlink``, or ``hardlink``: a further name of a file of the same item.
        mode: permission bits.
        uid: owner.
        gid: group.
        mtime_ns: last change, nanoseconds since the epoch.
        bytes: length of a file; 0 for everything else.
        sha256: of a file's content; None for everything else.
        target: what a symlink says, or the path (within the item) of a hard link's file.
        selinux: label, where there is one.
    """

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    bytes: int = 0
    sha256: str | None = None
    target: str | None = None
    selinux: str | None = None


@dataclass(frozen=True)
class Table:
    """One table of a database when it was copied.

    Args:
        rows: how many.
        schema_sha256: digest of the table's definition and those of its indexes.
        newest: the largest value of its columns that hold a time, as the database prints it; None without one.
    """

    rows: int
    schema_sha256: str
    newest: str | None = None


@dataclass(frozen=True)
class Item:
    """One item of a set.

    Args:
        name: path of the item within the set, such as ``app.db`` or ``uploads``.
        type: one of ``ITEM_TYPES``.
        source: where it came from: a path, or the command that wrote it.
        entries: the item itself first, then what is in it, parents before children. Owner, mode and times are those of
            the source. An item never claims what another item of the set has for its name.
        user: name of the owner where it was made.
        group: name of the group where it was made.
        method: how a database was copied: ``backup``, ``copy`` or ``export``.
        tables: of a database, by name.
        skipped: paths of sockets and other special files, which no backup holds.
    """

    name: str
    type: str
    source: str
    entries: tuple[Entry, ...]
    user: str | None = None
    group: str | None = None
    method: str | None = None
    tables: Mapping[str, Table] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    @property
    def itself(self) -> Entry:
        """The file or directory that has the item's name."""
        return self.entries[0]

    @property
    def bytes(self) -> int:
        """Length of all files; one with several names counts once."""
        return sum(entry.bytes for entry in self.entries)

    @property
    def sha256(self) -> str:
        """Of the content: of a file its own, of a directory that of its entries' paths, kinds, targets and digests."""
        import hashlib

        if self.itself.kind == FILE:
            return self.itself.sha256 or ""
        lines = [json.dumps([one.path, one.kind, one.target, one.sha256]) for one in self.entries]
        return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """What a set says about itself.

    Args:
        system: its name.
        host: name of the inventory host.
        made: when copying began, UTC, ISO 8601 with a Z.
        finished: when everything was read back and found whole.
        seconds: between the two.
        versions: of ``collection``, ``python``, ``sqlite`` and ``duckdb``.
        items: in the order in which they were made.
    """

    system: str
    host: str
    made: str
    finished: str
    seconds: float
    versions: Mapping[str, str | None]
    items: tuple[Item, ...]

    @property
    def bytes(self) -> int:
        """Length of all files."""
        return sum(item.bytes for item in self.items)

    def item(self, name: str) -> Item:
        """Return an item by its name.

        Raises:
            ManifestError: the set has none of that name.
        """
        for item in self.items:
            if item.name == name:
                return item
        has = ", ".join(item.name for item in self.items)
        raise ManifestError(f"The set has no item {name}", f"It has {has}")


def safe_path(path: Any) -> str:
    """Return a relative path that stays where it is put.

    Raises:
        ValueError: it is absolute, empty, or has a part that is empty, ``.`` or ``..``.
    """
    text = str(path)
    if "\0" in text or any(part in ("", ".", "..") for part in text.split("/")):
        raise ValueError(f"path {text!r} is not a plain path within the set")
    return text
