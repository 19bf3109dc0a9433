# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy an SQLite database while its application writes, with SQLite's online backup (SBX-21, EST-11).

In WAL mode one read transaction is held: the copy is that moment's, and no writer waits. With a rollback journal a
reader keeps writers from committing, so the lock is held for a bounded time only. When everything can be read within
that bound, it is read in one step. Otherwise the steps are short, and SQLite starts over when somebody wrote between
two of them; a copy that is never finished that way is given up with a sentence, not forced.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from .errors import CheckError
from .sqlite_header import Header, HeaderError, read_header
from .sqlite_open import ATTEMPTS, connected, turn, verdict_of_error
from .sqlite_sidecars import choose_way, fingerprint, read_sidecars, still_valid

if TYPE_CHECKING:
    import sqlite3

#: Pages of one step while a transaction is held; between steps only the clock is looked at.
_HELD_STEP_PAGES = 8192
#: Pages of the first short step, from which the speed of the disk is known.
_FIRST_STEP_PAGES = 1024
_COPY_ASIDE_BYTES = 2 << 30
_ATTEMPTS_IN_STEPS = 10
_BUSY_PAUSE_SECONDS = 0.005
#: Between short steps writers get at least as much time as the step took, up to this.
_LONGEST_PAUSE_SECONDS = 0.1
#: SQLITE_BUSY and SQLITE_LOCKED; their names came with Python 3.11.
_WAITING = (5, 6)
#: After so many, steps of another length are tried.
_RESTARTS = 3


@dataclass(frozen=True)
class OnlineCopy:
    """A copy that is made.

    Args:
        way: how the database was opened.
        restarts: how often somebody wrote between two steps.
        held_seconds: longest time for which a lock was held that keeps writers from committing; 0 in WAL mode.
        seconds: for all of it.
    """

    way: str
    restarts: int
    held_seconds: float
    seconds: float


class _Steps:
    """Looks on between the steps of a backup: counts restarts, lets writers in, gives up in time."""

    def __init__(
        self, path: str, remaining: Callable[[], float], held: bool = True, one_step_seconds: float = 0.0
    ) -> None:
        self.path = path
        self.remaining = remaining
        self.held = held
        self.one_step_seconds = one_step_seconds
        self.restarts = 0
        self.longest = 0.0
        self.pages_per_second = 0.0
        self._left: int | None = None
        self._begun = time.monotonic()

    def __call__(self, status: int, left: int, total: int) -> None:
        now = time.monotonic()
        if status in _WAITING:
            # Nothing was read and nothing is locked: somebody is just committing.
            if self.remaining() <= 0:
                raise TimeoutError(self.path)
            self._begun = now
            return
        took = now - self._begun
        done = (total if self._left is None else self._left) - left
        if done > 0:
            self.longest = max(self.longest, took)
            self.pages_per_second = done / max(took, 1e-6)
        elif done < 0:
            self.restarts += 1
        self._left = left
        if self.remaining() <= 0:
            raise TimeoutError(self.path)
        if left and not self.held:
            fits = self.pages_per_second and total / self.pages_per_second <= self.one_step_seconds
            if fits or self.restarts > _RESTARTS:
                raise _AnotherStepError(self.path)
            time.sleep(min(took, _LONGEST_PAUSE_SECONDS))
        self._begun = time.monotonic()


class _AnotherStepError(Exception):
    """Steps of another length are better: all fits into one, or somebody wrote between the steps again and again."""


