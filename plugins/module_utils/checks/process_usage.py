# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processor and memory of a service's own processes (EST-06, DIY-07, DIY-17, DIY-18).

Memory that the processes share is counted once, so that a server with eight workers does not seem to use eight times
what it does.
"""

from __future__ import annotations

import os
import time
from typing import Any, Mapping, Sequence

from ..compose import ask_docker
from ..errors import CheckError
from ..model import Observation, Reason, Scalar
from ..pid_file import parse_pid
from ..probe import Context
from ..process_table import Process, all_processes, family, open_files, process_of, total_memory_bytes

PARAMETERS: dict[str, dict[str, Any]] = {
    "manager": {
        "type": "str",
        "choices": ["systemd", "pid_file", "compose", "command"],
        "default": "systemd",
        "description": "Who knows which processes they are; V(command) takes all whose command line holds a text, and "
        "none of them is no fault.",
    },
    "unit": {"type": "str", "description": "Name of the systemd unit; required for systemd."},
    "pid_file": {"type": "path", "description": "File that holds the process id; required for pid_file."},
    "command_contains": {
        "type": "str",
        "description": "Text in the command line: required for command; tells a reused id for pid_file.",
    },
    "compose_project_directory": {"type": "path", "description": "Directory of the compose file."},
    "compose_service": {"type": "str", "description": "Service of the compose file; required for compose."},
    "sample_seconds": {"type": "float", "default": 0.5, "description": "Time between two looks at the processor time."},
}
METRICS = {
    "memory_bytes": "B",
    "memory_percent": "%",
    "cpu_percent": "%",
    "cpu_host_percent": "%",
    "processes": "count",
    "threads": "count",
    "open_files": "count",
    "since_seconds": "s",
}
_NEEDS = {"systemd": "unit", "pid_file": "pid_file", "compose": "compose_service", "command": "command_contains"}
_PROCESSES_SHOWN = 6
_COMMAND_CHARACTERS = 160


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Look at the processes twice, a moment apart.

    Raises:
        CheckError: ``parameter_needed``, ``no_processes``, ``service_manager_unavailable``, or what a pid file lacks.
    """
    manager = parameters["manager"]
    needed = _NEEDS[manager]
    if not parameters.get(needed):
        raise CheckError("parameter_needed", parameter=needed, manager=manager)
    before = _members(parameters, context)
    begun = time.monotonic()
    if before:
        time.sleep(max(0.05, min(parameters["sample_seconds"], context.remaining() - 0.3)))
    found = (process_of(process.pid) for process in before)
    after = [process for process in found if process is not None]
    files = [open_files(process.pid) for process in after]
    return observe(
        before,
        after,
        time.monotonic() - begun,
        {
            "name": str(parameters[needed]),
            "may_be_none": manager == "command",
            "total_bytes": total_memory_bytes(),
            "cores": os.cpu_count() or 1,
            "ticks_per_second": os.sysconf("SC_CLK_TCK"),
            "since_boot": time.clock_gettime(time.CLOCK_BOOTTIME),
            "open_files": None if None in files else sum(number or 0 for number in files),
        },
    )


def observe(
    before: Sequence[Process], after: Sequence[Process], seconds: float, host: Mapping[str, Any]
) -> Observation:
    """Turn two looks at processes into figures; pure.

    Args:
        before: what the processes had used.
        after: the same processes; those that have ended meanwhile are missing.
        seconds: between the two looks.
        host: name, may_be_none, total_bytes, cores, ticks_per_second, since_boot (seconds) and open_files.

    Raises:
        CheckError: ``no_processes``.
    """
    earlier = {(process.pid, process.started): process for process in before}
    same = [process for process in after if (process.pid, process.started) in earlier]
    if not same:
        if not host["may_be_none"]:
            raise CheckError("no_processes", name=host["name"])
        metrics: dict[str, Scalar] = {**dict.fromkeys(METRICS), "processes": 0}
        return Observation(
            reason=Reason("no_processes", {"name": host["name"]}), metrics=metrics, nothing_to_measure=True
        )
    used = {
        process.pid: max(0, process.ticks - earlier[process.pid, process.started].ticks) / host["ticks_per_second"]
        for process in same
    }
    memory = sum(process.own_bytes for process in same) + max(process.shared_bytes for process in same)
    cpu = 100.0 * sum(used.values()) / seconds if seconds > 0 else None
    since = host["since_boot"] - min(process.started for process in same) / host["ticks_per_second"]
    total = host["total_bytes"]
    largest = sorted(same, key=lambda process: process.own_bytes, reverse=True)[:_PROCESSES_SHOWN]
    return Observation(
        value=memory,
        metrics={
            "memory_percent": round(100.0 * memory / total, 2) if total else None,
            "cpu_percent": None if cpu is None else round(cpu, 1),
            "cpu_host_percent": None if cpu is None else round(cpu / host["cores"], 1),
            "processes": len(same),
            "threads": sum(process.threads for process in same),
            "open_files": host["open_files"],
            "since_seconds": round(max(0.0, since), 1),
        },
        evidence=[_shown(process, used[process.pid] / seconds if seconds > 0 else 0.0) for process in largest],
        source="/proc",
    )


