# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free an application's lock: wait for a holder at work, put a dead one's lock aside, stop a stuck one (AIMO-05)."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from typing import Any, Callable

from .errors import RunbooksError
from .file_lock import locked_by
from .lock_facts import gather
from .lock_quarantine import Thing, examine, put_aside
from .locks import held_seconds, lock_verdict
from .open_handles import handles_of
from .process_identity import ProcessIdentity, send, wait_for_end
from .process_progress import footprint, progress_of

_WAIT_STEP_SECONDS = 1.0
_KILL_SECONDS = 10.0


@dataclass(frozen=True)
class LockSettings:
    """What an application's lock is, and how long things may take.

    Args:
        lock_path: a file or a directory.
        pid_path: the file with the holder's process id; None looks into the lock.
        database: a file that only the holder opens; None leaves that proof out.
        command_contains: what the holder's command line has to contain.
        stuck_after_seconds: age of a lock below which its living holder is never called stuck.
        window_seconds: how long a holder is watched for any sign of work.
        progress_logs: files and globs that grow while the holder works.
        grace_seconds: between SIGTERM and SIGKILL.
    """

    lock_path: str
    pid_path: str | None
    database: str | None
    command_contains: str | None
    stuck_after_seconds: float
    window_seconds: float
    progress_logs: tuple[str, ...]
    grace_seconds: float


@dataclass(frozen=True)
class LockLook:
    """What was found.

    Args:
        verdict: ``none``, ``held``, ``stale``, ``stuck`` or ``unknown``.
        reason: id of the catalogue of kind ``lock``, or of this file's own.
        fields: of the reason.
        lock: the lock as it was judged.
        pid_file: the pid file as it was judged.
        holder: the process that a stuck lock belongs to, and what it started.
    """

    verdict: str
    reason: str
    fields: dict[str, Any]
    lock: Thing | None = None
    pid_file: Thing | None = None
    holder: tuple[ProcessIdentity, ...] = ()


@dataclass
class LockOutcome:
    """What was done, or would be.

    Attributes:
        put_aside: old path and new path; the new one is empty in a plan.
        signals: what was sent to whom.
    """

    put_aside: list[dict[str, str]] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)


def look(settings: LockSettings, now: float, pause: Callable[[float], None] = time.sleep) -> LockLook:
    """Judge a lock; watches a living holder for a while when its lock is older than its limit.

    Args:
        settings: of the lock.
        now: seconds since the epoch.
        pause: waits for a number of seconds.
    """
    # What is renamed later must be what was there before it was judged.
    lock = examine(settings.lock_path)
    pid_file = examine(settings.pid_path) if settings.pid_path else None
    facts = gather(settings.lock_path, settings.pid_path, settings.database, settings.command_contains, now)
    found = lock_verdict(facts)
    verdict, reason, fields = found.verdict, found.reason, dict(found.fields)
    if verdict == "stale":
        denied = _still_in_use(settings, lock)
        if denied is not None:
            return LockLook("unknown", denied[0], {**fields, **denied[1]}, lock, pid_file)
    if verdict == "held" and held_seconds(facts) > settings.stuck_after_seconds:
        progress, processes = _watch(facts["pid"]["number"], settings, pause)
        fields["progress"] = progress
        if progress == "idle":
            return LockLook("stuck", "lock_stuck", fields, lock, pid_file, processes)
        if progress == "unknown":
            verdict, reason = "unknown", "lock_process_hidden"
    return LockLook(verdict, reason, fields, lock, pid_file)


def wait_for_holder(settings: LockSettings, seconds: float, found: LockLook) -> LockLook:
    """Wait while a living holder works; return the last look."""
    deadline = time.monotonic() + seconds
    while found.verdict == "held" and time.monotonic() < deadline:
        time.sleep(min(_WAIT_STEP_SECONDS, max(0.0, deadline - time.monotonic())))
        found = look(settings, time.time())
    return found


def plan(settings: LockSettings, found: LockLook) -> LockOutcome:
    """Say what freeing the lock would do."""
    outcome = LockOutcome()
    outcome.signals = [f"SIGTERM to {one.pid}: {one.command}" for one in found.holder]
    for thing in _to_put_aside(settings, found):
        outcome.put_aside.append({"path": thing.path, "aside": ""})
    return outcome


