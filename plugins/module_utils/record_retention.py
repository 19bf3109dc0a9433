# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that were kept long enough go out of rotated JSON logs, each class by its own time (DIY-22).

One file holds records of several classes; the file goes when its longest class is over, its records before that. What
cannot be read, or has no time, stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from dataclasses import dataclass, field
from typing import IO, Any, Callable, Iterator, Mapping, Sequence

from .errors import CheckError, ProfileError
from .file_tree import expand
from .gzip_file import FileChangedError, copy_attributes, synchronise_folder
from .logs.jsonl_rules import equals, value_at
from .logs.timestamps import TimestampReader
from .mount_points import mount_points, strays
from .open_handles import handles_of

_DAY = 86400.0
PARTIAL_SUFFIX = ".partial"
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class RecordClass:
    """One class of records: all of ``key_equals`` hold or the message begins with one of ``message_prefixes``.

    A class with neither takes every record.
    """

    name: str
    keep_days: float
    key_equals: Mapping[str, Any] = field(default_factory=dict)
    message_prefixes: Sequence[str] = ()


@dataclass(frozen=True)
class Rules:
    """How records are told apart, and by which keys their time and message are known."""

    classes: Sequence[RecordClass]
    timestamp_keys: Sequence[str]
    message_key: str
    reader: TimestampReader


@dataclass
class Counted:
    """What is in a file: lines and bytes that stay, by class; lines and bytes that go, by class."""

    kept: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    removed_bytes: int = 0


@dataclass(frozen=True)
class Due:
    """A file with records that were kept long enough."""

    path: str
    identity: tuple[int, int]
    modified_ns: int
    size_bytes: int
    counted: Counted


@dataclass
class Plan:
    """Files that are due, those that somebody writes to, and how many processes could not be asked."""

    due: list[Due] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    read: int = 0
    unseen: int = 0


def parse_classes(given: Sequence[Mapping[str, Any]]) -> list[RecordClass]:
    """Return the classes that a profile states.

    Raises:
        ProfileError: one keeps its records for no time, or stands behind one that takes every record.
    """
    classes: list[RecordClass] = []
    for one in given:
        if classes and not (classes[-1].key_equals or classes[-1].message_prefixes):
            raise ProfileError(
                f"Class {classes[-1].name} takes every record, so that {one['name']} never gets one",
                "Move it to the end",
            )
        if float(one["keep_days"]) <= 0:
            raise ProfileError(f"Class {one['name']} keeps its records for {one['keep_days']} days", "Give more than 0")
        classes.append(
            RecordClass(
                one["name"], float(one["keep_days"]), one.get("key_equals") or {}, one.get("message_prefixes") or ()
            )
        )
    return classes


def decide(rules: Rules, now: float) -> Callable[[bytes], tuple[str, bool]]:
    """Return a function that tells a line's class and whether it was kept long enough."""
    tests = [(one, {key: equals(value) for key, value in one.key_equals.items()}) for one in rules.classes]

    def decided(line: bytes) -> tuple[str, bool]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return UNREADABLE, False
        if not isinstance(record, dict):
            return UNREADABLE, False
        times = (rules.reader.epoch(value_at(record, key)) for key in rules.timestamp_keys)
        written = next((time for time in times if time is not None), None)
        if written is None:
            return UNREADABLE, False
        message = str(value_at(record, rules.message_key) or "")
        for one, keys in tests:
            by_keys = bool(keys) and all(test(value_at(record, key)) for key, test in keys.items())
            everything = not keys and not one.message_prefixes
            if by_keys or everything or any(message.startswith(prefix) for prefix in one.message_prefixes):
                return one.name, now - written > one.keep_days * _DAY
        return "other", False

    return decided


