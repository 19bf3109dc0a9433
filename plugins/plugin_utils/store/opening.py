# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the store: find it, create or migrate it, or look at it without leaving a trace."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .diagnosis import check_content, check_file, explain, is_transient
from .errors import StoreError
from .location import Location, default_url, locate, state_directory
from .migrations import bring_up_to_date, newest_version, stored_version
from .postgresql import server_engine
from .sqlite import file_engine, memory_engine, use_write_ahead_log
from .transactions import ATTEMPTS, Store, pause_seconds, read, write

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: How long one statement waits for another writer; a write transaction of a play takes milliseconds.
BUSY_TIMEOUT_SECONDS = 10.0


def open_store(
    url: str | None = None,
    *,
    create: bool = True,
    read_only: bool = False,
    busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
    environ: Mapping[str, str] | None = None,
) -> Store:
    """Open the store of runs, results, actions and leases.

    Args:
        url: ``sqlite:///...`` or ``postgresql+psycopg://...``; None is store.sqlite in the state directory, which is
            the only directory that is created.
        create: create the file and the tables where there are none.
        read_only: create and change nothing, on disk or on the server (check mode). A store that does not exist yet
            is an empty view; one of an older version is seen as its migrated self, in memory.
        busy_timeout_seconds: how long one SQLite statement waits for another program's lock.
        environ: where AIOPS_STATE_DIR and XDG_STATE_HOME are looked up; None is the environment of this process.

    Raises:
        StoreError: one line that names the store, the reason and the way out.
    """
    environ = os.environ if environ is None else environ
    location = locate(url or default_url(environ))
    if read_only:
        return _open_read_only(location)
    if location.path is None:
        engine = server_engine(location)
    else:
        _ensure_state_directory(location.path, environ, create=create)
        check_file(location.path, create=create)
        engine = file_engine(location.path, read_only=False, busy_timeout_seconds=busy_timeout_seconds)
    store = Store(location=location, engine=engine)
    version = read(store, lambda connection: stored_version(connection, location.shown))
    if version == 0 and not create:
        raise StoreError(f"{location.shown}: there is no store yet", "Run a procedure once, or name another store.")
    if version < newest_version():
        if location.path is not None:
            _use_write_ahead_log(location, location.path, busy_timeout_seconds)
        write(store, lambda connection: bring_up_to_date(connection, location.shown))
    return store


def _ensure_state_directory(path: str, environ: Mapping[str, str], *, create: bool) -> None:
    """Create the collection's own state directory; a directory that somebody named is theirs to create."""
    directory = state_directory(environ)
    if not create or os.path.dirname(path) != directory:
        return
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path}: the directory {directory} cannot be created ({error.strerror})",
            "Create it, or set AIOPS_STATE_DIR to a directory of your own.",
        ) from error


def _use_write_ahead_log(location: Location, path: str, busy_timeout_seconds: float) -> None:
    for attempt in range(ATTEMPTS):
        try:
            return use_write_ahead_log(path, busy_timeout_seconds)
        except sqlite3.Error as error:
            # Changing the journal asks for the whole file at once; another creator is at the same point.
            if attempt + 1 == ATTEMPTS or not is_transient(error):
                raise explain(location, error) from error
        time.sleep(pause_seconds(attempt, 0.5))
    return None


def _open_read_only(location: Location) -> Store:
    if location.path is None:
        store = Store(location=location, engine=server_engine(location), read_only=True)
    elif not os.path.exists(location.path):
        return _in_memory(location, memory_engine())
    else:
        check_content(location.path)
        engine = file_engine(location.path, read_only=True, busy_timeout_seconds=0)
        store = Store(location=location, engine=engine, read_only=True)
    version = read(store, lambda connection: stored_version(connection, location.shown))
    if version == newest_version():
        return store
    if version == 0:
        return _in_memory(location, memory_engine())
    if location.path is not None:
        return _in_memory(location, memory_engine(location.path))
    raise StoreError(
        f"{location.shown}: its schema is version {version}, older than {newest_version()}",
        "Run once without --check: that migrates it.",
    )


def _in_memory(location: Location, engine: Engine) -> Store:
    with engine.begin() as connection:
        bring_up_to_date(connection, location.shown)
    return Store(location=location, engine=engine, read_only=True, in_memory=True)
