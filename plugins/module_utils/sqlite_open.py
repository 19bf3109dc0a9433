# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open an SQLite database so that nothing on the disk changes, whatever state its owner left it in.

``mode=ro`` alone is not harmless: on a database in WAL mode it creates ``-wal`` and ``-shm`` files (owned by whoever
looked, which can lock the application out) and writes to ``-shm``. The way in is chosen from the files that exist:

- no WAL mode, or not in use: ``mode=ro``; SQLite refuses, rather than rolls back, a hot journal;
- WAL mode with ``-shm`` and ``-wal``: ``readonly_shm=1``, which takes part in the locking and writes nothing, and
  which reads the log by itself when the application that kept the index is dead;
- WAL mode without ``-wal`` or with an empty one that nobody has open: everything is in the main file, and
  ``immutable=1`` reads it without locks or sidecars. It is wrong in every other case, so the caller asks
  :func:`still_valid` afterwards and looks again when an application has opened the database meanwhile;
- WAL mode, a ``-wal`` with content and no ``-shm`` (a copy of a live database): SQLite cannot read that without
  creating files beside it, so a private copy is read.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterator

from .errors import CheckError
from .sqlite_header import JOURNAL_MAGIC, HeaderError, read_header

if TYPE_CHECKING:
    import sqlite3

READ_ONLY = "read_only"
SHARED_INDEX = "shared_index"
IMMUTABLE = "immutable"
COPY = "copy"
_PARAMETERS = {READ_ONLY: "mode=ro", SHARED_INDEX: "mode=ro&readonly_shm=1", IMMUTABLE: "mode=ro&immutable=1"}
DEFAULT_COPY_LIMIT_BYTES = 256 * 1024 * 1024
_COPY_BLOCK_BYTES = 1024 * 1024
# Closing any descriptor of a file drops all POSIX locks that this process holds on it, SQLite's among them. Checks
# of one host share a process, so looks at one file take turns.
_TURNS: dict[tuple[int, int], threading.Lock] = {}
_TURNS_LOCK = threading.Lock()


@dataclass(frozen=True)
class Sidecars:
    """The files beside a database: sizes in bytes, None when a file does not exist."""

    wal_bytes: int | None
    shm_bytes: int | None
    journal_bytes: int | None
    journal_hot: bool


def read_sidecars(path: str) -> Sidecars:
    """Look at the files beside a database without opening the database."""
    journal_bytes = _size(path + "-journal")
    return Sidecars(
        _size(path + "-wal"),
        _size(path + "-shm"),
        journal_bytes,
        bool(journal_bytes) and _begins_with(path + "-journal", JOURNAL_MAGIC),
    )


def choose_way(wal_mode: bool, sidecars: Sidecars) -> str:
    """Return how the database has to be opened, see the module's text."""
    if not wal_mode:
        return READ_ONLY
    if sidecars.wal_bytes is not None and sidecars.shm_bytes:
        return SHARED_INDEX
    return COPY if sidecars.wal_bytes else IMMUTABLE


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


@contextmanager
def turn(path: str, timeout_seconds: float) -> Iterator[bool]:
    """Wait for this process's turn on a file; gives False when it did not come in time."""
    status = os.stat(path)
    with _TURNS_LOCK:
        lock = _TURNS.setdefault((status.st_dev, status.st_ino), threading.Lock())
    taken = lock.acquire(timeout=max(0.0, timeout_seconds))
    try:
        yield taken
    finally:
        if taken:
            lock.release()


