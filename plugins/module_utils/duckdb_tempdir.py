# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where DuckDB puts what does not fit into memory, and what a killed process left there (AIMO-01)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .duckdb_tempdir_facts import MEMORY_FILE_SYSTEMS, TempdirFacts, is_shared
from .errors import CheckError, RunbooksError
from .file_lock import exclusive, locked_by
from .file_tree import expand
from .open_handles import handles_of

_LOG_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class SpillFile:
    """A file that DuckDB left; device, inode and time tell whether it is still the same."""

    name: str
    size_bytes: int
    identity: tuple[int, int, int]


def placement_faults(facts: Mapping[str, Any]) -> list[str]:
    """Say why a directory is no place for spill files; empty when it is one. Pure.

    Args:
        facts: ``directory``, ``beside_database`` (it is in the database's directory), ``kind`` (missing, directory,
            symlink, other), ``file_system`` (None when it is not known), ``read_only``, ``free_bytes``,
            ``minimum_free_bytes``, ``same_device`` (as the database; None when it is not there yet).
    """
    faults, path = [], facts["directory"]
    if facts["kind"] in ("symlink", "other"):
        faults.append(f"{path} is a {facts['kind'].replace('other', 'file')}, not a directory")
    if not facts["beside_database"]:
        faults.append(f"{path} is not in the database's directory")
    if facts["file_system"] is None:
        faults.append(f"The file system of {path} is not known")
    elif is_shared(facts["file_system"]):
        faults.append(f"{path} is on a network file system ({facts['file_system']})")
    elif facts["file_system"] in MEMORY_FILE_SYSTEMS:
        faults.append(f"{path} is in memory ({facts['file_system']}), which spilling is to save")
    if facts["same_device"] is False:
        faults.append(f"{path} is on another device than the database")
    if facts["read_only"]:
        faults.append(f"{path} is on a file system that is mounted read-only")
    if facts["free_bytes"] < facts["minimum_free_bytes"]:
        faults.append(f"{path} has {facts['free_bytes']} bytes free, less than {facts['minimum_free_bytes']}")
    return faults


def placement(found: TempdirFacts, minimum_free_bytes: int) -> dict[str, Any]:
    """Return of a look what :func:`placement_faults` judges.

    Args:
        found: from :func:`duckdb_tempdir_facts.gather`.
        minimum_free_bytes: what must be free.
    """
    return {
        "directory": found.directory,
        "beside_database": found.beside,
        "kind": found.kind,
        "file_system": found.file_system,
        "read_only": found.read_only,
        "free_bytes": found.free_bytes,
        "minimum_free_bytes": minimum_free_bytes,
        "same_device": found.same_device,
    }


def spill_files(found: TempdirFacts) -> list[SpillFile]:
    """Return the spill files of a look with what makes each of them known again."""
    files = []
    for spill in found.spills:
        try:
            status = os.lstat(spill.path)
        except FileNotFoundError:
            continue
        identity = (status.st_dev, status.st_ino, status.st_mtime_ns)
        files.append(SpillFile(os.path.basename(spill.path), status.st_size, identity))
    return files


def in_use(database: str, files: Sequence[SpillFile]) -> str:
    """Return why spill files may still be needed; empty only when that is proven not to be so.

    Args:
        database: that they belong to.
        files: the spill files.
    """
    holder = locked_by(database)
    if holder is not None:
        return f"process {holder or 'of another namespace'} has the database open"
    return _opened(database, files)


def remove_orphans(database: str, directory: str, files: Sequence[SpillFile]) -> tuple[list[str], int]:
    """Remove spill files while the database is kept closed for everybody.

    DuckDB locks its file before it uses it; while this holds the lock, no process can begin to spill.

    Args:
        database: that they belong to.
        directory: that holds them.
        files: as they were judged; one that is different now stays.

    Returns:
        Names that were removed, and their bytes.

    Raises:
        RunbooksError: the database was opened since.
    """
    removed, size = [], 0
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with exclusive(database):
            reason = _opened(database, files)
            if reason:
                raise RunbooksError(f"Nothing was removed: {reason}", "Wait until the run is done")
            for one in files:
                try:
                    status = os.stat(one.name, dir_fd=handle, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if (status.st_dev, status.st_ino, status.st_mtime_ns) != one.identity:
                    continue
                os.unlink(one.name, dir_fd=handle)
                removed.append(one.name)
                size += one.size_bytes
    finally:
        os.close(handle)
    return removed, size


def log_proof(patterns: Sequence[str], line_pattern: str, directory: str) -> dict[str, Any]:
    """Look in the newest run log for the line that proves where DuckDB spills.

    Args:
        patterns: files and globs of run logs.
        line_pattern: regular expression whose first group is the directory.
        directory: where it should be.

    Returns:
        ``state`` (``proven``, ``differs``, ``missing`` when the newest log has no such line, ``no_log``), ``log``,
        ``said``.
    """
    logs = []
    for pattern in patterns:
        try:
            logs += [(os.stat(path).st_mtime_ns, path) for path in expand(pattern, lambda: False)]
        except (CheckError, OSError):
            continue
    if not logs:
        return {"state": "no_log", "log": None, "said": None}
    path = max(logs)[1]
    with open(path, "rb") as file:
        text = file.read(_LOG_BYTES).decode("utf-8", "replace")
    said = re.findall(line_pattern, text, re.MULTILINE)
    if not said:
        return {"state": "missing", "log": path, "said": None}
    last = said[-1].strip()
    same = os.path.realpath(last) == os.path.realpath(directory)
    return {"state": "proven" if same else "differs", "log": path, "said": last}


def _opened(database: str, files: Sequence[SpillFile]) -> str:
    # Nothing is opened here: closing the database would end the lock that this process may have on it.
    status = os.stat(database)
    handles = handles_of({(status.st_dev, status.st_ino), *(one.identity[:2] for one in files)})
    for holders in handles.holders.values():
        return f"process {holders[0].pid} has the database or a spill file open"
    return "not every process could be asked; run as root" if handles.unseen else ""
