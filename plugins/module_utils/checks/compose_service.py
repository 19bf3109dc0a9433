# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One service of a Docker Compose project in depth: state, restarts, exit, log limits, time zone, usage.

What SBX-01, SBX-05, SBX-11, SBX-14 and SBX-22 ask of a container. Another service that is up says nothing about it.
"""

from __future__ import annotations

import os
from typing import Any, Sequence

from ..compose import LISTING, ask_docker, judge_container, parse_containers
from ..containers import Container, Usage, log_fault, read_inspection, read_usage, size_bytes, time_zone_fault
from ..errors import CheckError
from ..model import CRITICAL, OK, STATES, WARNING, Observation, Reason, Scalar
from ..probe import Context

PARAMETERS = {
    "project_directory": {"type": "path", "required": True, "description": "Directory of the compose file."},
    "service": {"type": "str", "required": True, "description": "Service of the compose file."},
    "log_driver": {
        "type": "str",
        "description": "Driver that the container's log must use; not looked at when not set.",
    },
    "log_options": {
        "type": "dict",
        "default": {},
        "description": "Options of that driver: sizes and numbers are upper limits, other texts must be equal.",
    },
    "timezone": {
        "type": "str",
        "description": "IANA zone that the container must be in; not looked at when not set.",
    },
    "usage": {
        "type": "bool",
        "default": False,
        "description": "Whether to measure processor and memory use, which takes Docker two seconds.",
    },
}
METRICS = {
    "state": "",
    "active": "",
    "containers": "count",
    "restarts": "count",
    "exit_code": "",
    "oom_killed": "",
    "since_seconds": "s",
    "log_limit_bytes": "B",
    "memory_bytes": "B",
    "memory_limit_bytes": "B",
    "memory_percent": "%",
    "cpu_percent": "%",
    "cpu_limit_cores": "",
}


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Ask Docker about the service's containers: one listing, one inspection, and what the parameters add.

    Raises:
        CheckError: no project directory (critical), no docker, or docker does not answer.
    """
    service, directory = parameters["service"], parameters["project_directory"]
    if not os.path.isdir(directory):
        raise CheckError("file_missing", state=CRITICAL, path=directory)
    listed = ask_docker(LISTING, context, directory)
    shown = context.lines(listed)
    if listed.returncode != 0:
        raise CheckError("service_manager_unavailable", evidence=shown, manager="docker compose", service=service)
    found = parse_containers(listed.stdout)
    if found is None:
        raise CheckError("service_state_unreadable", evidence=shown, manager="docker compose", service=service)
    own = [one for one in found if one.get("Service") == service and "oneoff=True" not in str(one.get("Labels"))]
    if not own:
        names = sorted({str(one.get("Service")) for one in found})
        evidence = ["services that have a container: {}".format(", ".join(names) or "none")]
        raise CheckError("service_not_found", state=CRITICAL, evidence=evidence, service=service)
    identities = [str(one.get("ID")) for one in own]
    inspected = ask_docker(["docker", "inspect", "--type", "container", "--", *identities], context)
    containers = read_inspection(inspected.stdout) if inspected.returncode == 0 else None
    if not containers:
        shown = context.lines(inspected)
        raise CheckError("service_state_unreadable", evidence=shown, manager="docker inspect", service=service)
    running = [identity for identity, container in zip(identities, containers) if container.status == "running"]
    offsets = [_clock_offset(identity, context) for identity in running] if parameters.get("timezone") else []
    usages: list[Usage] = []
    if parameters["usage"] and running:
        asked = ask_docker(["docker", "stats", "--no-stream", "--format", "{{json .}}", *running], context)
        usages = read_usage(asked.stdout)
    return observe(containers, usages, offsets[0] if offsets else None, parameters, context.now)


def _clock_offset(identity: str, context: Context) -> str | None:
    asked = ask_docker(["docker", "exec", identity, "date", "+%z"], context)
    return asked.stdout.strip() if asked.returncode == 0 else None


