# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open an SQLite database so that nothing on the disk changes, see :mod:`sqlite_sidecars` for the ways in."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Iterator, TypeVar

from .errors import CheckError
from .scratch_directory import scratch_directory
from .sqlite_header import HeaderError, read_header
from .sqlite_lock import is_locked
from .sqlite_sidecars import (
    COPY,
    IMMUTABLE,
    READ_ONLY,
    SHARED_INDEX,
    choose_way,
    fingerprint,
    read_sidecars,
    still_valid,
)

if TYPE_CHECKING:
    import sqlite3

Found = TypeVar("Found")
_PARAMETERS = {READ_ONLY: "mode=ro", SHARED_INDEX: "mode=ro&readonly_shm=1", IMMUTABLE: "mode=ro&immutable=1"}
#: How often a look is repeated because somebody opened or closed the database at that moment.
ATTEMPTS = 5
DEFAULT_COPY_LIMIT_BYTES = 256 * 1024 * 1024
_COPY_BLOCK_BYTES = 1024 * 1024
# Closing any descriptor of a file drops all POSIX locks that this process holds on it, SQLite's among them. Checks
# of one host share a process, so looks at one file take turns.
_TURNS: dict[tuple[int, int], threading.Lock] = {}
_TURNS_LOCK = threading.Lock()


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
        TimeoutError: the deadline has passed.
        LeftBehindError: the copy that was made could not be removed; the block may have come to its end.
        sqlite3.Error, OSError: as SQLite and the file system say.
    """
    import sqlite3

    if way in (IMMUTABLE, COPY) and is_locked(path):
        raise sqlite3.OperationalError("database is locked")
    if way != COPY:
        with _open(_uri(path, _PARAMETERS[way]), deadline, busy_timeout_seconds) as connection:
            yield connection
        return
    if os.stat(path).st_size + os.stat(path + "-wal").st_size > copy_limit_bytes:
        raise OverflowError(path)
    with scratch_directory("aiops-sqlite-") as directory:
        copy = os.path.join(directory, "copy")
        _copy_bytes(path, copy, deadline)
        _copy_bytes(path + "-wal", copy + "-wal", deadline)
        with _open(_uri(copy, "mode=ro"), deadline, busy_timeout_seconds) as connection:
            yield connection


def read(path: str, seconds: float, busy_timeout_seconds: float, use: Callable[[sqlite3.Connection], Found]) -> Found:
    """Use a read transaction on a database that is expected to be a healthy one.

    Args:
        path: the database.
        seconds: until the connection is interrupted.
        busy_timeout_seconds: how long to wait for a writer's lock.
        use: gets the connection; called again when somebody opened or closed the database at that moment.

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
            for attempt in range(1, ATTEMPTS + 1):
                before = fingerprint(real)
                header = read_header(real)
                way = choose_way(header.wal, read_sidecars(real))
                try:
                    found = _read_once(real, way, deadline, busy_timeout_seconds, use)
                except Exception:
                    if attempt == ATTEMPTS or before == fingerprint(real):
                        raise
                    continue
                if still_valid(way, before, real):
                    break
            return found
    except HeaderError as error:
        state = "unknown" if error.verdict == "unreadable" else "critical"
        raise CheckError("sqlite_" + error.verdict, state=state, path=path, first_message=error.message) from None
    except TimeoutError:
        raise CheckError("sqlite_budget_exceeded", path=path) from None
    except FileNotFoundError:
        raise CheckError("sqlite_missing", state="critical", path=path, first_message="") from None
    except OverflowError:
        raise CheckError("sqlite_wal_unread", path=path, first_message="") from None
    except (OSError, ValueError) as error:
        raise CheckError("sqlite_unreadable", path=path, first_message=str(error)) from None


def _read_once(
    path: str, way: str, deadline: float, busy_timeout_seconds: float, use: Callable[[sqlite3.Connection], Found]
) -> Found:
    with connected(path, way, deadline, busy_timeout_seconds, DEFAULT_COPY_LIMIT_BYTES) as connection:
        connection.execute("BEGIN")
        return use(connection)


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

    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError(uri)
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


def _copy_bytes(source: str, target: str, deadline: float) -> None:
    with open(source, "rb") as reading, open(target, "xb") as writing:
        block: Any = reading.read(_COPY_BLOCK_BYTES)
        while block:
            if time.monotonic() >= deadline:
                raise TimeoutError(source)
            writing.write(block)
            block = reading.read(_COPY_BLOCK_BYTES)