def make_plan(paths: Sequence[str], keep_newest: int, decided: Callable[[bytes], tuple[str, bool]]) -> Plan:
    """Read the rotated files and return which ones have records that go.

    Args:
        paths: files and globs.
        keep_newest: so many files of each glob, those written to last, are left alone.
        decided: from :func:`decide`.

    Raises:
        CheckError: a folder or a file cannot be read.
    """
    plan = Plan()
    rotated: dict[str, os.stat_result] = {}
    points = mount_points()
    for pattern in paths:
        found = {path: os.lstat(path) for path in expand(pattern, lambda: False) if not path.endswith(PARTIAL_SUFFIX)}
        plain = {
            path: status
            for path, status in found.items()
            if stat.S_ISREG(status.st_mode) and not strays(pattern, path, points)
        }
        newest = sorted(plain, key=lambda path: (plain[path].st_mtime_ns, path), reverse=True)
        rotated.update({path: plain[path] for path in newest[keep_newest:]})
    handles = handles_of({(status.st_dev, status.st_ino) for status in rotated.values()})
    plan.unseen = handles.unseen
    for path, status in sorted(rotated.items()):
        if handles.holders.get((status.st_dev, status.st_ino)):
            plan.in_use.append(path)
            continue
        counted = Counted()
        with _opened(path) as file:
            for _line in _staying(file, decided, counted):
                pass
        plan.read += 1
        if counted.removed:
            identity = (status.st_dev, status.st_ino)
            plan.due.append(Due(path, identity, status.st_mtime_ns, status.st_size, counted))
    return plan


def apply(one: Due, decided: Callable[[bytes], tuple[str, bool]]) -> int:
    """Rewrite a file without the records that go: beside, read back, then renamed; remove it when nothing is left.

    Returns:
        By how many bytes it became smaller.

    Raises:
        FileChangedError: it is not, or not any more, what the plan saw; it is as it was.
        OSError: such as a full disk; the file is as it was.
    """
    partial = one.path + PARTIAL_SUFFIX
    _refuse_changed(one)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    try:
        counted = Counted()
        digest = _rewrite(one.path, partial, decided, counted)
        if counted.removed != one.counted.removed or _digest(partial) != digest:
            raise FileChangedError(f"{one.path} did not read back as it was written")
        _refuse_changed(one)
        if counted.kept:
            after = os.stat(partial).st_size
            os.replace(partial, one.path)
        else:
            after = 0
            os.unlink(one.path)
        synchronise_folder(one.path)
        return one.size_bytes - after
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)


def _rewrite(source: str, target: str, decided: Callable[[bytes], tuple[str, bool]], counted: Counted) -> str:
    import gzip

    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        status = os.stat(source)
        packed = (
            gzip.GzipFile(os.path.basename(source)[:-3], "wb", 6, raw, status.st_mtime) if _is_gzip(source) else None
        )
        with _opened(source) as file:
            for line in _staying(file, decided, counted):
                digest.update(line)
                (packed or raw).write(line)
        if packed:
            packed.close()
        raw.flush()
        copy_attributes(source, raw.fileno(), status)
        os.fsync(raw.fileno())
    return digest.hexdigest()


def _staying(file: Any, decided: Callable[[bytes], tuple[str, bool]], counted: Counted) -> Iterator[bytes]:
    """Yield the lines that stay, and count all of them."""
    for line in file:
        name, over = decided(line)
        if over:
            counted.removed[name] = counted.removed.get(name, 0) + 1
            counted.removed_bytes += len(line)
        else:
            counted.kept[name] = counted.kept.get(name, 0) + 1
            yield line


def _refuse_changed(one: Due) -> None:
    status = os.lstat(one.path)
    seen = ((status.st_dev, status.st_ino), status.st_mtime_ns, status.st_size)
    if seen != (one.identity, one.modified_ns, one.size_bytes) or handles_of({one.identity}).holders:
        raise FileChangedError(f"{one.path} is not what it was, or somebody has it open")


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with _opened(path, path[: -len(PARTIAL_SUFFIX)]) as file:
        for line in file:
            digest.update(line)
    return digest.hexdigest()


def _is_gzip(path: str) -> bool:
    return path.endswith(".gz")


@contextlib.contextmanager
def _opened(path: str, name: str | None = None) -> Iterator[Any]:
    import gzip
    import zlib

    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as raw:
        stream: IO[bytes] | Any = gzip.GzipFile(fileobj=raw) if _is_gzip(name or path) else raw
        try:
            yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CheckError("file_unreadable", path=path, error=str(error)) from None
