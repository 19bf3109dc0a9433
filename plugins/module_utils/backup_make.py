# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a backup set: beside the others under a partial name, read back, and only then named.

Wherever this is interrupted, production is untouched, and there is either the whole set or a directory with a partial
name, which is no set and which the next run removes.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from typing import Callable, Sequence

from .backup_makers import Work, make_item, require_whole
from .backup_manifest import read_manifest, write_manifest
from .backup_plan import Planned, require_space
from .backup_records import ITSELF, PARTIAL_PREFIX, Manifest
from .backup_root import BackupError, locked, remove_directory, remove_leftovers, set_name
from .backup_verify import verify_set
from .gzip_file import synchronise_folder

COLLECTION_VERSION = "0.1.0"


@dataclass(frozen=True)
class Request:
    """What a backup is asked for.

    Args:
        root: directory of the sets, from ``checked_root``.
        system: its name.
        host: name of the inventory host.
        timezone: IANA name of the zone in which sets are named.
        name_format: of their names.
        timeout_seconds: for all of it.
        lock_wait_seconds: how long to wait for another process in this directory.
    """

    root: str
    system: str
    host: str
    timezone: str
    name_format: str
    timeout_seconds: float
    lock_wait_seconds: float = 0.0


@dataclass(frozen=True)
class Made:
    """A set that is made.

    Args:
        path: of the set.
        manifest: its manifest.
        removed: partial sets and trash of dead processes that were removed.
        longest_lock_seconds: for which a database's writers were kept from committing.
    """

    path: str
    manifest: Manifest
    removed: list[str]
    longest_lock_seconds: float


def make_set(request: Request, planned: Sequence[Planned], now: Callable[[], float] = time.time) -> Made:
    """Make one set of what was planned.

    Args:
        request: where, for whom, and how long it may take.
        planned: from ``plan_backup``.
        now: the clock.

    Raises:
        BackupError: it could not be made; nothing is left of it.
        OSError: such as a full disk; nothing is left of it either, as far as the file system lets it go.
    """
    begun, deadline = now(), time.monotonic() + request.timeout_seconds
    if not os.path.isdir(request.root):
        # The sets hold secrets: the directory is the owner's alone.
        os.mkdir(request.root, 0o700)
        synchronise_folder(request.root)
    with locked(request.root, request.lock_wait_seconds):
        removed = remove_leftovers(request.root, request.name_format)
        require_space(request.root, planned)
        name, begun = _free_name(request, begun)
        work = Work(os.path.join(request.root, PARTIAL_PREFIX + name), lambda: max(0.0, deadline - time.monotonic()))
        try:
            os.mkdir(work.partial, 0o700)
            manifest = _fill(request, planned, work, begun, now)
            os.rename(work.partial, os.path.join(request.root, name))
        except BaseException:
            with contextlib.suppress(OSError, BackupError):
                remove_directory(work.partial)
            raise
        synchronise_folder(os.path.join(request.root, ITSELF))
    return Made(os.path.join(request.root, name), manifest, removed, work.longest_lock_seconds)


def _free_name(request: Request, moment: float) -> tuple[str, float]:
    """Return a name that no set has, and its moment: the clock may have been put back, or read twice in a second."""
    while True:
        name = set_name(moment, request.name_format, request.timezone)
        if not os.path.lexists(os.path.join(request.root, name)):
            return name, moment
        moment += 1


def _fill(request: Request, planned: Sequence[Planned], work: Work, begun: float, now: Callable[[], float]) -> Manifest:
    import sqlite3

    items = [make_item(one.content, work) for one in planned]
    finished = now()
    manifest = Manifest(
        system=request.system,
        host=request.host,
        made=utc(begun),
        finished=utc(finished),
        seconds=round(max(0.0, finished - begun), 3),
        versions={
            "collection": COLLECTION_VERSION,
            "python": "{}.{}.{}".format(*sys.version_info[:3]),
            "sqlite": sqlite3.sqlite_version,
            "duckdb": work.duckdb,
        },
        items=tuple(items),
    )
    require_whole(verify_set(work.partial, manifest, "contents", work.remaining).faults)
    write_manifest(work.partial, manifest)
    if read_manifest(work.partial) != manifest:
        raise BackupError(f"The manifest in {work.partial} does not read back as it was written")
    # Directories that only hold items of others, and the set itself.
    for folder, _directories, _files in os.walk(work.partial, topdown=False):
        synchronise_folder(os.path.join(folder, ITSELF))
    return manifest


def utc(moment: float) -> str:
    """Return a time as ISO 8601 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
