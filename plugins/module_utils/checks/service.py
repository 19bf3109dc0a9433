# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service runs: asked of systemd, of its pid file, or of Docker Compose (EST-01, SBX-01).

systemd is asked here, the others in ``pid_file.py`` and ``compose.py``.
"""

from __future__ import annotations

import time
from typing import Any

from ..compose import look_compose
from ..errors import CheckError
from ..model import CRITICAL, OK, UNKNOWN, WARNING, Observation, Reason
from ..pid_file import look_pid_file
from ..probe import Completed, Context

PARAMETERS = {
    "manager": {
        "type": "str",
        "choices": ["systemd", "pid_file", "compose"],
        "default": "systemd",
        "description": "Who knows whether the service runs.",
    },
    "unit": {"type": "str", "description": "Name of the systemd unit; required for systemd."},
    "pid_file": {"type": "path", "description": "File that holds the process id; required for pid_file."},
    "command_contains": {
        "type": "str",
        "description": "Text in the command line of the process of the pid file: tells a reused id.",
    },
    "compose_project_directory": {"type": "path", "description": "Directory of the compose file."},
    "compose_service": {"type": "str", "description": "Service of the compose file; required for compose."},
}
METRICS = {"state": "", "active": "", "restarts": "count", "main_pid": "", "since_seconds": "s", "containers": "count"}
_NEEDS = {"systemd": "unit", "pid_file": "pid_file", "compose": "compose_service"}
_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "MainPID",
    "ExecMainStatus",
    "ActiveEnterTimestampMonotonic",
)
_STATES = {
    "active": OK,
    "reloading": OK,
    "refreshing": OK,
    "activating": WARNING,
    "deactivating": CRITICAL,
    "inactive": CRITICAL,
    "failed": CRITICAL,
    "maintenance": CRITICAL,
}


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Ask the manager that the profile names."""
    manager = parameters["manager"]
    needed = _NEEDS[manager]
    if not parameters.get(needed):
        raise CheckError("parameter_needed", parameter=needed, manager=manager)
    if manager == "pid_file":
        return look_pid_file(parameters["pid_file"], parameters.get("command_contains"), context)
    if manager == "compose":
        return look_compose(parameters.get("compose_project_directory"), parameters["compose_service"], context)
    unit = parameters["unit"]
    allowed = round(context.remaining(), 1)
    # "--" keeps a unit whose name begins with a dash from being read as an option.
    asked = context.run(["systemctl", "show", "--no-pager", "-p", ",".join(_PROPERTIES), "--", unit])
    if asked.timed_out:
        raise CheckError("timed_out", seconds=allowed, evidence=["waited for systemctl show"])
    return observe_systemd(unit, asked, time.monotonic())


def observe_systemd(unit: str, asked: Completed, monotonic_now: float) -> Observation:
    """Turn the answer of ``systemctl show`` into a state.

    Args:
        unit: name of the unit.
        asked: the command's answer.
        monotonic_now: the clock that systemd counts by, in seconds.

    Raises:
        CheckError: ``service_manager_unavailable`` when systemd does not answer, ``service_state_unreadable`` when
            its answer is not understood.
    """
    found = dict(line.split("=", 1) for line in asked.stdout.splitlines() if "=" in line)
    if "LoadState" not in found or "ActiveState" not in found:
        evidence = [line for line in (asked.stderr + "\n" + asked.stdout).splitlines() if line.strip()][:5]
        reason = "service_manager_unavailable" if asked.returncode else "service_state_unreadable"
        raise CheckError(reason, evidence=evidence, manager="systemd", service=unit)
    state, why = _judge_systemd(unit, found)
    active = found["ActiveState"]
    since = _number(found.get("ActiveEnterTimestampMonotonic"))
    return Observation(
        value=active,
        state=state,
        reason=why,
        metrics={
            "active": 1 if state == OK else 0,
            "restarts": _number(found.get("NRestarts")),
            "main_pid": _number(found.get("MainPID")) or None,
            "since_seconds": round(monotonic_now - since / 1e6, 1) if since and state == OK else None,
        },
        evidence=[f"{name}={found[name]}" for name in _PROPERTIES if found.get(name)],
        source=f"systemctl show {unit}",
    )


def _judge_systemd(unit: str, found: dict[str, str]) -> tuple[str, Reason | None]:
    load, active, sub = found["LoadState"], found["ActiveState"], found.get("SubState", "")
    if load == "not-found":
        return CRITICAL, Reason("service_not_found", {"service": unit})
    if active == "active":
        return OK, None
    if load == "masked":
        return CRITICAL, Reason("service_masked", {"service": unit})
    if load in ("error", "bad-setting"):
        return CRITICAL, Reason("service_unit_broken", {"service": unit})
    if active not in _STATES:
        return UNKNOWN, Reason("service_state_unreadable", {"service": unit, "manager": "systemd"})
    if active == "activating":
        if sub.startswith("auto-restart"):
            return WARNING, Reason("service_keeps_restarting", {"service": unit})
        return WARNING, Reason("service_starting", {"service": unit})
    if active == "failed":
        return CRITICAL, Reason("service_failed", {"service": unit, "result": found.get("Result", "")})
    if _STATES[active] == OK:
        return OK, None
    return _STATES[active], Reason("service_not_active", {"service": unit, "state": active})


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() and len(text) < 20 else None
