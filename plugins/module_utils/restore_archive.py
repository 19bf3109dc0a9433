# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore from an archive of somebody else in place of a set: hostile until it was examined (DIY-20)."""

from __future__ import annotations

import os
from dataclasses import replace

from .archive_plan import DIRECTORY, Limits, Member
from .archive_unpack import Archive, inspect_archive, unpack_archive
from .backup_records import FILE, ITSELF, Entry, Item
from .errors import RunbooksError
from .restore_choose import Answer, Request, SpaceError, free_bytes, places_of, require_space
from .restore_items import Offer, Wanted, wanted_items
from .restore_journal import HALF_WAY, load
from .restore_swap import remove
from .restore_work import resumed, resumes, stage

_UNPACKED = "unpacked"


def plan_archive(request: Request, state_directory: str) -> Answer:
    """Examine an archive and return what :func:`stage_archive` would restore from it; nothing is written.

    Raises:
        ArchiveError: something in it is wrong.
        RunbooksError: it does not hold what is asked for, or there is too little space.
    """
    chosen = wanted_items(request.contents, request.items)
    journal = load(state_directory)
    if resumes(journal, request, chosen):
        return resumed(journal)
    archive = inspect_archive(request.archive, Limits())
    offers = [Offer(one, _item(one, archive), False) for one in chosen if not one.optional or _has(archive, one.name)]
    _require_space(archive, state_directory)
    require_space(offers, places_of(offers, ""))
    answer = Answer(os.path.basename(request.archive), request.archive, os.stat(request.archive).st_mtime, offers)
    answer.seen.verified.append(
        f"{len(archive.examined.members)} members of the archive are plain files and directories"
    )
    answer.seen.unverified += [f"{one.name}: its content, before it is unpacked" for one in chosen]
    answer.journal = journal
    return answer


def _harmless(archive: Archive) -> str:
    return f"{len(archive.examined.members)} members of the archive are plain files and directories"


def _require_space(archive: Archive, directory: str) -> None:
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    free = free_bytes(directory)
    if free < archive.examined.bytes:
        raise SpaceError(f"{directory} has {free} bytes free, the archive holds {archive.examined.bytes}")


def _members(archive: Archive, name: str) -> list[Member]:
    return [at for at in archive.examined.members if at.name == name or at.name.startswith(name + "/")]


def _has(archive: Archive, name: str) -> bool:
    return bool(_members(archive, name))


def _item(one: Wanted, archive: Archive) -> Item:
    members = _members(archive, one.name)
    if not members:
        tops = sorted({at.name.split("/")[0] for at in archive.examined.members})
        raise RunbooksError(f"The archive has no {one.name}", "It has {}".format(", ".join(tops[:10])))
    entries = [_entry(at, at.name[len(one.name) + 1 :] or ITSELF) for at in members]
    if entries[0].path != ITSELF:
        entries.insert(0, Entry(ITSELF, DIRECTORY, 0o700, 0, 0, 0))
    return Item(one.name, one.type, one.target, tuple(entries))


def _entry(at: Member, path: str) -> Entry:
    kind = DIRECTORY if at.kind == DIRECTORY else FILE
    return Entry(path, kind, at.mode, 0, 0, int(at.mtime * 1e9), at.bytes)


def stage_archive(request: Request, state_directory: str, stamp: str) -> Answer:
    """Examine an archive, unpack it aside, and stage what is asked for as from a set.

    Args:
        request: what is asked for.
        state_directory: of the journal; the archive is unpacked there.
        stamp: id of the new restore.

    Raises:
        ArchiveError: something in it is wrong; nothing was unpacked.
        RunbooksError, OSError: as for a set.
    """
    before = load(state_directory)
    if resumes(before, request, wanted_items(request.contents, request.items)):
        return resumed(before)
    if before is not None and before.phase in HALF_WAY:
        raise RunbooksError(f"The restore {before.id} was interrupted", "Put it back first: step put_back")
    archive = inspect_archive(request.archive, Limits())
    _require_space(archive, state_directory)
    unpacked = os.path.join(state_directory, _UNPACKED)
    remove(unpacked)
    try:
        unpack_archive(archive, unpacked)
        answer = stage(replace(request, unpacked=unpacked), state_directory, stamp)
    finally:
        remove(unpacked)
    answer.seen.verified.insert(0, _harmless(archive))
    return replace(answer, path=request.archive)
