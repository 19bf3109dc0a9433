# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose CPU it was: processes below this one, and below the benchmark's sshd."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from pathlib import Path

from tests.process_tree import children

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_SECONDS = 300


def become_subreaper() -> None:
    """Let orphans below the calling process become its children, so that it can count what they used."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def cpu_of_tree(pid: int) -> float:
    """Return the CPU seconds of a process and of everything below it that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    # utime, stime, cutime, cstime: fields 14 to 17 of proc(5), counted from 3 here.
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def cpu_of_finished_children() -> float:
    """Return the CPU seconds of all processes below this one that have been waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def end_children(keep: set[int]) -> None:
    """End the children of this process that a contestant left behind (open SSH connections) and wait for them."""
    for pid in children(os.getpid()) - keep:
        try:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            continue


def wait_for_idle(pid: int) -> None:
    """Wait until a process has no children, that is: until sshd has counted what its sessions used.

    Raises:
        TimeoutError: it still has some after five minutes.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while children(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} still has children")
        time.sleep(0.05)


if __name__ == "__main__":
    # In front of another program: it starts as a subreaper.
    become_subreaper()
    os.execv(sys.argv[1], sys.argv[1:])
