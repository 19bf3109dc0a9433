# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a restore: written before every step, so that the next run can finish or undo what was interrupted."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, replace
from typing import Any, Iterator, Sequence

from .errors import RunbooksError
from .gzip_file import synchronise_folder

STAGING = "staging"
STAGED = "staged"
SWAPPING = "swapping"
SWAPPED = "swapped"
ACCEPTED = "accepted"
UNDOING = "undoing"
UNDONE = "undone"
#: Production is neither quite old nor quite new: only putting the old data back may follow.
HALF_WAY = (SWAPPING, UNDOING)
#: Nothing of production was touched: what was unpacked beside it may simply go.
UNTOUCHED = (STAGING, STAGED)
_NAME = "journal.json"
_LOCK = "lock"
_KEPT = "before-restore"
_UNDONE = "undone-restore"


@dataclass(frozen=True)
class Placement:
    """One item on its way into place.

    Args:
        item: its name in the profile.
        kind: ``sqlite``, ``duckdb`` or ``files``.
        target: where it belongs, links resolved.
        staged: where it is unpacked, in the target's directory.
        kept: where the old data goes, in the target's directory.
        undone: where the restored data goes when the old data is put back.
        directory: whether it is a directory.
        old: inode of the old data; None when there was none.
        new: inode of the restored data; None until it is unpacked.
        python: interpreter that can import ``duckdb``.
        exclude: globs of what the backup leaves out of a directory, and what therefore stays as it is.
        inner: path within the directory and kind of each item that is restored together with it.
    """

    item: str
    kind: str
    target: str
    staged: str
    kept: str
    undone: str
    directory: bool
    old: int | None = None
    new: int | None = None
    python: str | None = None
    exclude: Sequence[str] = ()
    inner: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Journal:
    """One restore.

    Args:
        id: when it began, ``YYYYmmdd_HHMMSS``, UTC.
        source: path of the set or archive.
        phase: how far it is.
        placements: what goes where.
        beside: the directory of a restore that touches no production data.
        accepted: when it was found to work, seconds since the epoch.
        ended: when the old data was put back, seconds since the epoch.
        keep_days: how long what was put aside is kept; None leaves that to whoever removes it.
    """

    id: str
    source: str
    phase: str
    placements: tuple[Placement, ...]
    beside: str | None = None
    accepted: float | None = None
    ended: float | None = None
    keep_days: float | None = None

    def to(self, phase: str, **changes: Any) -> Journal:
        """Return the journal in another phase."""
        return replace(self, phase=phase, **changes)


def placement(
    item: str,
    kind: str,
    target: str,
    stamp: str,
    directory: bool,
    python: str | None,
    exclude: Sequence[str] = (),
    inner: Sequence[tuple[str, str]] = (),
) -> Placement:
    """Return how an item goes into place, with the names that everything gets on the way.

    Args:
        item: name of the item.
        kind: ``sqlite``, ``duckdb`` or ``files``.
        target: absolute path; a link there is followed, because the data behind it is what is restored.
        stamp: the restore's id.
        directory: whether the item is a directory.
        python: interpreter for ``duckdb``.
        exclude: globs of what stays as it is.
        inner: path within the directory and kind of further items.
    """
    real = os.path.realpath(target)
    parent, name = os.path.split(real)
    try:
        old: int | None = os.lstat(real).st_ino
    except FileNotFoundError:
        old = None
    return Placement(
        item=item,
        kind=kind,
        target=real,
        staged=os.path.join(parent, f".{name}.restore-{stamp}"),
        kept=os.path.join(parent, f"{name}.{_KEPT}-{stamp}"),
        undone=os.path.join(parent, f"{name}.{_UNDONE}-{stamp}"),
        directory=directory,
        old=old,
        python=python,
        exclude=tuple(exclude),
        inner=tuple(inner),
    )


def save(directory: str, journal: Journal) -> None:
    """Write the journal so that it survives a power failure, whole or not at all.

    Raises:
        OSError: such as a full disk; the journal before this one is then still there.
    """
    path = os.path.join(directory, _NAME)
    partial = path + ".partial"
    text = json.dumps(asdict(journal), indent=1).encode()
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        while text:
            text = text[os.write(descriptor, text) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(partial, path)
    synchronise_folder(path)


def load(directory: str) -> Journal | None:
    """Return the last restore's journal; None when there was none.

    Raises:
        RunbooksError: it cannot be read as one.
    """
    path = os.path.join(directory, _NAME)
    try:
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
        placements = tuple(Placement(**one) for one in found.pop("placements"))
        return Journal(placements=placements, **found)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunbooksError(
            f"{path} cannot be read: {error}",
            "It says where the last restore keeps the old data: read it, put things right, and move it away",
        ) from None


def archive(directory: str, journal: Journal) -> None:
    """Keep the journal of an earlier restore under its own name: it says what was kept where."""
    path = os.path.join(directory, _NAME)
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, archived(directory, journal.id))
        synchronise_folder(path)


def archived(directory: str, restore_id: str) -> str:
    """Return the path of the journal of an earlier restore."""
    return os.path.join(directory, f"journal-{restore_id}.json")


def earlier(directory: str) -> list[Journal]:
    """Return the journals of earlier restores, oldest first; one that cannot be read is left out."""
    found = []
    for name in sorted(os.listdir(directory) if os.path.isdir(directory) else ()):
        if name.startswith("journal-") and name.endswith(".json"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                with open(os.path.join(directory, name), encoding="utf-8") as stream:
                    data = json.load(stream)
                data["placements"] = tuple(Placement(**one) for one in data["placements"])
                found.append(Journal(**data))
    return found


@contextlib.contextmanager
def alone(directory: str) -> Iterator[None]:
    """Keep every other restore out while this one works.

    Raises:
        RunbooksError: another one is at work.
        OSError: the directory cannot be made or written.
    """
    import fcntl

    os.makedirs(directory, mode=0o700, exist_ok=True)
    descriptor = os.open(os.path.join(directory, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunbooksError(f"Another restore is at work in {directory}", "Wait for it to end") from None
        yield
    finally:
        os.close(descriptor)


def with_placements(journal: Journal, placements: Sequence[Placement]) -> Journal:
    """Return the journal with other placements."""
    return replace(journal, placements=tuple(placements))
