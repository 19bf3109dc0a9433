# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes as /proc shows them: what each of them uses, and which belong together."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Iterable

from .probe import open_regular

_KILOBYTES = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_FILE_BYTES = 65536
# Of /proc/PID/stat, counted from the field after the name.
_STATE, _PARENT, _USER, _SYSTEM, _THREADS, _STARTED = 0, 1, 11, 12, 17, 19


@dataclass(frozen=True)
class Process:
    """One process.

    Args:
        pid: its id.
        parent: the id of its parent.
        command: its command line, or its name in brackets when it has none.
        ticks: processor time that it has used, in clock ticks.
        threads: how many it has.
        started: clock ticks since boot; tells a reused id.
        own_bytes: memory that nobody else can share with it, swapped out or not.
        shared_bytes: memory of files and shared segments.
    """

    pid: int
    parent: int
    command: str
    ticks: int
    threads: int
    started: int
    own_bytes: int
    shared_bytes: int


def read_process(stat: str, status: str, command: str) -> Process | None:
    """Return what the texts of ``/proc/PID/stat``, ``status`` and ``cmdline`` say; None when that is no living process.

    Args:
        stat: the name in it may itself hold brackets and spaces.
        status: memory is counted in kB in it.
        command: arguments are separated by NUL.
    """
    head, bracket, rest = stat.rpartition(")")
    pid, _space, name = head.partition(" (")
    fields = rest.split()
    numbers = (
        [fields[place] for place in (_PARENT, _USER, _SYSTEM, _THREADS, _STARTED)] if len(fields) > _STARTED else []
    )
    if not bracket or not numbers or not all(text.isdigit() for text in (pid.strip(), *numbers)):
        return None
    if fields[_STATE] in ("Z", "X"):
        return None
    parent, user, system, threads, started = map(int, numbers)
    kilobytes = {key: int(value) for key, value in _KILOBYTES.findall(status)}
    shared = kilobytes.get("RssFile", 0) + kilobytes.get("RssShmem", 0)
    # Kernels before 4.5 only tell the sum.
    own = kilobytes.get("RssAnon", kilobytes.get("VmRSS", 0)) + kilobytes.get("VmSwap", 0)
    shown = " ".join(command.replace("\0", " ").split()) or f"[{name}]"
    return Process(int(pid), parent, shown, user + system, threads, started, own * 1024, shared * 1024)


def process_of(pid: int, proc: str = "/proc") -> Process | None:
    """Return one process; None when it has ended or must not be looked at."""
    texts = []
    for name in ("stat", "status", "cmdline"):
        try:
            with open(f"{proc}/{pid}/{name}", "rb") as stream:
                texts.append(stream.read(_FILE_BYTES).decode("utf-8", "replace"))
        except OSError:
            return None
    return read_process(*texts)


def all_processes(proc: str = "/proc") -> list[Process]:
    """Return every process that can be looked at."""
    found = (process_of(int(name), proc) for name in os.listdir(proc) if name.isdigit())
    return [process for process in found if process is not None]


def family(roots: Iterable[int], processes: Iterable[Process]) -> list[Process]:
    """Return the processes with these ids and all that descend from them."""
    processes = list(processes)
    members = set(roots)
    grown = True
    while grown:
        grown = False
        for process in processes:
            if process.parent in members and process.pid not in members:
                members.add(process.pid)
                grown = True
    return [process for process in processes if process.pid in members]


def open_files(pid: int, proc: str = "/proc") -> int | None:
    """Return how many files a process has open; None when that must not be looked at."""
    try:
        return len(os.listdir(f"{proc}/{pid}/fd"))
    except OSError:
        return None


def total_memory_bytes(proc: str = "/proc") -> int | None:
    """Return the memory of the host."""
    with open_regular(f"{proc}/meminfo") as stream:
        found = dict(_KILOBYTES.findall(stream.read(_FILE_BYTES).decode("ascii", "replace")))
    return int(found["MemTotal"]) * 1024 if "MemTotal" in found else None