def copy_online(
    source: str,
    target: str,
    remaining: Callable[[], float],
    longest_lock_seconds: float = 1.0,
    busy_timeout_seconds: float = 5.0,
) -> OnlineCopy:
    """Copy a database as it is at one moment.

    Args:
        source: the database; nothing about it or beside it changes.
        target: the file to make; does not exist.
        remaining: seconds that are left.
        longest_lock_seconds: for how long writers of a database without write-ahead log may be kept from committing.
        busy_timeout_seconds: how long to wait for a writer's lock.

    Raises:
        CheckError: ``sqlite_missing``, ``sqlite_empty``, ``sqlite_not_a_database``, ``sqlite_hot_journal`` and the
            like, as kind ``sqlite`` says it; ``sqlite_written_too_often``; ``sqlite_budget_exceeded``.
        OSError: such as a full disk.
    """
    import sqlite3

    begun = time.monotonic()
    real = os.path.realpath(source)
    try:
        with turn(real, remaining()) as taken:
            if not taken:
                raise TimeoutError(source)
            for _attempt in range(ATTEMPTS):
                before = fingerprint(real)
                header = read_header(real)
                sidecars = read_sidecars(real)
                if sidecars.journal_hot and header.wal:
                    raise CheckError("sqlite_hot_journal", path=source, first_message="")
                way = choose_way(header.wal, sidecars)
                deadline = time.monotonic() + remaining()
                with connected(real, way, deadline, busy_timeout_seconds, _COPY_ASIDE_BYTES) as connection:
                    steps = _copy(connection, real, header, target, remaining, longest_lock_seconds)
                if still_valid(way, before, real):
                    held = 0.0 if header.wal else round(steps.longest, 3)
                    return OnlineCopy(way, steps.restarts, held, round(time.monotonic() - begun, 3))
        raise CheckError("sqlite_written_too_often", path=source, first_message="")
    except HeaderError as error:
        state = "unknown" if error.verdict == "unreadable" else "critical"
        raise CheckError("sqlite_" + error.verdict, state=state, path=source, first_message=error.message) from None
    except TimeoutError:
        raise CheckError("sqlite_budget_exceeded", path=source, first_message="") from None
    except OverflowError:
        raise CheckError("sqlite_wal_unread", path=source, first_message="") from None
    except FileNotFoundError:
        raise CheckError("sqlite_missing", state="critical", path=source, first_message="") from None
    except sqlite3.Error as error:
        raise _named(error, source, target, remaining() <= 0) from None


def _copy(
    connection: sqlite3.Connection,
    source: str,
    header: Header,
    target: str,
    remaining: Callable[[], float],
    longest_lock_seconds: float,
) -> _Steps:
    if header.wal:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return _backup(connection, target, _HELD_STEP_PAGES, _Steps(target, remaining))
    # A step that waits by itself would be taken for one that holds the lock; between attempts the clock is looked at.
    connection.execute("PRAGMA busy_timeout = 0")
    total = header.page_count or os.path.getsize(source) // header.page_size
    # Half of the bound is kept in reserve: the machine has other work, too.
    bound = longest_lock_seconds / 2
    pages, restarts = _FIRST_STEP_PAGES, 0
    for _attempt in range(_ATTEMPTS_IN_STEPS):
        steps = _Steps(target, remaining, held=False, one_step_seconds=bound)
        try:
            _backup(connection, target, pages, steps)
        except _AnotherStepError:
            restarts += steps.restarts
            within = int(steps.pages_per_second * bound)
            pages = -1 if total <= within else max(64, min(pages * 4, within))
        else:
            steps.restarts += restarts
            return steps
    raise CheckError("sqlite_written_too_often", path=source, first_message="")


def _backup(connection: sqlite3.Connection, target: str, pages: int, steps: _Steps) -> _Steps:
    import sqlite3

    for suffix in ("", "-journal", "-wal", "-shm"):
        if os.path.lexists(target + suffix):
            os.unlink(target + suffix)
    # Made here and not by SQLite, whose files are for everybody to read.
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        # A copy that is interrupted is thrown away, and the whole file is synchronised at its end.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        connection.backup(copy, pages=pages, progress=steps, sleep=_BUSY_PAUSE_SECONDS)
    finally:
        copy.close()
    return steps


def _named(error: Exception, source: str, target: str, past_deadline: bool) -> Exception:
    text = " ".join(str(error).split())[:300]
    if "disk I/O error" in text or "disk is full" in text or "readonly" in text:
        return _system_error(target, text)
    import sqlite3

    verdict = verdict_of_error(error, source, past_deadline) if isinstance(error, sqlite3.Error) else "unreadable"
    state = "critical" if verdict == "corrupt" else "unknown"
    return CheckError("sqlite_" + verdict, state=state, path=source, first_message=text)


def _system_error(target: str, text: str) -> OSError:
    """Say what the file system says, where SQLite says only that it could not write."""
    import errno

    try:
        free = os.statvfs(os.path.dirname(target))
        code = errno.ENOSPC if free.f_bavail * free.f_frsize < 1 << 16 else errno.EIO
    except OSError as error:
        return error
    return OSError(code, f"{os.strerror(code)}: {text}", target)