def _shown(process: Process, share: float) -> str:
    mebibytes = (process.own_bytes + process.shared_bytes) / 1048576
    return (
        f"{process.pid}: {mebibytes:.1f} MiB, {100 * share:.0f} % of a processor, {process.threads} threads,"
        f" {process.command[:_COMMAND_CHARACTERS]}"
    )


def _members(parameters: Mapping[str, Any], context: Context) -> list[Process]:
    manager, text = parameters["manager"], parameters.get("command_contains")
    everybody = all_processes()
    if manager == "command":
        # A shell that was started to look for the text is not what is looked for, nor is this look.
        own = os.getpid()
        return [one for one in everybody if str(text) in one.command and own not in (one.pid, one.parent)]
    if manager == "systemd":
        return _of_unit(parameters["unit"], everybody, context)
    roots = _compose_roots(parameters, context) if manager == "compose" else [_pid(parameters["pid_file"], context)]
    members = family(roots, everybody)
    if manager == "pid_file" and text and not any(one.pid in roots and text in one.command for one in members):
        return []
    return members


def _pid(path: str, context: Context) -> int:
    with context.open(path) as stream:
        pid = parse_pid(stream.read(4096).decode("utf-8", "replace"))
    if pid is None:
        raise CheckError("service_pid_file_invalid", path=path)
    return pid


def _of_unit(unit: str, everybody: Sequence[Process], context: Context) -> list[Process]:
    asked = context.run(["systemctl", "show", "--no-pager", "-p", "MainPID,ControlGroup", "--", unit])
    found = dict(line.split("=", 1) for line in asked.stdout.splitlines() if "=" in line)
    if asked.timed_out or "MainPID" not in found:
        evidence = context.lines(asked)
        raise CheckError("service_manager_unavailable", manager="systemd", service=unit, evidence=evidence)
    group = found.get("ControlGroup") or ""
    members = set(_pids_of_group(group)) if group.strip("/") else set()
    return [one for one in everybody if one.pid in members] or family([int(found["MainPID"]) or -1], everybody)


def _pids_of_group(group: str) -> list[int]:
    """Return the processes of a control group and the groups below it, in either layout of the kernel's."""
    pids: list[int] = []
    for mount in ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd"):
        for folder, _folders, names in os.walk(mount + group):
            if "cgroup.procs" in names:
                with open(os.path.join(folder, "cgroup.procs"), encoding="ascii") as stream:
                    pids += [int(line) for line in stream if line.strip().isdigit()]
        if pids:
            break
    return pids


def _compose_roots(parameters: Mapping[str, Any], context: Context) -> list[int]:
    service, directory = parameters["compose_service"], parameters.get("compose_project_directory")
    if directory is not None and not os.path.isdir(directory):
        raise CheckError("file_missing", state="critical", path=directory)
    asked = ask_docker(["docker", "compose", "ps", "-q", "--", service], context, directory)
    identities = asked.stdout.split()
    if asked.returncode != 0:
        fields = {"manager": "docker compose", "service": service}
        raise CheckError("service_manager_unavailable", evidence=context.lines(asked), **fields)
    if not identities:
        return []
    inspected = ask_docker(["docker", "inspect", "--format", "{{.State.Pid}}", *identities], context)
    return [int(text) for text in inspected.stdout.split() if text.isdigit() and int(text)]
