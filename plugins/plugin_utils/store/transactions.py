# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short transactions, repeated a bounded number of times when somebody else was faster."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from .diagnosis import explain, is_transient
from .errors import StoreError
from .location import Location
from .requirements import sa
from .sqlite import BEGIN_OPTION, signature

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

Answer = TypeVar("Answer")

#: How SQLite begins the two kinds of transaction.
WRITE_LOCK = "IMMEDIATE"
READ_LOCK = "DEFERRED"

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.05
#: How long a PostgreSQL statement waits for a row that somebody else has locked.
LOCK_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Store:
    """An open store: where it is and the engine to it. It keeps no connection open.

    Args:
        location: its place.
        engine: SQLAlchemy's engine.
        read_only: nothing may be written (check mode).
        in_memory: the view of a store that is not there yet, or that is of an older version and may not be migrated.
    """

    location: Location
    engine: Engine
    read_only: bool = False
    in_memory: bool = False


def write(store: Store, work: Callable[[Connection], Answer]) -> Answer:
    """Run the work in one write transaction; all of it is kept, or nothing.

    Work that met a lock is repeated, so it must compute everything from its own reads.

    Raises:
        StoreError: the store is read-only, or the database could not do it.
    """
    if store.read_only:
        raise StoreError(f"{store.location.shown}: it was opened for reading only", "Run without --check.")
    for attempt in range(ATTEMPTS):
        try:
            return _once(store, WRITE_LOCK, work)
        except sa.exc.SQLAlchemyError as error:
            if attempt + 1 == ATTEMPTS or not is_transient(error):
                raise explain(store.location, error) from error
        time.sleep(pause_seconds(attempt, secrets.randbelow(1000) / 1000))
    raise AssertionError("unreachable")


def read(store: Store, work: Callable[[Connection], Answer]) -> Answer:
    """Run the work in one read transaction, so that everything it reads is of the same moment.

    Raises:
        StoreError: the database could not be read.
    """
    for attempt in range(ATTEMPTS):
        before = _signature(store)
        last = attempt + 1 == ATTEMPTS
        try:
            answer = _once(store, READ_LOCK, work)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            if last or not (is_transient(error) or before != _signature(store)):
                raise explain(store.location, error) from error
        else:
            if last or before == _signature(store):
                return answer
        time.sleep(pause_seconds(attempt, secrets.randbelow(1000) / 1000))
    raise AssertionError("unreachable")


def pause_seconds(attempt: int, spread: float) -> float:
    """Return how long to wait after an attempt (from 0): doubling, and spread (0 to 1) so that two do not keep step."""
    return FIRST_PAUSE_SECONDS * (1 << attempt) * (0.5 + spread)


def _signature(store: Store) -> tuple[int, ...]:
    if not store.read_only or store.in_memory or store.location.path is None:
        return ()
    return signature(store.location.path)


def _once(store: Store, lock: str, work: Callable[[Connection], Answer]) -> Answer:
    with store.engine.connect() as plain_connection:
        connection = plain_connection.execution_options(**{BEGIN_OPTION: lock})
        with connection.begin():
            if connection.dialect.name == "postgresql":
                _prepare_postgresql(connection, lock)
            return work(connection)


def _prepare_postgresql(connection: Connection, lock: str) -> None:
    if lock == READ_LOCK:
        # By default each statement would see its own moment: results of runs that were not there before.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
