# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a finished copy of an SQLite database once and know everything: whole or not, digest, rows, schema, newest row.

SQLite's full integrity check looks up every row in every index, one after the other. Here the structure of the whole
file, the indexes of each table, the digest, the rows and the synchronisation to disk are jobs for several threads on
one file in the page cache. SQLite and the hash let go of the interpreter while they work, and memory is constant.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Callable

from .backup_records import Table
from .backup_verify import digest_of

if TYPE_CHECKING:
    import sqlite3

_MESSAGES = 20
# Pages are read where the kernel keeps them instead of being copied again for every lookup; no memory of ours.
_MAPPED_BYTES = 1 << 30
_MOST_THREADS = 4
#: Before, an integrity check of one table did not exist.
_TABLE_CHECK = (3, 33, 0)
_TIME_NAME = re.compile(r"(_at|_on|_time|_seen|_updated|timestamp|date|time)$", re.IGNORECASE)
_TIME_TYPE = re.compile(r"DATE|TIME", re.IGNORECASE)


@dataclass
class Whole:
    """What a copy turned out to be.

    Args:
        messages: what is wrong; a whole database has none.
        sha256: of the file; None when the time ran out.
        tables: by name.
        finished: False when the time ran out.
        seconds: how long it took.
    """

    messages: list[str] = field(default_factory=list)
    sha256: str | None = None
    tables: dict[str, Table] = field(default_factory=dict)
    finished: bool = True
    seconds: float = 0.0


def read_whole(path: str, remaining: Callable[[], float]) -> Whole:
    """Read a copy that nobody writes to.

    Args:
        path: of the copy.
        remaining: seconds that are left.

    Raises:
        OSError: the file cannot be read or synchronised.
    """
    import sqlite3

    begun, found = time.monotonic(), Whole()
    deadline = begun + remaining()
    jobs: deque[Callable[[], None]] = deque()
    try:
        connection = _open(path, deadline)
        try:
            schema = connection.execute(
                "SELECT type, name, tbl_name, coalesce(sql, ''), coalesce(rootpage, 0) FROM sqlite_master"
            ).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        found.messages.append(str(error))
        schema = []
    names = sorted({row[1] for row in schema if row[0] == "table" and row[4] and not row[1].startswith("sqlite_")})
    indexed = {row[2] for row in schema if row[0] == "index" and row[4]}
    by_table = sqlite3.sqlite_version_info >= _TABLE_CHECK
    # The longest jobs come first, so that no thread is left with one at the end.
    for name in sorted(indexed, key=lambda one: -sum(row[2] == one for row in schema)) if by_table else ():
        jobs.append(partial(_check, path, f"integrity_check({_quoted(name)})", deadline, found))
    jobs.append(partial(_check, path, "quick_check" if by_table else "integrity_check", deadline, found))
    jobs.append(partial(_digest, path, remaining, found))
    jobs.append(partial(_synchronise, path))
    for name in names:
        definition = "\n".join(sorted(row[3] for row in schema if row[2] == name))
        jobs.append(partial(_survey, path, name, definition, deadline, found))
    _work(jobs, found)
    found.seconds = round(time.monotonic() - begun, 3)
    return found


def _work(jobs: deque[Callable[[], None]], found: Whole) -> None:
    import sqlite3

    failures: list[BaseException] = []

    def worker() -> None:
        while not failures:
            try:
                job = jobs.popleft()
            except IndexError:
                return
            try:
                job()
            except sqlite3.Error as error:
                if "interrupted" in str(error):
                    found.finished = False
                else:
                    found.messages.append(str(error))
            except OSError as error:
                failures.append(error)

    threads = [threading.Thread(target=worker, daemon=True) for _number in range(min(_MOST_THREADS, _processors()))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _processors() -> int:
    # One thread reads or waits for the disk while another computes, also where there is one processor.
    return max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)


def _open(path: str, deadline: float) -> sqlite3.Connection:
    import sqlite3
    from urllib.parse import quote

    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode=ro&immutable=1", uri=True, isolation_level=None
    )
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.set_progress_handler(lambda: int(time.monotonic() >= deadline), 10000)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
    return connection


def _check(path: str, pragma: str, deadline: float, found: Whole) -> None:
    connection = _open(path, deadline)
    # Older SQLite does not ask the progress handler within an integrity check.
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        rows = [" ".join(str(row[0]).split()) for row in connection.execute(f"PRAGMA {pragma}")]
    finally:
        timer.cancel()
        timer.join()
        connection.close()
    if rows != ["ok"]:
        found.messages += rows[:_MESSAGES]


def _digest(path: str, remaining: Callable[[], float], found: Whole) -> None:
    found.sha256, _size = digest_of(path, remaining)
    found.finished = found.finished and found.sha256 is not None


def _synchronise(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _survey(path: str, name: str, definition: str, deadline: float, found: Whole) -> None:
    import hashlib

    connection = _open(path, deadline)
    try:
        columns = connection.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
        times = [row[1] for row in columns if _TIME_TYPE.search(str(row[2])) or _TIME_NAME.search(str(row[1]))]
        figures = ", ".join(["count(*)", *(f"max({_quoted(column)})" for column in times)])
        select = f"SELECT {figures}"
        row = connection.execute(f"{select} FROM {_quoted(name)}").fetchone()
    finally:
        connection.close()
    newest = max((str(one) for one in row[1:] if one is not None), default=None)
    found.tables[name] = Table(row[0], hashlib.sha256(definition.encode("utf-8", "replace")).hexdigest(), newest)


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
