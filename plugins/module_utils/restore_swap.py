# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put restored data into place, and old data back; every step is found again by the next run."""

from __future__ import annotations

import os
import time
from typing import Sequence

from .errors import RunbooksError
from .gzip_file import synchronise_folder
from .restore_carry import carry_over
from .restore_exchange import put_in_place
from .restore_journal import (
    ACCEPTED,
    HALF_WAY,
    STAGED,
    SWAPPED,
    SWAPPING,
    UNDOING,
    UNDONE,
    UNTOUCHED,
    Journal,
    Placement,
    save,
)
from .restore_sidecars import SUFFIXES, refuse_when_open, settle, sidecars


def swap(directory: str, journal: Journal) -> Journal:
    """Put everything that was unpacked into place; the service must be stopped.

    Args:
        directory: of the journal.
        journal: a restore whose data is unpacked and verified.

    Raises:
        RunbooksError: it is not at that point, or a database is still in use; nothing has changed.
        OSError: such as a full disk; :func:`put_back` goes back to the old data.
    """
    if journal.phase != STAGED:
        raise RunbooksError(f"The restore {journal.id} is {journal.phase}, not {STAGED}", "Run restore again")
    for one in journal.placements:
        if inode(one.staged) != one.new:
            raise RunbooksError(f"{one.staged} is not what was unpacked and verified", "Run restore again")
        if inode(one.target) != one.old:
            raise RunbooksError(f"{one.target} was replaced while it was being restored", "Run restore again")
        _refuse_when_open(one)
    journal = _noted(directory, journal.to(SWAPPING))
    for one in journal.placements:
        # With the service stopped the old data becomes whole by itself, so that it is old, then new, in one step.
        _move_sidecars(settle(one.kind, one.target, one.python), one.target, one.kept)
        carry_over(one)
        put_in_place(one.staged, one.target, one.kept, one.directory)
    return _noted(directory, journal.to(SWAPPED))


def reject(directory: str, journal: Journal) -> Journal:
    """Note that the restored data does not work: whatever happens from here on, the old data comes back first."""
    return _noted(directory, journal.to(UNDOING))


def put_back(directory: str, journal: Journal) -> Journal:
    """Go back to the old data, from wherever the restore is; the service must be stopped.

    What was restored is kept beside it: an application may have written to it. Once begun this can be interrupted and
    repeated like everything else.

    Raises:
        RunbooksError: there is nothing to go back to, the old data is gone, or a database is in use.
        OSError: such as a full disk; repeat it.
    """
    if journal.phase in UNTOUCHED:
        discard(journal.placements)
        return _noted(directory, journal.to(UNDONE, ended=time.time()))
    if journal.phase not in (*HALF_WAY, SWAPPED, ACCEPTED):
        raise RunbooksError(f"The restore {journal.id} is {journal.phase}", "There is nothing to put back")
    for one in journal.placements:
        if one.old is not None and _place_of_old(one) is None:
            raise RunbooksError(f"The old data of {one.target} is not at {one.kept} any more", "Restore an older set")
        _refuse_when_open(one)
    journal = _noted(directory, journal.to(UNDOING))
    for one in reversed(journal.placements):
        _put_back(one)
    return _noted(directory, journal.to(UNDONE, ended=time.time()))


def _refuse_when_open(one: Placement) -> None:
    refuse_when_open(one.kind, one.target)
    for path, kind in one.inner:
        refuse_when_open(kind, os.path.join(one.target, path))


def _put_back(one: Placement) -> None:
    at = _place_of_old(one)
    if at != one.target or one.old is None:
        here = os.path.lexists(one.target)
        if here and inode(one.target) != one.old:
            _move_sidecars(settle(one.kind, one.target, one.python), one.target, one.undone)
        if at is None:
            if here:
                os.rename(one.target, one.undone)
                synchronise_folder(one.target)
        else:
            put_in_place(at, one.target, one.undone, one.directory)
    elif inode(one.kept) == one.old:
        os.unlink(one.kept)  # The second name that a file had for a moment.
        synchronise_folder(one.target)
    elif os.path.lexists(one.kept):
        os.rename(one.kept, one.undone)  # An exchange that was interrupted between its two steps.
        synchronise_folder(one.target)
    _move_sidecars(sidecars(one.kind, one.kept), one.kept, one.target)
    if inode(one.staged) is not None and inode(one.staged) == one.new:
        remove(one.staged)  # It never was in place, and is in the backup still.
        synchronise_folder(one.target)


def _place_of_old(one: Placement) -> str | None:
    """Return where the old data is now: its inode tells, whatever was interrupted where."""
    for path in (one.target, one.kept, one.staged):
        if one.old is not None and inode(path) == one.old:
            return path
    return None


def _move_sidecars(suffixes: Sequence[str], source: str, target: str) -> None:
    for suffix in suffixes:
        os.rename(source + suffix, target + suffix)
    if suffixes:
        synchronise_folder(target)


def discard(placements: Sequence[Placement]) -> None:
    """Remove what was unpacked and never was in place."""
    for one in placements:
        status = inode(one.staged)
        if status is not None and status not in (one.old, inode(one.target)):
            remove(one.staged)
        for suffix in SUFFIXES.get(one.kind, ()):
            if os.path.lexists(one.staged + suffix):
                os.unlink(one.staged + suffix)


def inode(path: str) -> int | None:
    """Return the inode that a name means; None when it means nothing."""
    try:
        return os.lstat(path).st_ino
    except FileNotFoundError:
        return None


def remove(path: str) -> None:
    """Remove a file, or a directory with everything in it; links are removed, never followed."""
    import shutil

    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _noted(directory: str, journal: Journal) -> Journal:
    save(directory, journal)
    return journal
