# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a retention plan: the same list that check mode shows, file by file."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Sequence

from .errors import CheckError, RunbooksError
from .gzip_file import FileChangedError, compress, synchronise_folder
from .open_handles import handles_of
from .redact import redact
from .retention import DELETE, Due, list_files, parse_roots, plan
from .zones import zone


@dataclass
class Plan:
    """What is due, and what is not although it is old.

    Attributes:
        due: in the order in which it is carried out.
        in_use: due, but open in some process.
        skipped: links, special files and other file systems.
        unseen: processes whose open files this user may not see.
    """

    due: list[Due] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unseen: int = 0


@dataclass
class Outcome:
    """What was done."""

    done: list[Due] = field(default_factory=list)
    freed_bytes: int = 0
    changed_meanwhile: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def make_plan(roots: Iterable[Mapping[str, Any]], now: float, timezone: str) -> Plan:
    """Look below the roots and return what is due.

    Raises:
        ProfileError: a root cannot be used.
        CheckError: a root cannot be read, or the zone is unknown.
    """
    there = zone(timezone)
    made = Plan()
    due: list[Due] = []
    for root in parse_roots(roots):
        listing = list_files(root)
        made.skipped += listing.skipped
        due += plan(root, listing.files, now, there)
    handles = handles_of({one.identity for one in due})
    made.unseen = handles.unseen
    taken = set()
    for one in due:
        # Two roots may overlap; the first one decides.
        if one.identity in handles.holders:
            made.in_use.append(one.path)
        elif one.path not in taken:
            taken.add(one.path)
            made.due.append(one)
    return made


def apply(due: Sequence[Due]) -> Outcome:
    """Delete and compress what is due; one file's failure does not keep the others."""
    outcome = Outcome()
    for one in due:
        try:
            if handles_of({one.identity}).holders:
                outcome.changed_meanwhile.append(one.path)
                continue
            if one.action == DELETE:
                _delete(one)
                outcome.freed_bytes += one.size_bytes
            else:
                outcome.freed_bytes += one.size_bytes - compress(one.path, one.identity).size_bytes
            outcome.done.append(one)
        except (FileChangedError, FileNotFoundError):
            outcome.changed_meanwhile.append(one.path)
        except (RunbooksError, OSError) as error:
            outcome.failed[one.path] = str(error)
    return outcome


def _delete(one: Due) -> None:
    """Delete exactly the file that was planned: the folder is held open, so that no link can take its place."""
    folder, name = os.path.split(one.path)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        same = (status.st_dev, status.st_ino) == one.identity and status.st_mtime == one.modified
        if not stat.S_ISREG(status.st_mode) or not same:
            raise FileChangedError(f"{one.path} is not the file it was")
        os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    synchronise_folder(one.path)


def shown(due: Iterable[Due]) -> list[dict[str, Any]]:
    """Return the plan as plain values, for people and for the record."""
    return [
        {
            "path": redact(one.path),
            "action": one.action,
            "class": one.class_name,
            "bytes": one.size_bytes,
            "age_days": round(one.age_days, 1),
        }
        for one in due
    ]


def difference(due: Iterable[Due]) -> dict[str, str]:
    """Return the file names before and after, as Ansible shows a difference."""
    listed = sorted(due, key=lambda one: one.path)
    before = [f"{one.path}\n" for one in listed]
    after = [f"{one.path}.gz\n" for one in listed if one.action != DELETE]
    return {"before": "".join(before), "after": "".join(after)}


def explain(error: Exception) -> str:
    """Return one line for an error of the library."""
    if isinstance(error, CheckError):
        fields = ", ".join("{} {}".format(*pair) for pair in sorted(error.fields.items()))
        return "{}: {}".format(error.reason_id.replace("_", " ").capitalize(), fields)
    return str(error)
