# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A corrupt database on its way to a new one: copied aside with evidence, swapped by rename, put back if need be.

Each step is written down before it is taken, in one small file beside the copies. Whatever an interruption leaves, the
copy aside has every byte of the damaged database, and the next run goes on from there.
"""

from __future__ import annotations

import json
import os
import stat
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Mapping

from .errors import RunbooksError
from .gzip_file import synchronise_folder
from .restore_exchange import put_in_place
from .sqlite_salvage import salvage, take_over_owner

#: Phases of a recovery, in their order; those of ``UNFINISHED`` are gone on with.
NONE, KEPT, READY, SWAPPING, SWAPPED, ACCEPTED, UNDONE = (
    "none",
    "kept",
    "ready",
    "swapping",
    "swapped",
    "accepted",
    "undone",
)
UNFINISHED = (KEPT, READY, SWAPPING, SWAPPED)
SALVAGE, RESET, RESTORE = "salvage", "reset", "restore"
SIDECARS = {"sqlite": ("-wal", "-shm", "-journal"), "duckdb": (".wal",)}
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Place:
    """Where a database is, and where what is kept of it goes.

    Args:
        path: the database.
        type: ``sqlite`` or ``duckdb``.
        directory: for copies, evidence and the record; made when it is missing.
    """

    path: str
    type: str
    directory: str

    @property
    def record(self) -> str:
        """Path of the record."""
        return os.path.join(self.directory, os.path.basename(self.path) + ".recovery.json")

    @property
    def new(self) -> str:
        """Path of the new database before it is put into place."""
        return self.path + ".recovered"


@dataclass(frozen=True)
class Record:
    """How far a recovery is.

    Args:
        phase: one of the phases.
        by: ``salvage``, ``reset`` or ``restore``; empty before that is decided.
        aside: directory with the copy and the evidence.
        kept: name of the damaged database beside the new one.
        started: time of its beginning, UTC.
        report: of the salvage; of a DuckDB, which tables were exported.
    """

    phase: str = NONE
    by: str = ""
    aside: str = ""
    kept: str = ""
    started: str = ""
    report: dict[str, Any] = field(default_factory=dict)


def read_record(place: Place) -> Record:
    """Return how far the recovery of a database is.

    Raises:
        RunbooksError: the record cannot be understood.
    """
    try:
        with open(place.record, encoding="utf-8") as file:
            document = json.load(file)
        return Record(**{name: document[name] for name in Record.__dataclass_fields__})
    except FileNotFoundError:
        return Record()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunbooksError(
            f"{place.record} cannot be read: {error}", "Look at the copies beside it, then move it away"
        ) from None


def _write(place: Place, record: Record) -> Record:
    partial = place.record + ".partial"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(record), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.rename(partial, place.record)
    synchronise_folder(place.record)
    return record


def keep(place: Place, evidence: Mapping[str, Any], by: str, now: float) -> Record:
    """Copy the database and its sidecars aside, with the evidence; what an interrupted run has copied stays as it is.

    Args:
        place: of the database; nobody may use it.
        evidence: what was found wrong with it.
        by: the way that was chosen.
        now: the clock, seconds since the epoch.

    Raises:
        RunbooksError: there is no room.
        OSError: such as a full disk.
    """
    record = read_record(place)
    if record.phase in UNFINISHED:
        # The files in place may be half swapped: only the first copy is of the database as it was.
        again = record.phase in (KEPT, READY)
        return _write(place, replace(record, by=by, phase=KEPT)) if again else record
    os.makedirs(place.directory, mode=0o700, exist_ok=True)
    names = [place.path, *(place.path + suffix for suffix in SIDECARS[place.type])]
    names = [name for name in names if _is_file(name)]
    needed = sum(os.stat(name).st_size for name in names)
    there = os.statvfs(place.directory)
    if there.f_bavail * there.f_frsize < needed:
        free = there.f_bavail * there.f_frsize
        raise RunbooksError(f"{free} bytes are free in {place.directory}, {needed} are needed", "Make room")
    stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(now))
    aside = os.path.join(place.directory, f"{os.path.basename(place.path)}.{stamp}")
    partial = aside + ".partial"
    _clear(partial)
    os.mkdir(partial, 0o700)
    files = {os.path.basename(name): _copy(name, os.path.join(partial, os.path.basename(name))) for name in names}
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    _write_json(os.path.join(partial, "evidence.json"), {**evidence, "path": place.path, "at": started, "files": files})
    synchronise_folder(os.path.join(partial, "evidence.json"))
    os.rename(partial, aside)
    synchronise_folder(aside)
    return _write(place, Record(KEPT, by, aside, f"{place.path}.corrupt-{stamp}", started))


def note_report(place: Place, report: Mapping[str, Any]) -> Record:
    """Write down what was made of a damaged database besides a new one."""
    return _write(place, replace(read_record(place), report=dict(report)))


def prepare(place: Place, seconds: float, schema_from: str | None) -> Record:
    """Make the new database from the copy aside; for a reset there is nothing to make.

    Raises:
        RunbooksError: nothing could be salvaged.
        OSError: such as a full disk.
    """
    record = read_record(place)
    if record.phase != KEPT:
        return record
    if record.by != SALVAGE:
        return _write(place, replace(record, phase=READY))
    if os.path.lexists(place.new):
        os.unlink(place.new)
    copy = os.path.join(record.aside, os.path.basename(place.path))
    report = salvage(copy, place.new, seconds, schema_from)
    take_over_owner(copy, place.new)
    synchronise_folder(place.new)
    return _write(place, replace(record, phase=READY, report={**asdict(report), "complete": report.complete}))


def swap(place: Place) -> Record:
    """Put the new database into place, or nothing for a reset; the damaged one keeps another name beside it.

    The sidecars go first: beside the new database they would be written into it.

    Raises:
        OSError: what was done so far is written down.
    """
    record = read_record(place)
    if record.phase == READY:
        record = _write(place, replace(record, phase=SWAPPING))
    if record.phase != SWAPPING:
        return record
    if record.by == RESTORE:
        return _write(place, replace(record, phase=SWAPPED))
    waiting = os.path.lexists(place.new) if record.by == SALVAGE else not os.path.lexists(record.kept)
    if waiting:
        _move_sidecars(place, place.path, record.kept)
        if record.by == SALVAGE:
            put_in_place(place.new, place.path, record.kept, directory=False)
        elif os.path.lexists(place.path):
            os.rename(place.path, record.kept)
    synchronise_folder(place.path)
    return _write(place, replace(record, phase=SWAPPED))


def put_back(place: Place) -> Record:
    """Put the damaged database back into its place; what was made of it is kept beside it.

    Raises:
        OSError: what was done so far is written down.
    """
    record = read_record(place)
    if record.phase not in UNFINISHED:
        return record
    if record.phase in (SWAPPING, SWAPPED) and record.by != RESTORE:
        record = _write(place, replace(record, phase=SWAPPING))
        if os.path.lexists(record.kept):
            _move_sidecars(place, place.path, place.new)
            if os.path.lexists(place.path) and not os.path.samefile(place.path, record.kept):
                _clear(place.new)
                put_in_place(record.kept, place.path, place.new, directory=False)
            else:
                os.rename(record.kept, place.path)
        _move_sidecars(place, record.kept, place.path)
    return _write(place, replace(record, phase=UNDONE))


def accept(place: Place) -> Record:
    """Note that the new database was found to work."""
    record = read_record(place)
    return _write(place, replace(record, phase=ACCEPTED)) if record.phase in UNFINISHED else record


def _move_sidecars(place: Place, source: str, target: str) -> None:
    for suffix in SIDECARS[place.type]:
        if os.path.lexists(source + suffix):
            os.rename(source + suffix, target + suffix)
    synchronise_folder(target)


def _copy(source: str, target: str) -> dict[str, Any]:
    """Copy a file with its owner and mode, bring it to the disk, and say what it was."""
    import hashlib

    digest = hashlib.sha256()
    with open(source, "rb") as reading:
        status = os.fstat(reading.fileno())
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as writing:
            for block in iter(lambda: reading.read(_BLOCK_BYTES), b""):
                writing.write(block)
                digest.update(block)
            writing.flush()
            os.fsync(writing.fileno())
    os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode))
    modified = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(status.st_mtime))
    return {"bytes": status.st_size, "sha256": digest.hexdigest(), "modified": modified}


def _write_json(path: str, document: Mapping[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, default=str)
        file.flush()
        os.fsync(file.fileno())


def _clear(path: str) -> None:
    """Remove what an interrupted run has left: a file, or a directory of files."""
    if os.path.isdir(path) and not os.path.islink(path):
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        os.rmdir(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
