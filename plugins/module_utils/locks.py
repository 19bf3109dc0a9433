# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the holder of an application's lock dead? Decided from facts alone; what is not proven is unknown (AIMO-05).

The runbook greps a process list, which finds the grep itself, takes a reused process id for the holder and another
user's process for nobody. Here a lock is stale only with a proof, and only then may anything remove it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Mapping

from .pid_file import parse_pid

#: Process start times come in ticks since a boot time that is known to the second.
_START_TOLERANCE_SECONDS = 2.0
#: A clock that is set after the boot moves the boot time; a lock this close to it proves nothing.
_BOOT_TOLERANCE_SECONDS = 120.0
_PID_NAMED = re.compile(r"(?i)\bpid\b[\"']?\s*[:=]?\s*([0-9]{1,10})\b")
_LARGEST_PID = 4194304


@dataclass(frozen=True)
class LockVerdict:
    """What is known about a lock.

    Args:
        verdict: ``none``, ``held``, ``stale`` or ``unknown``.
        reason: id in the catalogue of kind ``lock``.
        fields: of the reason's sentence.
    """

    verdict: str
    reason: str
    fields: dict[str, Any]


def lock_verdict(facts: Mapping[str, Any]) -> LockVerdict:
    """Judge a lock.

    Args:
        facts: what was seen, all times in seconds since the epoch:
            ``now``; ``boot_time`` (None when not known);
            ``lock``: {``kind``: none/file/directory/symlink/other, ``changed``, ``shared``: on a network file system};
            ``pid``: {``number`` or None, ``problem`` (missing/unreadable/garbage/symlink) or None, ``written``};
            ``process``: {``exists``: true/false/None, ``zombie``, ``started`` or None, ``command`` or None,
            ``same_namespace``: true/false/None};
            ``namesake``: the number is a process id inside some container of this host;
            ``command_contains``: what the holder's command line has to contain, or None;
            ``database``: None, or {``holders``: [process ids], ``complete``: every process could be looked at}.
    """
    lock = facts["lock"]
    if lock["kind"] == "none":
        return LockVerdict("none", "lock_none", {})
    if lock["kind"] not in ("file", "directory"):
        return _unknown("lock_not_a_lock", kind=lock["kind"])
    if lock["shared"]:
        # The holder may live on another machine, where no process of this one says anything.
        return _unknown("lock_on_shared_file_system")
    pid, process = facts["pid"], facts["process"]
    if pid["number"] is None:
        proof = "before_boot" if _older_than_boot(lock["changed"], facts) else None
        return _stale(proof, facts) if proof else _unknown("lock_without_pid", problem=pid["problem"])
    if process["exists"] is None:
        return _unknown("lock_process_hidden", pid=pid["number"])
    proof = _proof_of_death(facts)
    if proof:
        return _stale(proof, facts)
    if process["same_namespace"] is False:
        return _unknown("lock_other_namespace", pid=pid["number"])
    wanted, command = facts["command_contains"], process["command"]
    if wanted and command is None:
        return _unknown("lock_process_hidden", pid=pid["number"])
    if wanted and wanted not in command:
        return _unknown("lock_holder_unclear", pid=pid["number"], command=command[:200])
    return LockVerdict("held", "lock_held", {"pid": pid["number"], "seconds": held_seconds(facts)})


def held_seconds(facts: Mapping[str, Any]) -> float:
    """Return for how long the lock has existed; 0 when there is none or its time lies in the future."""
    changed = facts["lock"]["changed"]
    return 0.0 if changed is None else round(max(0.0, facts["now"] - changed), 1)


def parse_lock_pid(text: str) -> int | None:
    """Return the process id that a pid file or a lock file names, None when there is none to be believed."""
    number = parse_pid(text)
    if number is None:
        match = _PID_NAMED.search(text)
        number = int(match.group(1)) if match else 0
    return number if 0 < number <= _LARGEST_PID else None


def parse_process_stat(text: str) -> tuple[str, int, int]:
    """Read ``/proc/PID/stat``.

    Args:
        text: the line; the command in its parentheses may itself contain blanks and parentheses.

    Returns:
        State letter, parent's process id, start time in ticks since the boot.

    Raises:
        ValueError: it is no such line.
    """
    fields = text[text.rindex(")") + 1 :].split()
    if len(fields) < 20:
        raise ValueError(f"a stat line of {len(fields) + 2} fields")
    return fields[0], int(fields[1]), int(fields[19])


def _proof_of_death(facts: Mapping[str, Any]) -> str | None:
    pid, process = facts["pid"], facts["process"]
    if _older_than_boot(max(facts["lock"]["changed"], pid["written"] or 0.0), facts):
        return "before_boot"
    if process["exists"] is False:
        return "process_gone"
    if process["zombie"]:
        return "process_ended"
    # Whoever wrote this number was running when it was written: a process that began later only has its number.
    written, started = pid["written"], process["started"]
    if written is None or started is None or written > facts["now"]:
        return None
    return "pid_reused" if started > written + _START_TOLERANCE_SECONDS else None


def _older_than_boot(changed: float, facts: Mapping[str, Any]) -> bool:
    boot = facts["boot_time"]
    return boot is not None and changed < boot - _BOOT_TOLERANCE_SECONDS


def _stale(proof: str, facts: Mapping[str, Any]) -> LockVerdict:
    """Return ``stale``, unless something that could be the holder is still there."""
    pid = facts["pid"]["number"]
    database = facts["database"]
    if database and database["holders"]:
        # A killed wrapper leaves its child at work.
        return _unknown("lock_database_open", pid=pid, holder=database["holders"][0])
    if proof != "before_boot" and facts["namesake"]:
        return _unknown("lock_other_namespace", pid=pid)
    if proof != "before_boot" and database and not database["complete"]:
        return _unknown("lock_handles_hidden", pid=pid)
    return LockVerdict("stale", "lock_stale", {"pid": pid, "proof": proof, "seconds": held_seconds(facts)})


def _unknown(reason: str, **fields: Any) -> LockVerdict:
    return LockVerdict("unknown", reason, fields)
