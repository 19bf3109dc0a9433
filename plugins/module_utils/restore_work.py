# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore the data of a system: unpack a set beside it, in place or elsewhere; :mod:`restore_swap` puts it in place."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Sequence

from .backup_items import BackupSet
from .backup_manifest import has_manifest, read_manifest
from .errors import RunbooksError
from .restore_choose import Answer, Request, choose, places_of, require_space
from .restore_import import import_export
from .restore_items import Offer, Wanted, holder_of, wanted_items
from .restore_journal import (
    HALF_WAY,
    STAGED,
    STAGING,
    SWAPPED,
    UNTOUCHED,
    Journal,
    Placement,
    archive,
    load,
    placement,
    save,
    with_placements,
)
from .restore_sidecars import SUFFIXES, settle
from .restore_swap import discard, inode, remove
from .restore_unpack import DamagedError, copy_file, unpack
from .restore_verify import Counted, Seen, rows_say_all, verify_in_set, verify_item

#: Lies in what was restored beside, so that nothing else is ever removed in its place.
MARK = ".restored-beside"


def plan(request: Request, state_directory: str, beside: str = "") -> Answer:
    """Return what :func:`stage` would unpack; nothing is written.

    Raises:
        RunbooksError: as :func:`stage`.
    """
    chosen = wanted_items(request.contents, request.items)
    journal = load(state_directory)
    if resumes(journal, request, chosen) and not beside:
        return resumed(journal)

    def trial(one: BackupSet, offers: list[Offer], deadline: float) -> Seen:
        require_space(offers, places_of(offers, beside))
        manifest = read_manifest(one.path) if has_manifest(one.path) else None
        return verify_in_set(one.path, manifest, offers, lambda: deadline - time.monotonic())

    answer = choose(request, chosen, trial)
    answer.journal = journal
    return answer


def stage(request: Request, state_directory: str, stamp: str) -> Answer:
    """Unpack the items beside the data and verify them; the service may go on meanwhile.

    Args:
        request: what is asked for.
        state_directory: of the journal; this run must have it alone.
        stamp: id of the new restore.

    Raises:
        RunbooksError: nothing can be restored, or an interrupted restore has to be put back first.
        OSError: such as a full disk; nothing is left of it but what the next run removes.
    """
    chosen = wanted_items(request.contents, request.items)
    before = load(state_directory)
    if before is not None and before.phase in HALF_WAY:
        raise RunbooksError(f"The restore {before.id} was interrupted", "Put it back first: step put_back")
    if resumes(before, request, chosen):
        return resumed(before)
    if before is not None and before.phase in UNTOUCHED:
        discard(before.placements)
    elif before is not None:
        archive(state_directory, before)
    made: list[Journal] = []

    def trial(one: BackupSet, offers: list[Offer], deadline: float) -> Seen:
        require_space(offers, places_of(offers, ""))
        placements = [_placement(offer, stamp, chosen) for offer in offers if not holder_of(offer.wanted, chosen)]
        journal = Journal(stamp, request.archive or one.path, STAGING, tuple(placements))
        save(state_directory, journal)
        try:
            seen = unpack_all(one.path, offers, chosen, placements, deadline)
        except BaseException:
            discard(placements)
            raise
        journal = with_placements(journal, [replace(at, new=inode(at.staged)) for at in placements]).to(STAGED)
        save(state_directory, journal)
        made.append(journal)
        return seen

    answer = choose(request, chosen, trial)
    answer.journal = made[-1]
    return answer


def _placement(offer: Offer, stamp: str, chosen: Sequence[Wanted]) -> Placement:
    one, itself = offer.wanted, offer.item.itself
    # A DuckDB export is a directory in its set and becomes a file again.
    directory = itself.kind == "directory" and one.type == "files"
    inner = [(_within(other, one), other.type) for other in chosen if holder_of(other, chosen) == one]
    return placement(one.name, one.type, one.target, stamp, directory, one.python, one.exclude, inner)


def _within(one: Wanted, holder: Wanted) -> str:
    return os.path.relpath(os.path.normpath(one.target), os.path.normpath(holder.target))


def unpack_all(
    path: str, offers: Sequence[Offer], chosen: Sequence[Wanted], placements: Sequence[Placement], deadline: float
) -> Seen:
    """Unpack the items of a set; an item that lies within another one goes into that one.

    Raises:
        DamagedError: an item is not what it should be.
        OSError: such as a full disk.
    """
    seen = Seen()
    staged = {at.item: at.staged for at in placements}
    for offer in offers:
        one = offer.wanted
        holder = holder_of(one, chosen)
        if holder is not None:
            staged[one.name] = os.path.join(staged[holder.name], _within(one, holder))
        to = staged[one.name]
        if holder is None:
            os.makedirs(os.path.dirname(to), exist_ok=True)
        _unpack(offer, path, to, deadline, seen)
    return seen


