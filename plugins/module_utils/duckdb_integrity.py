# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this a whole DuckDB database, and is its write-ahead log? Any bytes are an answer; nothing on the disk changes.

Two ways of looking complete each other. All blocks are compared with their checksums, which finds damage in an index
that no query reads; and every value is read by the application's own DuckDB, which finds what was written wrongly.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Iterator, Sequence

from . import duckdb_file, duckdb_wal
from .duckdb_inspection import MESSAGES, DuckdbInspection
from .duckdb_scan import Scan, scan_file
from .errors import CheckError
from .probe import Context, open_regular
from .scratch_directory import LeftBehindError, scratch_directory

DEFAULT_COPY_LIMIT_BYTES = 256 * 1024 * 1024
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_COPY_BLOCK_BYTES = 1024 * 1024
_SPARE_BYTES = 64 * 1024 * 1024
_ATTEMPTS = 3
_FLOCK = "hhqqi"
_VERDICT_OF_FAULT = {"file_missing": "missing", "not_a_regular_file": "not_a_regular_file"}


@dataclass(frozen=True)
class _Question:
    path: str
    python: str
    tables: tuple[str, ...]
    copy_limit_bytes: int
    context: Context


def inspect(
    path: str,
    python: str,
    context: Context,
    tables: Sequence[str] = (),
    copy_limit_bytes: int = DEFAULT_COPY_LIMIT_BYTES,
) -> DuckdbInspection:
    """Look at a DuckDB database without changing it or its write-ahead log.

    A database up to the limit is copied to the temporary directory, and the copy is scanned: an application that starts
    in the meantime is not kept out. A larger one is scanned in place, read-only, which holds DuckDB's shared lock.

    Args:
        path: the file; anything may be there.
        python: the application's interpreter, which has ``duckdb``.
        context: bounds the time.
        tables: names of tables or views that must exist, with or without their schema.
        copy_limit_bytes: largest database, its log included, that is copied.
    """
    begun = time.monotonic()
    question = _Question(os.path.realpath(path), python, tuple(tables), copy_limit_bytes, context)
    seen = DuckdbInspection(path, "unreadable")
    try:
        for _attempt in range(_ATTEMPTS):
            before = _fingerprint(question.path)
            found = _look(seen, question)
            if before == _fingerprint(question.path):
                break
        else:
            found = replace(found, verdict="changed_meanwhile", messages=("somebody wrote to it during the look",))
    except CheckError as fault:
        verdict = _VERDICT_OF_FAULT.get(fault.reason_id, "")
        if fault.reason_id == "duckdb_interpreter_missing":
            verdict = "interpreter_missing"
        found = replace(seen, verdict=verdict or "unreadable", messages=(fault.reason_id.replace("_", " "),))
    except TimeoutError:
        found = replace(seen, verdict="budget_exceeded", messages=("the time was over while the file was read",))
    except (OSError, ValueError) as error:
        found = replace(seen, verdict="unreadable", messages=(str(error)[:300],))
    seconds = round(time.monotonic() - begun, 3)
    return replace(found, messages=found.messages[:MESSAGES], seconds=seconds)


def holder_of(path: str) -> int | None:
    """Return the process that has the database open for writing, without waiting and without locking anything.

    Raises:
        OSError: the file cannot be opened.
    """
    import fcntl
    import struct

    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return None  # A file system without locks: nobody holds one.
    finally:
        os.close(descriptor)
    kind, _whence, _start, _length, pid = struct.unpack(_FLOCK, answer)
    return None if kind == fcntl.F_UNLCK else int(pid)


def _look(seen: DuckdbInspection, question: _Question) -> DuckdbInspection:
    path = question.path
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        wal_bytes = _size(path + ".wal")
        seen = replace(seen, size_bytes=size, wal_bytes=wal_bytes or 0)
        pid = holder_of(path)
        if pid is not None:
            return replace(seen, verdict="in_use", pid=pid, messages=(f"process {pid} has it open for writing",))
        data = file.read(duckdb_file.BLOCKS_AT)
        if not data:
            return replace(seen, verdict="empty")
        if not duckdb_file.MAGIC.startswith(data[8:12]):
            return replace(seen, verdict="not_a_database", messages=("it has no mark of a DuckDB database",))
        if len(data) < duckdb_file.BLOCKS_AT:
            return replace(seen, verdict="truncated", messages=(f"it ends after {size} bytes, within its headers",))
        try:
            header = duckdb_file.parse_headers(data)
        except duckdb_file.FormatError as error:
            return replace(seen, verdict="corrupt", messages=(str(error),))
        seen = replace(seen, storage_version=header.version, block_count=header.block_count)
        if duckdb_file.lost_blocks(file, header, size):
            message = f"the file has {size} bytes, its {header.block_count} blocks need {header.expected_bytes()}"
            return replace(seen, verdict="truncated", messages=(message,))
        damaged = list(duckdb_file.damaged_blocks(file, header, lambda: question.context.remaining() > 0))
    seen = replace(seen, damaged_blocks=len(damaged))
    wal = _read_wal(path + ".wal", wal_bytes)
    try:
        found = _scanned(seen, question, wal)
    except LeftBehindError as left:
        if not damaged:
            raise
        found = replace(seen, verdict="corrupt", messages=(str(left),))
    if damaged and found.verdict not in ("other_version", "corrupt"):
        # A block of an index, or of something else that no column is stored in.
        found = replace(found, verdict="corrupt")
    if damaged:
        numbers = ", ".join(str(number) for number in damaged[:10])
        line = f"{len(damaged)} of {header.block_count} blocks have a wrong checksum: {numbers}"
        found = replace(found, messages=(line, *found.messages))
    return found


