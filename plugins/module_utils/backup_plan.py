# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup would hold: every source is looked at before anything is written, and an empty one is an error."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .backup_records import ITEM_TYPES, MANIFEST, safe_path
from .backup_root import BackupError
from .errors import ProfileError
from .sqlite_header import HeaderError, read_header
from .tree_copy import CopyError, Rules, measure_tree

#: What a set takes beyond its sources, and what the file system must keep for everybody else.
_SPARE_SHARE = 0.05
_SPARE_BYTES = 16 << 20
# An exported database is rarely larger than the file it comes from.
_NEEDS_INTERPRETER = ("duckdb",)


@dataclass(frozen=True)
class Content:
    """One thing that a set holds, as the profile says it.

    Args:
        name: path of the item within the set.
        type: one of ``ITEM_TYPES``.
        source: path; of an export the program.
        exclude: globs of what is left out of files.
        changing: whether files may be written to meanwhile.
        databases: whether database files are copied like others.
        may_be_empty: whether an empty file or directory is what it should be.
        optional: whether the source may be missing.
        python: interpreter with DuckDB.
        method: of a DuckDB database, ``copy`` or ``export``.
        wait_seconds: for a program that holds a DuckDB database.
        longest_lock_seconds: for which an SQLite database without write-ahead log may be locked.
        tables: that a database must have.
        command: of an export, its program and arguments.
        working_directory: of that command.
    """

    name: str
    type: str
    source: str
    exclude: tuple[str, ...] = ()
    changing: bool = False
    databases: bool = False
    may_be_empty: bool = False
    optional: bool = False
    python: str | None = None
    method: str = "copy"
    wait_seconds: float = 60.0
    longest_lock_seconds: float = 1.0
    tables: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_directory: str | None = None

    @property
    def rules(self) -> Rules:
        """What a copy of the files may leave out."""
        return Rules(self.exclude, self.changing, self.databases)


@dataclass(frozen=True)
class Planned:
    """An item that a backup would make: its content, and how large its source is now."""

    content: Content
    bytes: int
    files: int


def parse_contents(contents: Sequence[Mapping[str, Any]]) -> list[Content]:
    """Return the contents of a profile, those in directories of others after these.

    Raises:
        ProfileError: a name or a key that cannot be used, or that is missing.
    """
    parsed = [_content(dict(one)) for one in contents]
    names = [one.name for one in parsed]
    if not parsed:
        raise ProfileError("system_backup.contents is empty", "Name what the set has to hold")
    for name in names:
        if names.count(name) > 1:
            raise ProfileError(f"Two contents of system_backup are named {name}")
    return sorted(parsed, key=lambda one: one.name.count("/"))


def _content(given: dict[str, Any]) -> Content:
    name, kind = str(given.get("name") or ""), given.get("type")
    where = f"system_backup.contents, {name or 'without a name'}"
    try:
        if safe_path(name).split("/")[0] == MANIFEST:
            raise ValueError(f"{MANIFEST} is the manifest's own name")
    except ValueError as error:
        raise ProfileError(f"{where}: {error}") from None
    if kind not in ITEM_TYPES:
        raise ProfileError(f"{where}: type {kind!r} is none of {', '.join(ITEM_TYPES)}")
    known = {key: value for key, value in given.items() if value is not None}
    for key in ("exclude", "tables", "command"):
        known[key] = tuple(str(part) for part in known.get(key, ()))
    if kind == "export":
        known["source"] = known["command"][0] if known["command"] else ""
        if not known["command"]:
            raise ProfileError(f"{where}: an export needs its command")
    elif not os.path.isabs(str(known.get("source") or "")):
        raise ProfileError(f"{where}: source must be an absolute path")
    if kind in _NEEDS_INTERPRETER and not known.get("python"):
        raise ProfileError(f"{where}: python, the application's interpreter with DuckDB, is missing")
    try:
        return Content(**known)
    except TypeError as error:
        raise ProfileError(f"{where}: {error}") from None


def plan_backup(root: str, contents: Sequence[Content]) -> list[Planned]:
    """Look at every source and return what there is to copy.

    Args:
        root: from ``checked_root``.
        contents: from :func:`parse_contents`.

    Raises:
        BackupError: names every source that is missing, empty or of the wrong kind.
    """
    planned, problems = [], []
    for content in contents:
        try:
            one = _look(root, content)
        except (CopyError, BackupError) as error:
            problems.append(f"{content.name}: {error}")
        except OSError as error:
            problems.append(f"{content.name}: {content.source}: {os.strerror(error.errno or 0)}")
        else:
            planned += [] if one is None else [one]
    if problems:
        raise BackupError("Nothing was backed up. " + "; ".join(problems))
    if not planned:
        raise BackupError("Nothing was backed up: every content is optional, and none is there")
    return planned


def _look(root: str, content: Content) -> Planned | None:
    if content.type == "export":
        return Planned(content, 0, 1)
    source = content.source
    if content.optional and not os.path.lexists(source):
        return None
    try:
        status = os.stat(source)
    except (FileNotFoundError, NotADirectoryError):
        raise BackupError(f"{source} is missing") from None
    if content.type == "files":
        real = os.path.realpath(source)
        if stat.S_ISDIR(status.st_mode) and (root + "/").startswith(real + "/"):
            raise BackupError(f"{source} holds the backups themselves")
        if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
            raise BackupError(f"{source} is neither a file nor a directory")
        size, files = measure_tree(source, content.rules)
        if not content.may_be_empty and (not files or not size):
            raise BackupError(f"{source} is empty; may_be_empty: true if that is as it should be")
        return Planned(content, size, files)
    if not stat.S_ISREG(status.st_mode):
        raise BackupError(f"{source} is not a file")
    if not status.st_size:
        raise BackupError(f"{source} is empty")
    log = source + (".wal" if content.type == "duckdb" else "-wal")
    size = status.st_size + (os.stat(log).st_size if os.path.exists(log) else 0)
    if content.type == "sqlite":
        try:
            read_header(os.path.realpath(source))
        except HeaderError as error:
            raise BackupError(f"{source}: {error.verdict.replace('_', ' ')} {error.message}".rstrip()) from None
    return Planned(content, size, 1)


def needed_bytes(planned: Sequence[Planned]) -> int:
    """Return the space that must be free before anything is written."""
    total = sum(one.bytes for one in planned)
    return int(total * (1 + _SPARE_SHARE)) + _SPARE_BYTES


def free_bytes(path: str) -> int:
    """Return the free bytes of the file system that a directory is on, or is going to be on."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def require_space(root: str, planned: Sequence[Planned]) -> None:
    """Refuse to begin what cannot end.

    Raises:
        BackupError: too little space.
    """
    needed, free = needed_bytes(planned), free_bytes(root)
    if free < needed:
        raise BackupError(
            f"{root} has {free} bytes free, the set needs {needed}",
            "Free some space, or shorten how long sets are kept",
        )
