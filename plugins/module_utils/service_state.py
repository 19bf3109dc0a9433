# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service runs, and which instance of it, asked of its manager: the proof that a restart was one."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

from . import service_process
from .compose import LISTING, parse_containers
from .errors import CheckError, RunbooksError
from .probe import Completed, Context

_NOT_STARTED = ("not-found", "masked", "bad-setting", "error")
_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "MainPID", "InvocationID", "NRestarts", "Job")


@dataclass(frozen=True)
class Service:
    """A service as a profile names it.

    Args:
        name: name in the profile.
        manager: ``systemd``, ``compose`` or ``pid_file``.
        unit: of systemd.
        compose_project_directory: directory of the compose file.
        compose_service: name in the compose file.
        pid_file: file with the process id.
        command_contains: text in the command line of its process.
        start_command: program and arguments.
        working_directory: where the program runs.
        environment: variables of the program.
        log_file: where the program's output goes.
        error_log_file: where its errors go; None appends them to the output.
    """

    name: str
    manager: str
    unit: str | None = None
    compose_project_directory: str | None = None
    compose_service: str | None = None
    pid_file: str | None = None
    command_contains: str | None = None
    start_command: Sequence[str] = ()
    working_directory: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    log_file: str | None = None
    error_log_file: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """A service at one moment.

    Args:
        active: it runs.
        state: the manager's word.
        instance: changes with every start; None when it does not run.
        pid: its main process.
        settled: False while the manager is still at work.
        process: for a pid file, the process itself.
        fault: why the manager cannot start it, such as a unit file that is no good; it can be stopped nevertheless.
    """

    active: bool
    state: str
    instance: str | None = None
    pid: int | None = None
    settled: bool = True
    process: service_process.Process | None = None
    fault: str = ""

    def shown(self) -> dict[str, Any]:
        """Return what a person wants to see of it."""
        return {"active": self.active, "state": self.state, "pid": self.pid, "instance": self.instance}


def look(service: Service, deadline: float) -> Snapshot:
    """Ask a service's manager.

    Args:
        service: the service.
        deadline: on ``time.monotonic()``.

    Raises:
        RunbooksError: the manager does not answer, does not know the service, or nothing can be told.
    """
    if service.manager == "pid_file":
        process = service_process.find(str(service.pid_file), str(service.command_contains))
        if process is None:
            return Snapshot(False, "stopped")
        return Snapshot(True, "running", f"{process.pid}@{process.ticks}", process.pid, process=process)
    if service.manager == "compose":
        return _compose(service, deadline)
    unit = str(service.unit)
    asked = run(["systemctl", "show", "--no-pager", "-p", ",".join(_PROPERTIES), "--", unit], deadline)
    return parse_systemd(unit, asked.stdout)


def parse_systemd(unit: str, text: str) -> Snapshot:
    """Read the answer of ``systemctl show``.

    Raises:
        RunbooksError: there is no such unit and nothing of it runs, or the answer is not understood.
    """
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    state, detail = found.get("ActiveState"), found.get("SubState", "")
    loaded = found.get("LoadState", "")
    if loaded == "not-found" and state in (None, "inactive"):
        raise RunbooksError(f"Unit {unit} is {loaded}", "Correct the unit's name or install the unit")
    if not state:
        raise RunbooksError(f"systemd does not say whether {unit} is active", "Look with systemctl status")
    active = state in ("active", "reloading", "refreshing")
    pid = int(found.get("MainPID") or 0) or None
    # A job that waits will change the state; so will an automatic restart, which is a state of "activating".
    settled = state in ("active", "inactive", "failed") and found.get("Job", "0") in ("0", "")
    instance = "{}@{}".format(found.get("InvocationID"), found.get("NRestarts")) if active else None
    word = state if detail in ("", "running", "dead", state) else f"{state} ({detail})"
    # Such a unit may run, from before its file was broken, and systemd stops it; it starts none.
    fault = f"Unit {unit} is {loaded}" if loaded in _NOT_STARTED else ""
    return Snapshot(active, word, instance, pid, settled, fault=fault)


def _compose(service: Service, deadline: float) -> Snapshot:
    directory, name = service.compose_project_directory, str(service.compose_service)
    if directory is not None and not os.path.isdir(directory):
        raise RunbooksError(f"{directory} does not exist", "Correct compose_project_directory")
    containers = parse_containers(run(LISTING, deadline, directory).stdout)
    if containers is None:
        raise RunbooksError(f"Docker Compose lists no containers of {directory}", "Look with docker compose ps -a")
    own = [str(one.get("ID") or one.get("Name")) for one in containers if one.get("Service") == name]
    if not own:
        known = run(["docker", "compose", "config", "--services"], deadline, directory).stdout.split()
        if name not in known:
            raise RunbooksError(
                f"The compose file in {directory} has no service {name}", "Services: {}".format(", ".join(known))
            )
        return Snapshot(False, "no container")
    form = "{{.State.Status}} {{.State.Pid}} {{.State.StartedAt}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
    return parse_containers_inspected(run(["docker", "inspect", "--format", form, *own], deadline).stdout, own)


def parse_containers_inspected(text: str, containers: Sequence[str]) -> Snapshot:
    """Read what ``docker inspect`` says of a service's containers: state, pid, start and health, a line for each.

    Raises:
        RunbooksError: it says nothing.
    """
    lines = [line.split(" ") for line in text.splitlines() if line.strip()]
    if len(lines) != len(containers) or any(len(line) < 3 for line in lines):
        raise RunbooksError("docker inspect does not describe the containers", "Look with docker compose ps -a")
    states = [line[0] for line in lines]
    health = [line[3] for line in lines if len(line) > 3 and line[3]]
    active = all(state == "running" for state in states) and "unhealthy" not in health
    settled = "starting" not in health and not {"restarting", "removing", "created"} & set(states)
    # A container that is unhealthy or starting runs nevertheless: its processes are there to be stopped.
    running = "running" in states or "restarting" in states or "paused" in states
    instance = ",".join(f"{name[:12]}@{line[2]}" for name, line in zip(containers, lines)) if running else None
    word = ", ".join(sorted({*states, *health})) or "unknown"
    return Snapshot(active and settled, word, instance, int(lines[0][1]) or None, settled)


def run(argv: Sequence[str], deadline: float, directory: str | None = None) -> Completed:
    """Run a command of a service manager, ended at the deadline.

    Raises:
        RunbooksError: it failed, with its last words, or did not end in time.
    """
    words = " ".join(argv[:4])
    try:
        done = Context(now=time.time(), deadline=deadline).run(argv, cwd=directory)
    except CheckError as fault:
        raise RunbooksError(
            f"{argv[0]} cannot be run: {fault.reason_id}", "Install it, or name another manager"
        ) from None
    if done.timed_out:
        raise RunbooksError(f"{words} did not end in time", "Give it more timeout_seconds, or look why it hangs")
    if done.returncode != 0:
        said = " / ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise RunbooksError(f"{words} failed with status {done.returncode}: {said}")
    return done