def free(settings: LockSettings, found: LockLook, outcome: LockOutcome) -> None:
    """Put a stale lock aside, or stop a stuck holder first.

    It may be interrupted after any step: what is left is again a stale lock, or a pid file without a lock, and the
    next call puts that aside.

    Args:
        settings: of the lock.
        found: the look that allows it.
        outcome: grows with every step.

    Raises:
        RunbooksError: a process did not end, or the lock was taken anew; nothing of a living holder is touched.
    """
    if found.verdict == "stuck":
        _stop(found.holder, settings.grace_seconds, outcome)
        found = _look_when_released(settings)
        if found.verdict not in ("stale", "none"):
            raise RunbooksError(f"The holder was stopped, yet the lock is {found.verdict} ({found.reason})", _LOOK)
    now = time.time()
    if found.verdict == "stale" and found.lock is not None:
        aside = put_aside(found.lock, now, lambda path: _dead(settings, path))
        outcome.put_aside.append({"path": found.lock.path, "aside": aside})
    if found.pid_file is not None and not os.path.lexists(settings.lock_path):
        if examine(found.pid_file.path) is None:
            return
        aside = put_aside(found.pid_file, now, lambda path: _dead(settings, path))
        outcome.put_aside.append({"path": found.pid_file.path, "aside": aside})


def _look_when_released(settings: LockSettings) -> LockLook:
    """Look again until what the holder had open is closed: its children end a moment after it."""
    deadline = time.monotonic() + settings.grace_seconds
    while True:
        found = look(settings, time.time())
        if found.verdict in ("stale", "none") or time.monotonic() >= deadline:
            return found
        time.sleep(_WAIT_STEP_SECONDS)


_LOOK = "Look at the processes before anything is removed"


def leftover_pid_file(settings: LockSettings, found: LockLook, now: float) -> LockLook:
    """Judge a pid file that has no lock any more, as an interrupted cleaning leaves one.

    Args:
        settings: of the lock.
        found: a look that found no lock.
        now: seconds since the epoch.
    """
    if found.verdict != "none" or found.pid_file is None:
        return found
    path = found.pid_file.path
    judged = lock_verdict(gather(path, path, settings.database, settings.command_contains, now))
    if judged.verdict != "stale":
        return found
    return LockLook("none", "lock_pid_left", dict(judged.fields), None, found.pid_file)


def _to_put_aside(settings: LockSettings, found: LockLook) -> list[Thing]:
    if found.verdict in ("stale", "stuck"):
        return [thing for thing in (found.lock, found.pid_file) if thing is not None]
    return [found.pid_file] if found.reason == "lock_pid_left" and found.pid_file is not None else []


def _watch(pid: int, settings: LockSettings, pause: Callable[[float], None]) -> tuple[str, tuple[ProcessIdentity, ...]]:
    before = footprint(pid, settings.progress_logs)
    pause(settings.window_seconds)
    after = footprint(pid, settings.progress_logs)
    return progress_of(before.facts(), after.facts(), settings.window_seconds), after.processes


def _still_in_use(settings: LockSettings, lock: Thing | None) -> tuple[str, dict[str, Any]] | None:
    """Return why a lock whose holder is gone is not free yet; stricter than a look that changes nothing has to be."""
    if lock is not None and lock.kind == "file":
        handles = handles_of({lock.identity})
        holders = [one.pid for one in handles.holders.get(lock.identity, [])]
        if holders:
            return "lock_database_open", {"holder": holders[0]}
        if handles.unseen:
            return "lock_handles_hidden", {}
    for path in [settings.database, lock.path if lock is not None and lock.kind == "file" else None]:
        if path is None or not os.path.exists(path):
            continue
        try:
            holder = locked_by(path)
        except OSError:
            return "lock_handles_hidden", {}
        if holder is not None:
            return "lock_database_open", {"holder": holder}
    return None


def _dead(settings: LockSettings, lock_path: str) -> bool:
    """Ask once more after the rename, by the thing's new name."""
    pid_path = settings.pid_path
    if pid_path is not None and not os.path.lexists(pid_path):
        pid_path = lock_path
    facts = gather(lock_path, pid_path, settings.database, settings.command_contains, time.time())
    return lock_verdict(facts).verdict == "stale" and _still_in_use(settings, None) is None


def _stop(holder: tuple[ProcessIdentity, ...], grace_seconds: float, outcome: LockOutcome) -> None:
    """Ask the processes to end, and make them after a while; never one that is not the one that was judged."""
    left = list(holder)
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, _KILL_SECONDS)):
        for one in left:
            if send(one, number):
                outcome.signals.append(f"{number.name} to {one.pid}: {one.command}")
        left = wait_for_end(left, seconds)
        if not left:
            break
    if left:
        names = ", ".join(str(one.pid) for one in left)
        raise RunbooksError(f"Process {names} did not end", "Look whether it waits for a disk or a network file system")