@contextmanager
def connected(
    path: str, way: str, deadline: float, busy_timeout_seconds: float, copy_limit_bytes: int
) -> Iterator[sqlite3.Connection]:
    """Give a connection that cannot write and that is interrupted at the deadline.

    Args:
        path: the database.
        way: from :func:`choose_way`.
        deadline: on ``time.monotonic()``.
        busy_timeout_seconds: how long to wait for a writer's lock.
        copy_limit_bytes: largest database that may be copied aside.

    Raises:
        OverflowError: the database would have to be copied and is larger than the limit.
        sqlite3.Error, OSError: as SQLite and the file system say.
    """
    import shutil
    import tempfile

    if way != COPY:
        with _open(_uri(path, _PARAMETERS[way]), deadline, busy_timeout_seconds) as connection:
            yield connection
        return
    if os.stat(path).st_size + os.stat(path + "-wal").st_size > copy_limit_bytes:
        raise OverflowError(path)
    directory = tempfile.mkdtemp(prefix="aiops-sqlite-")
    try:
        copy = os.path.join(directory, "copy")
        _copy_bytes(path, copy, deadline)
        _copy_bytes(path + "-wal", copy + "-wal", deadline)
        with _open(_uri(copy, "mode=ro"), deadline, busy_timeout_seconds) as connection:
            yield connection
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def reading(path: str, seconds: float, busy_timeout_seconds: float) -> Iterator[sqlite3.Connection]:
    """Give a read transaction on a database that is expected to be a healthy one.

    Args:
        path: the database.
        seconds: until the connection is interrupted.
        busy_timeout_seconds: how long to wait for a writer's lock.

    Raises:
        CheckError: ``sqlite_<verdict>`` when the file cannot be one, as kind ``sqlite`` would say.
        sqlite3.Error: as SQLite says.
    """
    deadline = time.monotonic() + seconds
    try:
        real = os.path.realpath(path)
        with turn(real, seconds) as taken:
            if not taken:
                raise CheckError("sqlite_budget_exceeded", path=path)
            header = read_header(real)
            way = choose_way(header.wal, read_sidecars(real))
            with connected(real, way, deadline, busy_timeout_seconds, DEFAULT_COPY_LIMIT_BYTES) as connection:
                connection.execute("BEGIN")
                yield connection
    except HeaderError as error:
        state = "unknown" if error.verdict == "unreadable" else "critical"
        raise CheckError("sqlite_" + error.verdict, state=state, path=path, first_message=error.message) from None
    except FileNotFoundError:
        raise CheckError("sqlite_missing", state="critical", path=path, first_message="") from None
    except OverflowError:
        raise CheckError("sqlite_wal_unread", path=path, first_message="") from None
    except (OSError, ValueError) as error:
        raise CheckError("sqlite_unreadable", path=path, first_message=str(error)) from None


def verdict_of_error(error: sqlite3.Error, path: str, past_deadline: bool) -> str:
    """Name what SQLite refused to do. Python before 3.11 tells only the sentence, so the sentence decides."""
    text = str(error).lower()
    if "interrupted" in text or (past_deadline and "locked" in text):
        return "budget_exceeded"
    if "locked" in text:
        return "locked"
    if "readonly" in text and read_sidecars(path).journal_hot:
        return "hot_journal"
    if "not a database" in text or "malformed" in text or "corrupt" in text or "unsupported file format" in text:
        return "corrupt"
    return "unreadable"


@contextmanager
def _open(uri: str, deadline: float, busy_timeout_seconds: float) -> Iterator[sqlite3.Connection]:
    import sqlite3

    remaining = max(0.0, deadline - time.monotonic())
    connection = sqlite3.connect(
        uri, uri=True, timeout=min(busy_timeout_seconds, remaining), isolation_level=None, check_same_thread=False
    )
    # The handler stops SQL that computes; older SQLite does not call it inside an integrity check, the timer does.
    timer = threading.Timer(remaining, _interrupt, (connection,))
    timer.daemon = True
    timer.start()
    try:
        connection.text_factory = _text
        connection.set_progress_handler(lambda: int(time.monotonic() >= deadline), 10000)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        yield connection
    finally:
        timer.cancel()
        connection.close()


def _interrupt(connection: sqlite3.Connection) -> None:
    import sqlite3

    try:
        connection.interrupt()
    except sqlite3.ProgrammingError:
        return  # It was closed between the timer's last moment and this one.


def _text(data: bytes) -> str:
    # A damaged database holds text that is no UTF-8; that is a finding, not an exception.
    return data.decode("utf-8", "replace")


def _uri(path: str, parameters: str) -> str:
    from urllib.parse import quote

    return f"file:{quote(os.fsencode(os.path.abspath(path)))}?{parameters}"


def _size(path: str) -> int | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _begins_with(path: str, mark: bytes) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(mark)) == mark
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _copy_bytes(source: str, target: str, deadline: float) -> None:
    with open(source, "rb") as reading, open(target, "xb") as writing:
        block: Any = reading.read(_COPY_BLOCK_BYTES)
        while block:
            if time.monotonic() >= deadline:
                raise TimeoutError(source)
            writing.write(block)
            block = reading.read(_COPY_BLOCK_BYTES)
