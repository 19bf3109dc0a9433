# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``lock``: is an application's lock held, for how long, or left behind by a dead holder (AIMO-05, AIMO-25)?"""

from __future__ import annotations

from typing import Any, Mapping

from ..lock_facts import gather
from ..locks import held_seconds, lock_verdict
from ..model import CRITICAL, OK, UNKNOWN, Observation, Reason
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "lock_path": {"type": "path", "required": True, "description": "The lock: a file or a directory."},
    "pid_path": {
        "type": "path",
        "description": "The file with the holder's process id; without it the lock itself is read.",
    },
    "database": {
        "type": "path",
        "description": "A file that only the holder opens: while any process has it open, the lock is never stale.",
    },
    "command_contains": {"type": "str", "description": "Text that the holder's command line has to contain."},
}
METRICS = {"held_seconds": "s"}
_STATES = {"none": OK, "held": OK, "stale": CRITICAL, "unknown": UNKNOWN}


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Gather the facts about the lock and judge them."""
    facts = gather(
        parameters["lock_path"],
        parameters["pid_path"],
        parameters["database"],
        parameters["command_contains"],
        context.now,
    )
    return observe(facts, parameters["lock_path"])


def observe(facts: Mapping[str, Any], lock_path: str) -> Observation:
    """Turn the facts about a lock into an Observation.

    Args:
        facts: see :func:`locks.lock_verdict`.
        lock_path: names the lock in the reason.
    """
    found = lock_verdict(facts)
    seconds = held_seconds(facts)
    evidence = []
    if found.verdict != "none":
        process = facts["process"]
        evidence.append(f"pid: {facts['pid']['number'] or '-'} ({facts['pid']['problem'] or 'read'})")
        if found.verdict == "stale":
            evidence.append(f"proof: {found.fields['proof']}")
        evidence.append(f"process exists: {process['exists']}, command: {process['command'] or '-'}")
        if facts["database"] is not None:
            holders = ", ".join(str(pid) for pid in facts["database"]["holders"]) or "none seen"
            evidence.append(f"database open in: {holders}")
    return Observation(
        value=seconds,
        state=_STATES[found.verdict],
        reason=Reason(found.reason, dict(found.fields, path=lock_path)),
        metrics={"held_seconds": seconds, "verdict": found.verdict, "pid": facts["pid"]["number"]},
        evidence=evidence,
        source=lock_path,
    )
