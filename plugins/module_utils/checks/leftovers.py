# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a look ends: the process that its checks run in, and what these have started and could not end themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import time

# How often the end of the child is asked for, each time after a little longer: for a tenth of a second in all.
_COLLECTIONS = 32
_LONGER_SECONDS = 0.0002


def end_commands_of(process: int) -> None:
    """Stop a process and kill what it has started, each with the group that it leads.

    A process that is stopped collects nobody: no number of a child becomes another's meanwhile.
    """
    os.kill(process, signal.SIGSTOP)
    for child in _children(process):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            (os.killpg if os.getpgid(child) == child else os.kill)(child, signal.SIGKILL)


def end(child: int) -> None:
    """End the child and collect it; one that the kernel does not let go of is left to the kernel."""
    os.kill(child, signal.SIGKILL)
    for attempt in range(_COLLECTIONS):
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(attempt * _LONGER_SECONDS)


def _children(process: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(name)}/stat", "rb") as file:
                parent = file.read().rpartition(b")")[2].split()[1]
        except (OSError, ValueError, IndexError):
            continue
        if int(parent) == process:
            found.append(int(name))
    return found
