# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recover what can be read of a damaged SQLite database into a new one, and say what was lost.

The pages are read without SQLite: a table is followed from its root as far as its pages lead, and pages that nothing
leads to are given back to the table that their rows fit. An index that is whole tells how many rows a table has lost.
Nothing is invented: a row is recovered when the figures of its record add up, and otherwise it is counted.
"""

from __future__ import annotations

import os
import stat
import struct
import time
from typing import TYPE_CHECKING

from .errors import RunbooksError
from .sqlite_pages import Pages
from .sqlite_recovery import recover
from .sqlite_salvage_report import Report
from .sqlite_shapes import Entry, read_schema
from .sqlite_trees import survey

if TYPE_CHECKING:
    import sqlite3

#: Functions that could reach beyond the new database; its schema comes from a file that anybody may have written.
_FORBIDDEN = frozenset(("load_extension", "writefile", "readfile", "edit", "fts3_tokenizer"))
_ATTACH, _DETACH, _FUNCTION = 24, 25, 31


def salvage(path: str, target: str, seconds: float, schema_from: str | None = None, free_pages: bool = False) -> Report:
    """Recover a database into a new one.

    Args:
        path: the damaged database; it and its sidecars are only read.
        target: the new database; it must not exist. It appears under this name when it is whole and on the disk.
        seconds: how long it may take.
        schema_from: a healthy database of the same application, for tables whose schema is lost.
        free_pages: recover rows of free pages, too, into the lost and found: they were deleted.

    Raises:
        RunbooksError: the target exists, the time is over, or there is nothing that could be read.
        OSError: such as a full disk.
    """
    import sqlite3

    begun = time.monotonic()
    if os.path.lexists(target):
        raise RunbooksError(f"{target} exists", "Name a file that does not exist, or move this one away")
    partial = target + ".partial"
    _remove(partial)
    require_room(path, target)
    report = Report()
    try:
        pages = Pages(path, begun + seconds)
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            os.close(descriptor)
            connection = _connect(partial, pages, begun + seconds)
            try:
                recover(connection, pages, report, _schema_of(schema_from) if schema_from else [], free_pages)
            finally:
                connection.close()
        finally:
            pages.close()
        _finish(partial, target)
    except TimeoutError:
        raise RunbooksError(f"{path} was not read to its end in {seconds:g} seconds", "Allow more time") from None
    except sqlite3.Error as error:
        if time.monotonic() - begun >= seconds:
            raise RunbooksError(f"{path} was not read to its end in {seconds:g} seconds", "Allow more time") from None
        raise RunbooksError(f"{target} could not be written: {error}", "Look at the disk's free space") from None
    finally:
        _remove(partial)
    report.seconds = round(time.monotonic() - begun, 3)
    return report


def _remove(path: str) -> None:
    for name in (path, path + "-journal"):
        if os.path.lexists(name):
            os.unlink(name)


def _connect(path: str, pages: Pages, deadline: float) -> sqlite3.Connection:
    import sqlite3

    connection = sqlite3.connect(path, isolation_level=None)
    connection.set_progress_handler(lambda: int(time.monotonic() >= deadline), 10000)
    for pragma in (
        f"page_size = {pages.page_size}",
        "encoding = '{}'".format({"utf-16-le": "UTF-16le", "utf-16-be": "UTF-16be"}.get(pages.encoding, "UTF-8")),
        f"auto_vacuum = {_auto_vacuum(pages.header)}",
        # Nobody reads the file before it is whole; it is brought to the disk once, at the end.
        "synchronous = OFF",
        "foreign_keys = OFF",
        "trusted_schema = OFF",
        "ignore_check_constraints = ON",
        "temp_store = FILE",
        "cell_size_check = ON",
    ):
        connection.execute("PRAGMA " + pragma)
    connection.set_authorizer(_allowed)
    return connection


def _auto_vacuum(header: bytes) -> int:
    largest_root, incremental = struct.unpack_from(">I", header, 52)[0], struct.unpack_from(">I", header, 64)[0]
    return 0 if not largest_root else 2 if incremental else 1


def _allowed(action: int, _first: str | None, second: str | None, _database: str | None, _source: str | None) -> int:
    if action in (_ATTACH, _DETACH):
        return 1
    return 1 if action == _FUNCTION and str(second).lower() in _FORBIDDEN else 0


def _schema_of(path: str) -> list[Entry]:
    pages = Pages(path, time.monotonic() + 60)
    try:
        return read_schema(survey(pages))[0]
    finally:
        pages.close()


def _finish(partial: str, target: str) -> None:
    """Read the new database once more, bring it to the disk, and give it its name."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
        rows = connection.execute("PRAGMA quick_check(1)").fetchall()
    if rows != [("ok",)]:
        raise RunbooksError(f"the new database is not whole: {rows[0][0]}", "Look at the disk and at the memory")
    for name in (partial, os.path.dirname(os.path.abspath(partial))):
        _to_disk(name)
    # A link, unlike a rename, never replaces what somebody else put there meanwhile.
    os.link(partial, target)
    os.unlink(partial)
    _to_disk(os.path.dirname(os.path.abspath(target)))


def _to_disk(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_room(path: str, target: str) -> None:
    """Refuse to begin what the file system of the target cannot hold.

    Raises:
        RunbooksError: says how much there is and how much is needed.
    """
    needed = sum(os.stat(name).st_size for name in (path, path + "-wal") if os.path.exists(name))
    there = os.statvfs(os.path.dirname(os.path.abspath(target)))
    free = there.f_bavail * there.f_frsize
    if free < needed:
        raise RunbooksError(f"{free} bytes are free for {target}, {needed} are needed", "Make room")


def take_over_owner(path: str, target: str) -> None:
    """Give a file the owner and the mode of another one."""
    status = os.stat(path)
    os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode))
