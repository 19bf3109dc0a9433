# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup sets on disk: which directories are sets, when they were made, and what each of them lacks."""

from __future__ import annotations

import os
import re
import stat
import time
from dataclasses import dataclass
from typing import Any, Callable

from .errors import CheckError
from .file_tree import measure
from .probe import unreadable
from .sqlite_file import inspect
from .zones import days_of, zone

ITEM_TYPES = ("sqlite", "file", "directory")


@dataclass(frozen=True)
class BackupSet:
    """One set: a directory whose name says when it was made.

    Args:
        name: of the directory.
        path: of the directory.
        made: seconds since the epoch, from the name; the modification time changes when somebody looks in.
    """

    name: str
    path: str
    made: float


@dataclass(frozen=True)
class ItemFault:
    """What is wrong with one item of a set.

    Args:
        item: its name in the profile.
        fault: ``missing``, ``wrong_kind``, ``too_small``, ``changed``, ``damaged`` or ``not_checked``.
        detail: a few words for the evidence.
    """

    item: str
    fault: str
    detail: str = ""

    @property
    def certain(self) -> bool:
        """Whether the item is known to be bad; otherwise it could only not be looked at."""
        return self.fault != "not_checked"


def find_sets(root: str, name_pattern: str, name_format: str, timezone: str) -> tuple[list[BackupSet], list[str]]:
    """Return the sets below a directory, newest first, and the names that look like sets and are none.

    Args:
        root: the directory that holds the sets; itself never a set, whatever its name.
        name_pattern: regular expression for the whole name.
        name_format: how the name is read as local time, in the terms of ``strptime``.
        timezone: IANA name of the zone of that time.

    Raises:
        CheckError: the root cannot be read, or the pattern is not a regular expression.
    """
    try:
        pattern = re.compile(name_pattern)
    except re.error as error:
        raise CheckError("backup_pattern_invalid", pattern=name_pattern, error=str(error)) from None
    sets: list[BackupSet] = []
    strange: list[str] = []
    try:
        with os.scandir(root) as listing:
            entries = [(entry.name, entry.path, entry.is_dir(follow_symlinks=False)) for entry in listing]
    except OSError as error:
        fault = unreadable(root, error)
        if fault.reason_id == "file_missing":
            raise CheckError("backup_root_missing", state="critical", path=root) from None
        raise fault from None
    for name, path, is_directory in entries:
        if not pattern.fullmatch(name):
            continue
        made = read_name(name, name_format, timezone)
        if made is None or not is_directory:
            strange.append(f"{name}: not a {'date' if made is None else 'directory'}")
        else:
            sets.append(BackupSet(name, path, made))
    return sorted(sets, key=lambda one: (one.made, one.name), reverse=True), sorted(strange)


def read_name(name: str, name_format: str, timezone: str) -> float | None:
    """Return the time in a set's name, seconds since the epoch; None when it is not a date of that format."""
    try:
        read = time.strptime(name, name_format)
    except ValueError:
        return None
    days = days_of(read.tm_year, read.tm_mon, read.tm_mday)
    return zone(timezone).epoch(days * 86400 + read.tm_hour * 3600 + read.tm_min * 60 + min(read.tm_sec, 59))


def faults_of(
    directory: str, items: list[dict[str, Any]], remaining: Callable[[], float], integrity: bool
) -> list[ItemFault]:
    """Look at each item of a set and return what is wrong, in the order of the items.

    Args:
        directory: the set.
        items: name, type and minimum_bytes of each.
        remaining: seconds that are left.
        integrity: whether databases are opened; otherwise only their presence and size count.
    """
    found = [_fault_of(directory, item, remaining, integrity) for item in items]
    return [fault for fault in found if fault is not None]


def _fault_of(
    directory: str, item: dict[str, Any], remaining: Callable[[], float], integrity: bool
) -> ItemFault | None:
    name, kind = item["name"], item.get("type") or "file"
    if os.path.isabs(name) or ".." in name.split("/"):
        return ItemFault(name, "not_checked", "its name leads out of the set")
    path = os.path.join(directory, name)
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ItemFault(name, "missing")
    except OSError as error:
        return ItemFault(name, "not_checked", os.strerror(error.errno or 0))
    right = stat.S_ISDIR(status.st_mode) if kind == "directory" else stat.S_ISREG(status.st_mode)
    if not right:
        # A link is not a copy: what it leads to is lost together with the original.
        return ItemFault(name, "wrong_kind", "a link" if stat.S_ISLNK(status.st_mode) else f"not a {kind}")
    return _size_fault(path, item, kind, status.st_size, remaining) or (
        _damage(path, name, remaining) if kind == "sqlite" and integrity else None
    )


def _size_fault(
    path: str, item: dict[str, Any], kind: str, size: int, remaining: Callable[[], float]
) -> ItemFault | None:
    # An empty file is not a backup of anything; an empty directory may well be.
    minimum = item.get("minimum_bytes")
    least = minimum if minimum is not None else (0 if kind == "directory" else 1)
    if kind == "directory":
        try:
            if least == 0:
                os.scandir(path).close()
                return None
            tree = measure(path, lambda: remaining() <= 0)
        except CheckError as fault:
            return ItemFault(item["name"], "not_checked", fault.reason_id)
        except OSError as error:
            return ItemFault(item["name"], "not_checked", os.strerror(error.errno or 0))
        size = tree.size_bytes
        if size < least and not (tree.finished and tree.unreadable == 0):
            return ItemFault(item["name"], "not_checked", f"only {size} bytes could be counted")
    if size >= least:
        return None
    return ItemFault(item["name"], "too_small", f"{size} bytes, at least {least} expected")


def _damage(path: str, name: str, remaining: Callable[[], float]) -> ItemFault | None:
    seen = inspect(path, depth="quick", foreign_keys=False, time_budget_seconds=max(0.1, remaining() - 0.3))
    if seen.verdict == "ok":
        return None
    certain = seen.verdict in ("missing", "is_directory", "empty", "not_a_database", "truncated", "corrupt")
    detail = "; ".join([seen.verdict, *seen.messages[:2]])
    return ItemFault(name, "damaged" if certain else "not_checked", detail)
