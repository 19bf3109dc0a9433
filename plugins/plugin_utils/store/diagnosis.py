# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a database did not do its work, in one line with the way out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .errors import StoreError
from .location import Location, mask

#: What every SQLite database begins with.
SQLITE_MAGIC = b"SQLite format 3\0"
#: PostgreSQL's conditions after which the same transaction may succeed: lock timeout, deadlock, serialization.
POSTGRESQL_TRANSIENT = frozenset({"55P03", "40P01", "40001"})


def is_transient(error: BaseException) -> bool:
    """Tell whether the same transaction may succeed in a moment: somebody else holds a lock."""
    cause = getattr(error, "orig", None) or error
    name = getattr(cause, "sqlite_errorname", None)
    if name:
        return str(name).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return getattr(cause, "sqlstate", None) in POSTGRESQL_TRANSIENT


def explain(location: Location, error: BaseException) -> StoreError:
    """Return the error that names the store, the reason and the way out."""
    cause = getattr(error, "orig", None) or error
    if location.path is not None:
        reason, way_out = _sqlite(location.path, cause)
    else:
        reason, way_out = _postgresql(location, cause)
    return StoreError(_one_line(f"{location.shown}: {reason}", location.secrets), way_out)


def check_file(path: str, *, create: bool) -> None:
    """Refuse what can be refused before SQLite is asked, because SQLite says less about it.

    Raises:
        StoreError: the path holds something else, its directory is missing, or one of the two cannot be written.
    """
    directory = os.path.dirname(path)
    check_content(path)
    if not os.path.isdir(directory):
        raise StoreError(f"{path}: the directory {directory} is missing", f"Create it: mkdir -p {directory}.")
    if not os.path.lexists(path) and not create:
        raise StoreError(f"{path}: there is no store yet", "Run a procedure once, or name another file.")
    for name in (path, directory):
        if os.path.exists(name) and not os.access(name, os.R_OK | os.W_OK):
            raise StoreError(
                f"{path}: {name} is not writable for the user with id {os.geteuid()}",
                "Change its owner or mode, or set AIOPS_STATE_DIR to a directory of your own.",
            )


def check_content(path: str) -> None:
    """Refuse a path that holds something else than a database.

    SQLite would wait for a FIFO's writer, and overwrite a very short file as if it were empty.

    Raises:
        StoreError: names what is there.
    """
    if os.path.isdir(path):
        raise StoreError(f"{path}: this is a directory", "Name a file in it, such as store.sqlite.")
    if not os.path.exists(path):
        return
    if not os.path.isfile(path):
        raise StoreError(f"{path}: this is not an ordinary file", "Name another file.")
    try:
        with open(path, "rb") as file:
            beginning = file.read(len(SQLITE_MAGIC))
    except OSError as error:
        raise StoreError(f"{path}: it is not readable ({error.strerror})", "Change its owner or mode.") from error
    if beginning not in (b"", SQLITE_MAGIC):
        raise StoreError(f"{path}: this file is not a database", "Move it away, or name another file.")


def _one_line(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return mask(" ".join(text.split()))


def _sqlite(path: str, cause: BaseException) -> tuple[str, str]:
    name = str(getattr(cause, "sqlite_errorname", ""))
    for prefix, answer in SQLITE_ANSWERS.items():
        if name.startswith(prefix):
            return answer(path, cause)
    return f"the database answered: {cause}", "Look at the file with the sqlite3 program."


def _full(path: str, cause: BaseException) -> tuple[str, str]:
    directory = os.path.dirname(path)
    try:
        status = os.statvfs(directory)
    except OSError:
        return f"it could not be written ({cause})", f"Look at the file system of {directory}."
    free = status.f_bavail * status.f_frsize // 1024
    return f"it could not be written ({cause}); {free} KiB are free", f"Free space or quota for {directory}."


def _fixed(reason: str, way_out: str) -> Callable[[str, BaseException], tuple[str, str]]:
    return lambda path, cause: (reason, way_out)


SQLITE_ANSWERS: dict[str, Callable[[str, BaseException], tuple[str, str]]] = {
    "SQLITE_FULL": _full,
    "SQLITE_IOERR": _full,
    "SQLITE_NOTADB": _fixed("this file is not a database", "Move it away, or name another file."),
    "SQLITE_CORRUPT": _fixed("the database is damaged", "Move it away and restore a copy, or start a new one."),
    "SQLITE_BUSY": _fixed("the database is locked by another program", "Wait for that program, or end it."),
    "SQLITE_LOCKED": _fixed("the database is locked by another program", "Wait for that program, or end it."),
    "SQLITE_READONLY": _fixed("the file or its directory is read-only", "Change its owner or mode, or remount it."),
    "SQLITE_CANTOPEN": _fixed(
        "the database could not be opened", "Look at the owner and mode of the file, its directory, -wal and -shm."
    ),
    "SQLITE_PERM": _fixed("access to the file is refused", "Change its owner or mode."),
}

#: Beginning of PostgreSQL's SQLSTATE -> reason and way out.
POSTGRESQL_ANSWERS: dict[str, tuple[str, str]] = {
    "28": ("the server refuses the login", "Look at the user, the password and the server's pg_hba.conf."),
    "3D000": ("the server has no such database", "Create it: createdb NAME."),
    "42501": ("the user may not do this", "Grant CREATE and USAGE on the schema to the user of the URL."),
    "3F000": ("the search path names no schema", "Create the schema, or change search_path."),
    "53100": ("the server's disk is full", "Free space on the server."),
    "53": ("the server is short of resources", "Look at its connections and memory."),
    "57P": ("the server is starting or shutting down", "Try again when it is up."),
    "55P03": ("a row is locked by another program for too long", "Wait for that program, or end it."),
    "40": ("other programs kept changing the same rows", "Try again."),
    "25006": ("the server only allows reading", "Name the primary server, not a replica."),
}
#: The login fails before there is a SQLSTATE: psycopg has only the server's text.
POSTGRESQL_TEXTS: tuple[tuple[str, str], ...] = (
    ("password authentication failed", "28"),
    ("no password supplied", "28"),
    ("no pg_hba.conf entry", "28"),
    ("does not exist", "3D000"),
    ("starting up", "57P"),
    ("shutting down", "57P"),
    ("too many clients", "53"),
)


def _postgresql(location: Location, cause: Any) -> tuple[str, str]:
    state = str(getattr(cause, "sqlstate", None) or "")
    said = str(cause)
    if not state:
        state = next((known for part, known in POSTGRESQL_TEXTS if part in said), "")
    for prefix, (reason, way_out) in POSTGRESQL_ANSWERS.items():
        if state.startswith(prefix):
            return f"{reason} ({said})", way_out
    if not state:
        return f"the server cannot be reached ({said})", "Look at the host and port, and whether it runs."
    return f"the server answered {state}: {said}", "Look at the server's log."