def observe(
    containers: Sequence[Container],
    usages: Sequence[Usage],
    clock_offset: str | None,
    parameters: dict[str, Any],
    now: float,
) -> Observation:
    """Turn what Docker says into an Observation; of several containers the worst counts.

    Args:
        containers: of the service, at least one.
        usages: of those that run; empty when it was not measured.
        clock_offset: what ``date +%z`` says inside, None when it was not asked.
        parameters: service, log_driver, log_options and timezone of the check.
        now: seconds since the epoch.
    """
    faults: list[tuple[str, Reason | None]] = []
    for container in containers:
        faults += _faults(container, clock_offset, parameters, now)
    state, reason = max(faults, key=lambda fault: STATES.index(fault[0])) if faults else (OK, None)
    first = max(containers, key=lambda one: (one.status != "running", one.restarts or 0))
    down = [one for one in containers if one.status != "running"]
    started = [one.started for one in containers if one.started is not None]
    metrics: dict[str, Scalar] = {
        "active": 0 if state == CRITICAL else 1,
        "containers": len(containers),
        "restarts": _largest(one.restarts for one in containers),
        "exit_code": down[0].exit_code if down else None,
        "oom_killed": 1 if any(one.oom_killed for one in containers) else 0,
        "since_seconds": round(now - max(started), 1) if started and not down else None,
        "log_limit_bytes": _log_limit(first),
        **_usage_metrics(containers, usages),
    }
    return Observation(
        value=first.status,
        state=state,
        reason=reason,
        metrics=metrics,
        evidence=[line for one in containers for line in _evidence(one)],
        source=f"docker inspect {', '.join(one.name for one in containers)}",
    )


def _faults(
    container: Container, clock_offset: str | None, parameters: dict[str, Any], now: float
) -> list[tuple[str, Reason | None]]:
    service = parameters["service"]
    faults: list[tuple[str, Reason | None]] = []
    state, reason = judge_container(
        service, {"State": container.status, "Health": container.health, "ExitCode": container.exit_code}
    )
    if container.oom_killed:
        state, reason = CRITICAL, Reason("container_oom_killed", {"service": service, "exit_code": container.exit_code})
    elif container.status == "restarting":
        fields = {"service": service, "restarts": container.restarts, "exit_code": container.exit_code}
        state, reason = CRITICAL, Reason("container_keeps_restarting", fields)
    if state != OK:
        faults.append((state, reason))
    log = log_fault(container, parameters.get("log_driver"), parameters.get("log_options") or {})
    if log:
        wanted = " ".join(
            [str(parameters["log_driver"])]
            + [f"{name} {value}" for name, value in (parameters.get("log_options") or {}).items()]
        )
        faults.append(
            (WARNING, Reason("container_log_unlimited", {"service": service, "found": log, "expected": wanted}))
        )
    if parameters.get("timezone"):
        found = time_zone_fault(container, clock_offset, parameters["timezone"], now)
        if found:
            fields = {"service": service, "found": found, "expected": parameters["timezone"]}
            faults.append((WARNING, Reason("container_time_zone_differs", fields)))
    return faults


def _usage_metrics(containers: Sequence[Container], usages: Sequence[Usage]) -> dict[str, Scalar]:
    limits = {one.name: one.cpu_limit_cores for one in containers}
    shares = [
        None if usage.cpu_percent is None else usage.cpu_percent / (limits.get(usage.name) or 1.0) for usage in usages
    ]
    percent = _largest(shares)
    return {
        "memory_bytes": _largest(usage.memory_bytes for usage in usages),
        "memory_limit_bytes": _largest(one.memory_limit_bytes for one in containers),
        "memory_percent": _largest(usage.memory_percent for usage in usages),
        "cpu_percent": None if percent is None else round(percent, 2),
        "cpu_limit_cores": _largest(limits.values()),
    }


def _log_limit(container: Container) -> int | None:
    size = size_bytes(container.log_options.get("max-size", ""))
    files = container.log_options.get("max-file", "1")
    return size * int(files) if size is not None and files.isdigit() else None


def _evidence(container: Container) -> list[str]:
    options = ", ".join(f"{name} {value}" for name, value in sorted(container.log_options.items()))
    lines = [
        f"{container.name}: {container.status}{' ' + container.health if container.health else ''}, restarted "
        f"{container.restarts} times, exit code {container.exit_code}"
        + (", killed for lack of memory" if container.oom_killed else ""),
        f"{container.name}: log {container.log_driver} {options or 'without limits'}; "
        f"TZ {container.time_zone or 'not set'}; memory limit {container.memory_limit_bytes or 'none'}, "
        f"processor limit {container.cpu_limit_cores or 'none'}",
    ]
    if container.error:
        lines.append(f"{container.name}: {container.error}")
    if container.health_output and container.health != "healthy":
        lines.append(f"{container.name}: health check says {container.health_output[:200]}")
    return lines


def _largest(values: Any) -> Any:
    known = [value for value in values if value is not None]
    return max(known) if known else None
