# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell a lease that somebody still uses from one that its holder left behind. Pure: facts in, answer out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .clock import wire_time
from .holder import Holder


@dataclass(frozen=True)
class Refusal:
    """Why a system is not worked on now: somebody else does.

    Args:
        system: system whose lease was asked for.
        host: inventory host of the instance.
        run_id: run that holds the lease.
        procedure: what that run does.
        operator: who started it.
        controller: where it runs.
        pid: its process there.
        since: when it took the lease (ISO, UTC).
        until: when the lease expires (ISO, UTC).
    """

    system: str
    host: str
    run_id: str
    procedure: str
    operator: str
    controller: str
    pid: int
    since: str
    until: str

    def __str__(self) -> str:
        """Return the refusal as one line with the way out."""
        return (
            f"{self.host}: {self.procedure} is already at work here: run {self.run_id} of {self.operator} on "
            f"{self.controller} (PID {self.pid}), since {self.since}, lease until {self.until}. "
            "Wait for it, or end that process."
        )


def refusal(lease: Mapping[str, Any]) -> Refusal:
    """Return the refusal that a live lease causes."""
    return Refusal(
        system=lease["system"],
        host=lease["host"],
        run_id=lease["run_id"],
        procedure=lease["procedure"],
        operator=lease["operator"],
        controller=lease["controller"],
        pid=lease["pid"],
        since=wire_time(lease["since"]),
        until=wire_time(lease["until"]),
    )


def same_kernel(lease: Mapping[str, Any], holder: Holder) -> bool:
    """Tell whether the lease's process can be looked up by its PID from here."""
    mine = (holder.controller, holder.machine, holder.boot, holder.pid_namespace)
    theirs = (lease["controller"], lease["machine"], lease["boot"], lease["pid_namespace"])
    return mine == theirs and bool(holder.boot and holder.pid_namespace) and lease["process_started"] is not None


def stale_reason(
    lease: Mapping[str, Any], holder: Holder, lease_process_started: int | None, now: datetime
) -> str | None:
    """Return why a lease may be taken over, None while its holder must be taken to be at work.

    Args:
        lease: the row of the lease.
        holder: who asks for it.
        lease_process_started: start time of the process that has the lease's PID here and now, None when there is
            none; only looked at when ``same_kernel`` holds, because elsewhere a PID proves nothing.
        now: the present, UTC.
    """
    pid = lease["pid"]
    if same_kernel(lease, holder):
        if lease_process_started is None:
            return f"process {pid} is gone"
        if lease_process_started != lease["process_started"]:
            return f"process id {pid} belongs to another process now"
        if (pid, lease_process_started) == (holder.pid, holder.process_started):
            # Plays of one ansible-playbook follow each other: an earlier one ended without recording.
            return f"an earlier play of process {pid} left it behind"
        return None
    same_controller = (lease["controller"], lease["machine"]) == (holder.controller, holder.machine)
    if same_controller and holder.boot and lease["boot"] and lease["boot"] != holder.boot:
        return f"{holder.controller} was restarted since"
    if lease["until"] <= now:
        return f"the lease of {lease['controller']} expired at {wire_time(lease['until'])}"
    return None