def _unpack(offer: Offer, path: str, to: str, deadline: float, seen: Seen, depth: str = "quick") -> None:
    """Bring one item of a set to a place where nothing is yet, and verify it there."""
    source, target = os.path.join(path, offer.item.name), os.path.realpath(offer.wanted.target)

    def remaining() -> float:
        return deadline - time.monotonic()

    if offer.is_export:
        import_export(path, offer, to, target, remaining, seen)
        return
    counted = Counted(to, remaining) if rows_say_all(offer, depth) else None
    unpack(source, offer.item, to, target, counted.look if counted else None)
    if not offer.manifest:
        _take_sidecars(offer, source, to)
    verify_item(offer, to, remaining, seen, depth, counted)


def _take_sidecars(offer: Offer, source: str, to: str) -> None:
    """A script that copied a live database may have copied its log as well: it belongs to the copy, and into it."""
    one = offer.wanted
    suffixes = [suffix for suffix in SUFFIXES.get(one.type, ()) if suffix != "-shm"]
    for suffix in suffixes:
        if os.path.isfile(source + suffix):
            copy_file(source + suffix, to + suffix, replace(offer.item.itself, sha256=None))
    left = settle(one.type, to, one.python)
    if left:
        raise DamagedError(f"{one.name}: its log ({', '.join(left)}) cannot be worked into it")


def resumes(journal: Journal | None, request: Request, chosen: Sequence[Wanted]) -> bool:
    """Tell whether the data is in place already: a run was interrupted after the swap and before it was accepted."""
    if journal is None or journal.phase != SWAPPED:
        return False
    standing = [one for one in chosen if holder_of(one, chosen) is None]
    placed = {at.target for at in journal.placements}
    asked_for = {os.path.realpath(one.target) for one in standing}
    needed = {os.path.realpath(one.target) for one in standing if not one.optional}
    asked = request.archive or request.set
    same_set = not asked or asked in (journal.source, os.path.basename(journal.source))
    in_place = all(inode(at.target) == at.new for at in journal.placements)
    return same_set and in_place and needed <= placed <= asked_for


def resumed(journal: Journal | None) -> Answer:
    """Return the answer of a run that finds its data in place already."""
    path = journal.source if journal else ""
    return Answer(set=os.path.basename(path), path=path, journal=journal, resumed=True)


def restore_beside(request: Request, beside: str) -> Answer:
    """Unpack the items into a directory of their own and verify them; production is only read.

    Args:
        request: what is asked for.
        beside: the directory; it must not be there, or be empty. It appears whole, in one rename.

    Raises:
        RunbooksError: nothing can be restored, or the directory holds something.
        OSError: such as a full disk.
    """
    if os.path.lexists(beside) and (os.path.islink(beside) or not os.path.isdir(beside) or os.listdir(beside)):
        raise RunbooksError(f"{beside} is not an empty directory", "Name a directory that does not exist")
    partial = beside.rstrip("/") + ".restoring"
    chosen = wanted_items(request.contents, request.items)

    def trial(one: BackupSet, offers: list[Offer], deadline: float) -> Seen:
        require_space(offers, places_of(offers, os.path.dirname(beside)))
        remove_beside(partial)
        os.makedirs(partial, mode=0o700)
        os.close(os.open(os.path.join(partial, MARK), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        seen = Seen()
        try:
            for offer in offers:
                to = os.path.join(partial, offer.item.name)
                os.makedirs(os.path.dirname(to), mode=0o700, exist_ok=True)
                _unpack(offer, one.path, to, deadline, seen, request.depth)
        except BaseException:
            remove(partial)
            raise
        return seen

    answer = choose(request, chosen, trial)
    os.rename(partial, beside)
    return answer


def remove_beside(directory: str, look: bool = False) -> bool:
    """Remove a directory that :func:`restore_beside` made, and no other.

    Args:
        directory: the directory, or one that was left half made.
        look: only say whether there is something to remove.

    Raises:
        RunbooksError: it is not one of those.
    """
    if not os.path.lexists(directory):
        return False
    ours = os.path.isdir(directory) and not os.path.islink(directory)
    if not ours or (os.listdir(directory) and not os.path.lexists(os.path.join(directory, MARK))):
        raise RunbooksError(f"{directory} was not made by a restore", "Remove it yourself if nobody needs it")
    if not look:
        remove(directory)
    return True
