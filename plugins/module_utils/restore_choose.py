# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which set is restored: the newest one that is whole, or the one that was named."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

from .backup_items import BackupSet, find_sets
from .errors import CheckError, RunbooksError
from .restore_items import Offer, Wanted, needed_bytes, offers_of, space_faults
from .restore_journal import Journal
from .restore_unpack import DamagedError
from .restore_verify import Seen
from .set_lock import reading

#: Hidden names are sets that are being made or removed; what else is a set, its time tells.
_ANY_NAME = r"(?!\.).{8,}"


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Args:
        directory: that holds the sets.
        name_format: how the name of a set is read as a time; what cannot be read so is no set.
        timezone: of that time.
        contents: the items of the profile.
        items: names of those to restore; empty restores all.
        set: name of the set; empty takes the newest that is whole.
        archive: path of an archive that takes the place of a set.
        unpacked: directory in which that archive was unpacked.
        seconds: how long all of it may take.
        depth: of SQLite's own check, ``quick`` or ``full``.
    """

    directory: str
    name_format: str
    timezone: str
    contents: Sequence[Mapping[str, Any]]
    items: Sequence[str] = ()
    set: str = ""
    archive: str = ""
    unpacked: str = ""
    seconds: float = 3600.0
    depth: str = "quick"


@dataclass
class Answer:
    """What was found, or done.

    Attributes:
        set: name of the set.
        path: of the set.
        made: when it was made, seconds since the epoch.
        offers: what it has.
        passed_over: newer sets that were not good enough, and why.
        seen: what was verified.
        journal: None when there is none.
        resumed: the data is in place already, from a run that was interrupted afterwards.
    """

    set: str = ""
    path: str = ""
    made: float = 0.0
    offers: list[Offer] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    journal: Journal | None = None
    resumed: bool = False


def candidates(request: Request) -> list[BackupSet]:
    """Return the sets to try, in their order.

    Raises:
        RunbooksError: there is none, or none of that name.
        CheckError: the directory cannot be read.
    """
    if request.unpacked:
        name, made = os.path.basename(request.archive), os.stat(request.archive).st_mtime
        return [BackupSet(name, request.unpacked, made)]
    sets, _strange = find_sets(request.directory, _ANY_NAME, request.name_format, request.timezone)
    names = ", ".join(one.name for one in sets[:5])
    if not sets:
        raise RunbooksError(f"{request.directory} holds no backup set", "Make one with the playbook backup")
    if not request.set:
        return sets
    named = [one for one in sets if one.name == request.set]
    if not named:
        raise RunbooksError(f"There is no set {request.set} in {request.directory}", f"The newest are {names}")
    return named


def choose(
    request: Request, chosen: Sequence[Wanted], trial: Callable[[BackupSet, list[Offer], float], Seen]
) -> Answer:
    """Try the sets until one is whole. A named set is the only one to try; none is removed while it is tried.

    Args:
        request: what is asked for.
        chosen: the items.
        trial: looks at a set's items and raises ``DamagedError`` when it is no good.

    Raises:
        RunbooksError: no set is whole; says what is wrong with each.
    """
    answer = Answer()
    deadline = time.monotonic() + request.seconds
    for one in candidates(request):
        try:
            with reading(one.path):
                answer.offers = offers_of(one.path, chosen)
                answer.seen = trial(one, answer.offers, deadline)
        except (DamagedError, CheckError) as error:
            answer.passed_over.append(f"{one.name}: {error}")
        except RunbooksError as error:
            if isinstance(error, SpaceError):
                raise
            answer.passed_over.append(f"{one.name}: {error}")
        else:
            answer.set, answer.path, answer.made = one.name, one.path, one.made
            return answer
    raise RunbooksError(
        "No set can be restored: {}".format("; ".join(answer.passed_over[:5])),
        "Nothing was changed; salvage what can be read, or fetch a set from elsewhere",
    )


class SpaceError(RunbooksError):
    """There is not enough space to unpack beside the data."""


def free_bytes(directory: str) -> int:
    """Return what anybody may still write on the file system of a directory."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def require_space(offers: Sequence[Offer], places: Mapping[str, str]) -> int:
    """Return how many bytes are needed.

    Args:
        offers: the items.
        places: item to the existing directory on whose file system it is unpacked.

    Raises:
        SpaceError: there is less.
    """
    sizes = [(places[one.item.name], os.stat(places[one.item.name]).st_dev, one.restored_bytes) for one in offers]
    needed = needed_bytes(sizes)
    faults = space_faults(needed, free_bytes)
    if faults:
        raise SpaceError("; ".join(faults), "Nothing was changed; make room, or restore a single item")
    return sum(needed.values())


def places_of(offers: Sequence[Offer], beside: str) -> dict[str, str]:
    """Return, for each item, the existing directory on whose file system it is unpacked."""
    return {one.item.name: _existing(beside or os.path.dirname(os.path.realpath(one.wanted.target))) for one in offers}


def _existing(directory: str) -> str:
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    return directory
