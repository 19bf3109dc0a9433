# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process is meant: more than its number, which the next process may get, and a signal for that one alone."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import Iterator

from .errors import RunbooksError
from .locks import parse_process_stat

_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class ProcessIdentity:
    """What stays the same for as long as a process is the same.

    Args:
        pid: its number.
        started_ticks: when it began, in ticks since the boot.
        boot_id: of the boot that the ticks count from.
        executable: the file that it runs; empty where /proc hides it.
        command: its command line.
    """

    pid: int
    started_ticks: int
    boot_id: str
    executable: str
    command: str


def identify(pid: int) -> ProcessIdentity | None:
    """Return who a process is; None when it has ended, also when only its parent has not noticed yet."""
    try:
        state, _parent, ticks = parse_process_stat(_text(f"/proc/{pid}/stat"))
        if state in ("Z", "X"):
            return None
        try:
            executable = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            executable = ""
        command = _text(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
    except (OSError, ValueError):
        return None
    return ProcessIdentity(pid, ticks, _boot_id(), executable, command)


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, directly or not, parents before their children."""
    children: dict[int, list[int]] = {}
    for other, parent in _parents():
        children.setdefault(parent, []).append(other)
    found, waiting = [], [pid]
    while waiting:
        for child in children.get(waiting.pop(0), []):
            found.append(child)
            waiting.append(child)
    return found


def send(identity: ProcessIdentity, number: int) -> bool:
    """Send a signal to the process that is meant, and to no other that has its number now.

    Where the kernel gives handles of processes, the handle is taken before the identity is compared: the number cannot
    be given away in between.

    Args:
        identity: from :func:`identify`.
        number: of the signal.

    Returns:
        False when that process has ended.

    Raises:
        RunbooksError: it is another user's.
    """
    if identity.pid in (0, 1, os.getpid(), os.getppid()):
        raise RunbooksError(f"Process {identity.pid} is never sent a signal", "Look at the pid file")
    handle = _handle(identity.pid)
    try:
        if identify(identity.pid) != identity:
            return False
        if handle is not None:
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(identity.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        raise RunbooksError(f"Process {identity.pid} is another user's and cannot be stopped", "Run as root") from None
    finally:
        if handle is not None:
            os.close(handle)
    return True


def wait_for_end(identities: list[ProcessIdentity], seconds: float) -> list[ProcessIdentity]:
    """Wait until processes have ended; return those that have not."""
    deadline = time.monotonic() + seconds
    left = [one for one in identities if _is_there(one)]
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = [one for one in left if _is_there(one)]
    return left


def _is_there(identity: ProcessIdentity) -> bool:
    # While it ends, a process has lost its executable and command line already, and may still have files open.
    now = identify(identity.pid)
    return now is not None and now.started_ticks == identity.started_ticks


def _handle(pid: int) -> int | None:
    # Python 3.9 and Linux 5.3; without them the identity is compared immediately before the signal.
    opener = getattr(os, "pidfd_open", None)
    if opener is None or not hasattr(signal, "pidfd_send_signal"):
        return None
    try:
        return int(opener(pid))
    except OSError:
        return None


def _parents() -> Iterator[tuple[int, int]]:
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            yield int(name), parse_process_stat(_text(f"/proc/{name}/stat"))[1]
        except (OSError, ValueError):
            continue


def _boot_id() -> str:
    try:
        return _text("/proc/sys/kernel/random/boot_id").strip()
    except OSError:
        return ""


def _text(path: str) -> str:
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")
