# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many copies stay of what is kept at every change: old configurations, evidence of restarts."""

from __future__ import annotations

import calendar
import os
import re
import time
from typing import Collection, Sequence

from . import config_file
from .errors import RunbooksError
from .mount_points import lies_behind, mount_points

_DAY = 86400.0
_STAMP = re.compile(r"(\d{8})[T_](\d{6})")
_EVIDENCE = re.compile(r"\d{8}_\d{6}_\w[\w.-]*")
#: A directory whose removal was interrupted.
_TRASH = ".trash-"


def over_bounds(names: Sequence[str], keep: int, days: float, now: float, needed: Collection[str]) -> list[str]:
    """Return what goes: all but the newest, and what is too old.

    Args:
        names: paths with the time they were made in their names, the newest first.
        keep: how many stay; 0 for any number.
        days: how old one may be; 0 for any age.
        now: seconds since the epoch.
        needed: those that stay in any case.
    """
    due = []
    for place, name in enumerate(names):
        made = _made(os.path.basename(name))
        if name in needed or made is None:
            continue
        if (keep and place >= keep) or (days and now - made > days * _DAY):
            due.append(name)
    return due


def due_configurations(
    path: str, old: bytes, new: bytes, keep: int, days: float, now: float, needed: Collection[str] = ()
) -> list[str]:
    """Return the kept configurations that go when a file is replaced now; those that a way back needs stay.

    Args:
        path: the configuration file.
        old: what it holds before; kept under :func:`config_file.kept_name`.
        new: what it holds then.
        keep: how many stay, that of now included; 0 for any number.
        days: how old one may be; 0 for any age.
        now: seconds since the epoch.
        needed: those that something else names.

    Raises:
        RunbooksError: they cannot be listed.
    """
    newest = config_file.kept_name(path, now)
    names = [newest, *(one for one in config_file.backups_of(path) if one != newest)]
    # A way back on demand leads to the newest that differs; it may be one of those before.
    previous = newest if old != new else next((one for one in names[1:] if _holds_other(one, new)), newest)
    return over_bounds(names, keep, days, now, {newest, previous, *needed})


def remove_files(paths: Sequence[str]) -> list[str]:
    """Remove files; return those that could not be, with why. They are due again the next time."""
    problems = []
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
    return problems


def due_evidence(directory: str, keep: int, days: float, now: float) -> list[str]:
    """Return the directories of evidence that go when one more is made now.

    Args:
        directory: that holds them; what is no directory with such a name is none of them, and no link is followed.
        keep: how many stay, the new one included; 0 for any number.
        days: how old one may be; 0 for any age.
        now: seconds since the epoch.
    """
    try:
        with os.scandir(directory) as entries:
            points = mount_points()
            found = [
                entry.path
                for entry in entries
                if _EVIDENCE.fullmatch(entry.name.replace(_TRASH, "", 1))
                and entry.is_dir(follow_symlinks=False)
                and not lies_behind(os.path.realpath(entry.path), points)
            ]
    except OSError:
        # It is made by this very call.
        return []
    interrupted = sorted(path for path in found if os.path.basename(path).startswith(_TRASH))
    names = sorted((path for path in found if path not in interrupted), reverse=True)
    return [*interrupted, *over_bounds(names, keep - 1 if keep > 1 else keep, days, now, names[:0])]


def remove_directories(paths: Sequence[str]) -> list[str]:
    """Remove directories, each renamed before; return those that could not be, with why."""
    import shutil

    problems = []
    for path in paths:
        folder, name = os.path.split(path)
        trash = path if name.startswith(_TRASH) else os.path.join(folder, _TRASH + name)
        try:
            if trash != path:
                os.rename(path, trash)
            shutil.rmtree(trash)
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
    return problems


def _holds_other(path: str, content: bytes) -> bool:
    try:
        return config_file.read(path) != content
    except RunbooksError:
        return True


def _made(name: str) -> float | None:
    """Return when a copy was made, by its name, in seconds since the epoch; None when its name does not say it."""
    found = _STAMP.findall(name)
    if not found:
        return None
    try:
        return float(calendar.timegm(time.strptime("".join(found[-1]), "%Y%m%d%H%M%S")))
    except ValueError:
        return None
