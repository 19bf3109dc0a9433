# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where DuckDB spills to, what is left there, who has the database open: to look and to clean up (AIMO-01)."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import Any

from .checks.disk import mount_of
from .lock_facts import SHARED_FILE_SYSTEMS, database_holders
from .probe import unreadable

#: Beside the database, by this name, when nothing else is said.
DEFAULT_NAME = "duckdb_tmp"
MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs", "devtmpfs", "hugetlbfs")
# DuckDB 1.1 writes the first two forms, DuckDB 2 the others; everything else belongs to somebody else.
_SPILL = re.compile(
    r"^duckdb_temp_(?:block-\d+\.block|storage(?:[-_][A-Za-z0-9]+)*-\d+\.tmp"
    r"|\d+_\d+_owner|\d+_\d+_storage_[A-Z0-9]+-\d+\.tmp)\Z"
)


@dataclass(frozen=True)
class Spill:
    """A file that DuckDB put away.

    Args:
        path: where it is.
        size_bytes: its length.
        modified: time of the last change, seconds since the epoch.
    """

    path: str
    size_bytes: int
    modified: float


@dataclass(frozen=True)
class TempdirFacts:
    """A database's temporary directory as it is.

    Args:
        database: the database file.
        directory: the directory that is meant.
        kind: ``directory``, ``missing``, ``symlink`` or ``other``.
        beside: it lies in the directory of the database, links resolved.
        same_device: it is on the file system of the database; None when one of them is not there.
        file_system: type of its file system, or of its nearest existing parent's; None when it is not known.
        free_bytes: room that others than root may use.
        read_only: its file system takes no writes.
        writable: the owner of the database may write into it; None when one of them is not there.
        mode: its permission bits; None when it is not there.
        spills: DuckDB's own files in it, by name.
        foreign: files in it that are not DuckDB's.
        holders: processes that have the database open.
        holders_complete: every process could be asked.
    """

    database: str
    directory: str
    kind: str
    beside: bool
    same_device: bool | None
    file_system: str | None
    free_bytes: int
    read_only: bool
    writable: bool | None
    mode: int | None
    spills: list[Spill] = field(default_factory=list)
    foreign: int = 0
    holders: list[int] = field(default_factory=list)
    holders_complete: bool = True


def gather(database: str, directory: str | None = None) -> TempdirFacts:
    """Look at a database's temporary directory without touching it.

    Args:
        database: the database file.
        directory: its temporary directory; None is ``duckdb_tmp`` beside the database.

    Raises:
        CheckError: ``permission_denied`` when it must not be listed, ``file_missing`` when no parent is there.
    """
    place = directory or os.path.join(os.path.dirname(os.path.abspath(database)), DEFAULT_NAME)
    # Who holds the database is asked before the files are listed: a pipeline that starts in between makes its own.
    spills, foreign = _listed(place)
    holders = database_holders(database)
    here, owner = _status(place, follow=False), _status(database, follow=True)
    kind = _kind(here)
    existing = place if kind == "directory" else _nearest(place)
    try:
        room = os.statvfs(existing)
    except OSError as error:
        raise unreadable(existing, error) from None
    beside = os.path.dirname(os.path.realpath(place)) == os.path.dirname(os.path.realpath(database))
    present = kind == "directory" and owner is not None and here is not None
    return TempdirFacts(
        database=database,
        directory=place,
        kind=kind,
        beside=beside,
        same_device=here.st_dev == owner.st_dev if present and here and owner else None,
        file_system=_file_system(existing),
        free_bytes=room.f_bavail * room.f_frsize,
        read_only=bool(room.f_flag & os.ST_RDONLY),
        writable=_may_write(here, owner) if present and here and owner else None,
        mode=stat.S_IMODE(here.st_mode) if kind == "directory" and here else None,
        spills=spills,
        foreign=foreign,
        holders=list(holders["holders"]),
        holders_complete=bool(holders["complete"]),
    )


def is_spill_name(name: str) -> bool:
    """Tell whether a file name is one that DuckDB gives to what it spills."""
    return _SPILL.match(name) is not None


def orphans(facts: TempdirFacts) -> list[Spill] | None:
    """Return the spilled files that belong to nobody; None when it is not proven that nobody has the database open."""
    if facts.holders:
        return []
    return list(facts.spills) if facts.holders_complete or not facts.spills else None


def _listed(place: str) -> tuple[list[Spill], int]:
    spills, foreign = [], 0
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if is_spill_name(entry.name) and stat.S_ISREG(status.st_mode):
                    spills.append(Spill(entry.path, status.st_size, status.st_mtime))
                else:
                    foreign += 1
    except (FileNotFoundError, NotADirectoryError):
        return [], 0
    except OSError as error:
        raise unreadable(place, error) from None
    return sorted(spills, key=lambda spill: spill.path), foreign


def _status(path: str, follow: bool) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=follow)
    except OSError:
        return None


def _kind(status: os.stat_result | None) -> str:
    if status is None:
        return "missing"
    if stat.S_ISDIR(status.st_mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(status.st_mode) else "other"


def _nearest(path: str) -> str:
    """Return the nearest directory above that is there."""
    parent = os.path.dirname(os.path.abspath(path))
    while parent != os.path.dirname(parent) and not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    return parent


def _file_system(path: str) -> str | None:
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as stream:
            mount = mount_of(os.path.realpath(path), stream.read())
    except OSError:
        return None
    return mount[2] if mount else None


def _may_write(directory: os.stat_result, database: os.stat_result) -> bool:
    """Tell whether the owner of the database may make files in a directory, by its mode."""
    if database.st_uid == 0:
        return True
    needed = stat.S_IWUSR | stat.S_IXUSR
    if database.st_uid == directory.st_uid:
        granted = directory.st_mode
    elif database.st_gid == directory.st_gid:
        granted = directory.st_mode << 3
    else:
        granted = directory.st_mode << 6
    return granted & needed == needed


def is_shared(file_system: Any) -> bool:
    """Tell whether a file system is one that other machines write to as well."""
    return file_system in SHARED_FILE_SYSTEMS
