# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of sensitivity in a configuration file, and the notes that say which of them are temporary (SBX-26)."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Mapping, Sequence

from . import config_file
from .config_edit import edit
from .errors import RunbooksError
from .sensitivity import backwards, due, settings_for, undo_steps

#: Ending of the file that says how to take the last call back.
BEFORE = ".before"


def read_changes(path: str) -> list[dict[str, Any]]:
    """Return the noted changes.

    Raises:
        RunbooksError: the file cannot be read.
    """
    if not os.path.lexists(path):
        return []
    try:
        with open(path, encoding="utf-8") as file:
            changes = json.load(file)["changes"]
        return [dict(change) for change in changes]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunbooksError(f"{path} cannot be read: {error}", "It notes changes of sensitivity; look at it") from None


def write_changes(path: str, changes: Sequence[Mapping[str, Any]]) -> None:
    """Replace the notes; of what is no longer temporary only the last change of each service is kept."""
    permanent = {change["service"]: change for change in changes if change.get("until") is None}
    kept = [one for one in changes if one.get("until") is not None or permanent[one["service"]] is one]
    _write_whole(path, {"changes": kept})


def _write_whole(path: str, document: Mapping[str, Any]) -> None:
    partial = path + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def plan_back(
    content: bytes, changes: Sequence[dict[str, Any]], now: float, at_once: str | None
) -> tuple[bytes, list[dict[str, Any]], list[dict[str, Any]]]:
    """Say what the configuration is after everything temporary that is due went back.

    Args:
        content: of the configuration.
        changes: the notes.
        now: seconds since the epoch.
        at_once: a service whose temporary changes go back before their time; None for none.

    Returns:
        The new content, the changes that go back, and the notes afterwards.

    Raises:
        RunbooksError: somebody else changed one of the values since.
    """
    over = due([{**change, "until": _until(change, at_once)} for change in changes], now)
    ended = [change for change in changes if any(change["id"] == one["id"] for one in over)]
    notes = [change for change in changes if change not in ended]
    for change in sorted(ended, key=lambda one: -float(one["made"])):
        content = _undone(content, change)
        notes.append(
            {"id": f"{change['id']}-back", "service": change["service"], "made": now, "until": None, "undo": []}
        )
    return content, ended, notes


def plan_change(
    content: bytes, request: Mapping[str, Any], now: float, days: float | None
) -> tuple[bytes, dict[str, Any]]:
    """Say what the configuration is after a change, and what is noted of it; the note is empty when nothing changes.

    Args:
        content: of the configuration.
        request: see :func:`sensitivity.settings_for`.
        now: seconds since the epoch.
        days: after which it goes back; None for a change that stays.

    Raises:
        RunbooksError: it cannot be meant.
    """
    document = parsed(content)
    settings = settings_for(document, request)
    if not settings:
        return content, {}
    new, _changes = edit(content, "json", settings)
    return new, {
        "id": f"{request['service']}-{now:.6f}",
        "service": request["service"],
        "made": now,
        "until": None if days is None else now + days * 86400,
        "undo": undo_steps(document, request),
        "digest": digest_of(new),
        "kept": None,
    }


def apply(
    path: str, notes_path: str, old: bytes, new: bytes, notes: list[dict[str, Any]], now: float, in_place: bool
) -> str | None:
    """Note first, then write: a temporary change that nobody noted would never go back.

    Args:
        path: the configuration.
        notes_path: the notes.
        old: content that was read.
        new: content that is wanted.
        notes: what is to be noted.
        now: seconds since the epoch.
        in_place: write into the same file, because a container has mounted this very file.

    Returns:
        The file that keeps the old configuration; None when it is the same.

    Raises:
        RunbooksError: it could not be done.
    """
    _write_whole(
        notes_path + BEFORE,
        {
            "digests": [digest_of(old), digest_of(new)],
            "kept": None if new == old else config_file.kept_name(path, now),
            "changes": read_changes(notes_path),
        },
    )
    write_changes(notes_path, notes)
    if new == old:
        return None
    kept = config_file.replace(path, old, new, now, in_place)
    for note in notes:
        if note.get("digest") == digest_of(new) and note.get("kept") is None:
            note["kept"] = kept
    write_changes(notes_path, notes)
    return kept


def undo(path: str, notes_path: str, now: float, in_place: bool, only_plan: bool) -> bool:
    """Take the last call back: the configuration byte for byte, and the notes; a second time there is nothing to do.

    Args:
        path: the configuration.
        notes_path: the notes.
        now: seconds since the epoch.
        in_place: as in :func:`apply`.
        only_plan: write nothing.

    Returns:
        Whether anything was, or would be, taken back.

    Raises:
        RunbooksError: the configuration was changed since, or what was kept is gone.
    """
    try:
        with open(notes_path + BEFORE, encoding="utf-8") as file:
            before = json.load(file)
        (first, last), kept, changes = before["digests"], before["kept"], before["changes"]
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunbooksError(f"{notes_path}{BEFORE} cannot be read: {error}", "Look at it") from None
    content = config_file.read(path)
    if digest_of(content) not in (first, last):
        raise RunbooksError(f"{path} was changed by somebody else since", "Look at it; nothing was taken back")
    old = content if digest_of(content) == first else config_file.read(kept)
    if digest_of(old) != first:
        raise RunbooksError(f"{kept} is not what was kept", "Put the configuration back from a backup")
    if not only_plan:
        if old != content or config_file.is_unfinished(path):
            config_file.replace(path, content, old, now, in_place)
        write_changes(notes_path, changes)
        os.unlink(notes_path + BEFORE)
    return True


def parsed(content: bytes) -> Any:
    """Return a JSON configuration.

    Raises:
        RunbooksError: it is none.
    """
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RunbooksError(
            f"The configuration is no JSON: {error}", "Put it right first; nothing was changed"
        ) from None


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


def _until(change: Mapping[str, Any], at_once: str | None) -> Any:
    until = change.get("until")
    return 0 if until is not None and change["service"] == at_once else until


def _undone(content: bytes, change: Mapping[str, Any]) -> bytes:
    """Return the configuration without a change: byte for byte as it was, when nothing else was changed since."""
    kept = change.get("kept")
    if kept and change.get("digest") == digest_of(content) and os.path.lexists(kept):
        return config_file.read(kept)
    settings = backwards(parsed(content), change)
    return edit(content, "json", settings)[0] if settings else content
