# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to open an SQLite database so that nothing on the disk changes, whatever state its owner left it in.

``mode=ro`` alone is not harmless: on a database in WAL mode it creates ``-wal`` and ``-shm`` files (owned by whoever
looked, which can lock the application out) and writes to ``-shm``. The way in is chosen from the files that exist:

- no WAL mode, or not in use: ``mode=ro``; SQLite refuses, rather than rolls back, a hot journal;
- WAL mode with ``-shm`` and ``-wal``: ``readonly_shm=1``, which takes part in the locking and writes nothing, and
  which reads the log by itself when the application that kept the index is dead;
- WAL mode without ``-wal``, or with one that holds nothing: everything is in the main file, and ``immutable=1`` reads
  it without locks or sidecars. It is wrong in every other case, so the caller asks :func:`still_valid` afterwards and
  looks again when an application has opened the database meanwhile. A program in exclusive locking mode has no
  sidecars either, so :func:`sqlite_lock.is_locked` is asked before;
- WAL mode, a ``-wal`` with content and no ``-shm`` (a copy of a live database): SQLite cannot read that without
  creating files beside it, so a private copy is read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from .sqlite_header import JOURNAL_MAGIC, WAL_HEADER_BYTES, is_wal_header

READ_ONLY = "read_only"
SHARED_INDEX = "shared_index"
IMMUTABLE = "immutable"
COPY = "copy"


@dataclass(frozen=True)
class Sidecars:
    """The files beside a database: sizes in bytes, None when a file does not exist.

    Args:
        wal_bytes: size of the write-ahead log.
        wal_valid: the log has a header that SQLite accepts; it ignores the whole log otherwise.
        shm_bytes: size of the log's index.
        journal_bytes: size of the rollback journal.
        journal_hot: the journal holds a transaction.
    """

    wal_bytes: int | None
    wal_valid: bool
    shm_bytes: int | None
    journal_bytes: int | None
    journal_hot: bool


def read_sidecars(path: str) -> Sidecars:
    """Look at the files beside a database without opening the database."""
    journal_bytes = _size(path + "-journal")
    return Sidecars(
        _size(path + "-wal"),
        is_wal_header(_beginning(path + "-wal", WAL_HEADER_BYTES)),
        _size(path + "-shm"),
        journal_bytes,
        _beginning(path + "-journal", len(JOURNAL_MAGIC)) == JOURNAL_MAGIC,
    )


def choose_way(wal_mode: bool, sidecars: Sidecars) -> str:
    """Return how the database has to be opened, see the module's text."""
    if not wal_mode:
        return READ_ONLY
    # What SQLite ignores holds nothing; against an index that says otherwise it would retry for ten seconds, which
    # nobody can interrupt.
    has_frames = sidecars.wal_valid and (sidecars.wal_bytes or 0) > WAL_HEADER_BYTES
    if sidecars.shm_bytes and (has_frames or sidecars.wal_bytes == 0):
        return SHARED_INDEX
    return COPY if has_frames else IMMUTABLE


def still_valid(way: str, before: tuple[int, ...], path: str) -> bool:
    """Tell whether what was read without locks is still what is there.

    Args:
        way: how the database was opened.
        before: :func:`fingerprint` from before it was opened.
        path: the database.
    """
    return way not in (IMMUTABLE, COPY) or before == fingerprint(path)


def fingerprint(path: str) -> tuple[int, ...]:
    """Return figures that change when anybody opens or writes the database."""
    figures = []
    for name in (path, path + "-wal", path + "-shm"):
        try:
            status = os.stat(name)
            figures += [status.st_ino, status.st_size, status.st_mtime_ns]
        except OSError:
            figures += [0, 0, 0]
    return tuple(figures)


def _size(path: str) -> int | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _beginning(path: str, size: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, size)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
