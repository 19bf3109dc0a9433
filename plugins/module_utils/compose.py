# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service of a Docker Compose project, as ``docker compose ps`` lists it (SBX-01)."""

from __future__ import annotations

import json
import os
from typing import Any

from .errors import CheckError
from .model import CRITICAL, OK, STATES, UNKNOWN, WARNING, Observation, Reason
from .probe import Completed, Context

#: Lists every container of a project, those that have ended as well.
LISTING = ["docker", "compose", "ps", "-a", "--format", "json"]


def look_compose(project_directory: str | None, service: str, context: Context) -> Observation:
    """Ask Docker Compose about one service.

    Args:
        project_directory: directory of the compose file; None asks in the current one.
        service: name in the compose file.
        context: bounds of the check.

    Raises:
        CheckError: no project directory (critical), no docker, or docker does not answer.
    """
    if project_directory is not None and not os.path.isdir(project_directory):
        raise CheckError("file_missing", state=CRITICAL, path=project_directory)
    return observe_compose(service, ask_docker(LISTING, context, project_directory))


def ask_docker(argv: list[str], context: Context, directory: str | None = None) -> Completed:
    """Run a docker command that has to end within the check's time.

    Raises:
        CheckError: ``timed_out``, naming what was waited for, or ``command_missing``.
    """
    allowed = round(context.remaining(), 1)
    asked = context.run(argv, cwd=directory)
    if asked.timed_out:
        raise CheckError("timed_out", seconds=allowed, evidence=["waited for " + " ".join(argv[:3])])
    return asked


def observe_compose(service: str, asked: Completed) -> Observation:
    """Turn the answer of ``docker compose ps -a --format json`` into a state; of several containers the worst counts.

    Raises:
        CheckError: ``service_manager_unavailable`` when docker does not answer, ``service_state_unreadable`` when
            its answer is not understood.
    """
    evidence = [line for line in (asked.stderr + "\n" + asked.stdout).splitlines() if line.strip()][:5]
    if asked.returncode != 0:
        raise CheckError("service_manager_unavailable", evidence=evidence, manager="docker compose", service=service)
    containers = parse_containers(asked.stdout)
    if containers is None:
        raise CheckError("service_state_unreadable", evidence=evidence, manager="docker compose", service=service)
    own = [container for container in containers if container.get("Service") == service]
    if not own:
        listed = sorted({str(container.get("Service")) for container in containers})
        return Observation(
            value="missing",
            state=CRITICAL,
            reason=Reason("service_not_found", {"service": service}),
            metrics={"active": 0},
            source=" ".join(LISTING),
            evidence=[f"services that have a container: {', '.join(listed) or 'none'}"],
        )
    judged = [(container, *judge_container(service, container)) for container in own]
    container, state, reason = max(judged, key=lambda entry: STATES.index(entry[1]))
    return Observation(
        value=str(container.get("State") or "unknown"),
        state=state,
        reason=reason,
        metrics={"active": 1 if state == OK else 0, "containers": len(own)},
        evidence=[f"{one.get('Name')}: {one.get('Status') or one.get('State')}" for one in own],
        source=" ".join(LISTING),
    )


def parse_containers(text: str) -> list[dict[str, Any]] | None:
    """Read a JSON list (Compose before 2.21) or one JSON object per line (since); None when it is neither."""
    try:
        if text.lstrip().startswith("["):
            found = json.loads(text)
        else:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        return None
    return found if isinstance(found, list) and all(isinstance(one, dict) for one in found) else None


def judge_container(service: str, container: dict[str, Any]) -> tuple[str, Reason | None]:
    """Judge one container by what ``docker compose ps`` says of it."""
    state, health = str(container.get("State") or "").lower(), str(container.get("Health") or "").lower()
    if state == "running":
        if health == "unhealthy":
            return CRITICAL, Reason("service_unhealthy", {"service": service})
        if health == "starting":
            return WARNING, Reason("service_starting", {"service": service})
        return OK, None
    if state == "restarting":
        return CRITICAL, Reason("service_keeps_restarting", {"service": service})
    if state in ("exited", "dead"):
        return CRITICAL, Reason("service_exited", {"service": service, "exit_code": container.get("ExitCode")})
    if state in ("created", "paused", "removing"):
        return CRITICAL, Reason("service_not_active", {"service": service, "state": state})
    return UNKNOWN, Reason("service_state_unreadable", {"service": service, "manager": "docker compose"})
