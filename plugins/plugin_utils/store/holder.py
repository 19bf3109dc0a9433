# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who works on a system: the process on the control side, in a form that others can recognise as dead."""

from __future__ import annotations

import getpass
import multiprocessing
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

#: Names of the operator, most trusted first: set by hand, by AWX, by sudo.
OPERATOR_VARIABLES = ("AIOPS_OPERATOR", "AWX_USER_NAME", "TOWER_USER_NAME", "SUDO_USER")
#: Position of the start time (field 22 of proc(5)) among the fields behind the process's name, which are 3 and up.
START_TIME_POSITION = 22 - 3
DEAD_STATES = ("Z", "X", "x")


@dataclass(frozen=True)
class Holder:
    """The process that holds leases.

    Args:
        operator: the person or account it works for.
        controller: host name of the control side; that of the container in an execution environment.
        machine: machine id, empty where there is none: two machines may share a host name.
        boot: boot id of the kernel, empty where there is none.
        pid_namespace: identity of the PID namespace: a PID means nothing in another container.
        pid: process id in that namespace.
        process_started: start time in clock ticks since boot; tells a reused PID from the process itself.
    """

    operator: str
    controller: str
    machine: str
    boot: str
    pid_namespace: str
    pid: int
    process_started: int | None


def current_holder(
    *,
    operator: str | None = None,
    pid: int | None = None,
    environ: Mapping[str, str] | None = None,
    proc: str = "/proc",
    machine_id_path: str = "/etc/machine-id",
) -> Holder:
    """Return the identity of the running play.

    Args:
        operator: overrides what the environment says (AWX hands ``awx_user_name`` over as a variable).
        pid: the process that lives as long as the play; None is ansible-playbook itself, also when this is called
            in one of the workers that it forks for each task.
        environ: where the operator's name is looked up; None is the environment of this process.
        proc: where the kernel's process information is mounted.
        machine_id_path: file with the machine's id.
    """
    play = play_pid() if pid is None else pid
    return Holder(
        operator=operator or operator_name(os.environ if environ is None else environ),
        controller=socket.gethostname(),
        machine=_first_line(machine_id_path),
        boot=_first_line(os.path.join(proc, "sys/kernel/random/boot_id")),
        pid_namespace=_link(os.path.join(proc, "self/ns/pid")),
        pid=play,
        process_started=process_started(play, proc=proc),
    )


def play_pid() -> int:
    """Return the process that lives as long as the play: the parent of a forked worker, otherwise this one."""
    parent = multiprocessing.parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


def play_lives() -> bool:
    """Tell whether the play of this worker still runs: workers outlive an ansible-playbook that is killed."""
    parent = multiprocessing.parent_process()
    return parent is None or os.getppid() == parent.pid


def operator_name(environ: Mapping[str, str]) -> str:
    """Return who started the play."""
    for name in OPERATOR_VARIABLES:
        if environ.get(name):
            return environ[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # An execution environment may run under a user id that no account has.
        return f"uid {os.getuid()}"


def process_started(pid: int, *, proc: str = "/proc") -> int | None:
    """Return when a process started (clock ticks since boot); None when it is dead, a zombie, or unknowable."""
    try:
        with open(os.path.join(proc, str(pid), "stat"), encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    if len(fields) <= START_TIME_POSITION or fields[0] in DEAD_STATES:
        return None
    return int(fields[START_TIME_POSITION])


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