def _read_wal(path: str, size: int | None) -> duckdb_wal.Wal:
    if size is None:
        return duckdb_wal.Wal(duckdb_wal.NONE)
    if size > _WAL_LIMIT_BYTES:
        return duckdb_wal.Wal(duckdb_wal.OTHER_FORMAT, message=f"its {size} bytes were only read by DuckDB")
    with open_regular(path) as file:
        return duckdb_wal.parse_wal(file.read())


def _scanned(seen: DuckdbInspection, question: _Question, wal: duckdb_wal.Wal) -> DuckdbInspection:
    """Scan the database with its log; when the log is unusable, without it."""
    lines: tuple[str, ...] = (f"the write-ahead log: {wal.message}",) if wal.message else ()
    with_log = wal.state not in (duckdb_wal.NONE, duckdb_wal.CORRUPT)
    found = _scan(question, with_log)
    verdict, state = found.verdict, {duckdb_wal.NONE: "none", duckdb_wal.TORN: "torn"}.get(wal.state, "replayable")
    if found.verdict == "replay_failed":
        # Every entry is whole, and yet it does not fit: it belongs to another database, or to another state of it.
        verdict, state = ("wal_foreign", "foreign") if wal.state == duckdb_wal.WHOLE else ("wal_corrupt", "corrupt")
        lines += found.messages[:1]
        found = _scan(question, False)
    elif wal.state == duckdb_wal.CORRUPT:
        verdict, state = "wal_corrupt", "corrupt"
    if verdict.startswith("wal_"):
        alone = "the file without its log is whole" if found.verdict == "ok" else f"without its log: {found.verdict}"
        lines += (alone,)
        verdict = found.verdict if found.verdict in ("other_version", "corrupt") else verdict
    elif verdict == "ok" and wal.state == duckdb_wal.TORN:
        verdict = "wal_torn"
    return _judged(
        replace(
            seen,
            verdict="scan_crashed" if verdict == "crashed" else verdict,
            messages=(*lines, *found.messages),
            wal_state=state if verdict not in ("other_version", "in_use") else None,
            wal_transactions=wal.transactions if wal.state != duckdb_wal.OTHER_FORMAT else None,
            pid=found.pid,
            duckdb_version=found.duckdb_version,
            way="in_place" if _in_place(question) else "copy",
        ),
        question,
        found,
    )


def _judged(seen: DuckdbInspection, question: _Question, found: Scan) -> DuckdbInspection:
    names = {*found.rows, *found.damaged_tables, *found.views}
    names |= {name.partition(".")[2] for name in (*found.rows, *found.damaged_tables)}
    missing = tuple(name for name in question.tables if name not in names)
    seen = replace(seen, rows=found.rows, damaged_tables=found.damaged_tables)
    if seen.verdict in ("ok", "wal_torn") and missing:
        return replace(seen, verdict="tables_missing", missing_tables=missing, messages=(*missing, *seen.messages))
    return seen


def _scan(question: _Question, with_log: bool) -> Scan:
    found = None
    try:
        with _scan_target(question, with_log) as target:
            found = scan_file(question.python, target, question.context)
    except LeftBehindError as left:
        # What is wrong with the database is said first. Nothing is well while a copy of its data lies about.
        if found is None or found.verdict == "ok":
            raise
        found = replace(found, messages=(*found.messages[: MESSAGES - 1], str(left)))
    return found


@contextmanager
def _scan_target(question: _Question, with_log: bool) -> Iterator[str]:
    """Give the path that DuckDB opens: the database itself, a copy of it, or a link that has no log beside it."""
    in_place = _in_place(question)
    if in_place and with_log:
        yield question.path
        return
    with scratch_directory("aiops-duckdb-") as directory:
        target = os.path.join(directory, "copy.duckdb")
        if in_place:
            os.symlink(question.path, target)
        else:
            _copy(question.path, target, question.context)
            if with_log:
                _copy(question.path + ".wal", target + ".wal", question.context)
        yield target


def _in_place(question: _Question) -> bool:
    import tempfile

    needed = (_size(question.path) or 0) + (_size(question.path + ".wal") or 0)
    if needed > question.copy_limit_bytes:
        return True
    there = os.statvfs(tempfile.gettempdir())
    return there.f_bavail * there.f_frsize < needed + _SPARE_BYTES


def _copy(source: str, target: str, context: Context) -> None:
    with open_regular(source) as reading, open(target, "xb") as writing:
        block = reading.read(_COPY_BLOCK_BYTES)
        while block:
            if not context.remaining():
                raise TimeoutError(source)
            writing.write(block)
            block = reading.read(_COPY_BLOCK_BYTES)


def _size(path: str) -> int | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _fingerprint(path: str) -> tuple[int, ...]:
    figures: list[int] = []
    for name in (path, path + ".wal"):
        try:
            status = os.stat(name)
            figures += [status.st_ino, status.st_size, status.st_mtime_ns]
        except OSError:
            figures += [0, 0, 0]
    return tuple(figures)
