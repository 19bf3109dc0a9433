# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold processes for a moment, with a guard that lets them go on whatever happens to this one."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import time
from typing import Callable, Iterator

from .errors import RunbooksError

_GUARD_SECONDS = 15.0
#: So long before the guard lets them go, the processes are no longer taken to be held.
_MARGIN_SECONDS = 5.0
_STOP_SECONDS = 5.0
_ROUNDS = 5


@contextlib.contextmanager
def paused(find: Callable[[], set[int]]) -> Iterator[float]:
    """Stop processes, run the body, and let them go on.

    A child process waits beside: should this one be killed, or take longer than 15 seconds, it lets them go on.

    Args:
        find: returns the processes to stop; asked again until no new one turns up.

    Yields:
        Until when, by the monotonic clock, they are held for certain: what must not meet them has to look.

    Raises:
        RunbooksError: one of them cannot be stopped.
    """
    held: set[int] = set()
    guard: _Guard | None = None
    try:
        for _round in range(_ROUNDS):
            fresh = {pid for pid in find() if pid not in held and state_of(pid) not in ("T", "t", "Z", "X", None)}
            if not fresh:
                break
            replaced, guard = guard, _Guard(held | fresh)
            if replaced is not None:
                replaced.dismiss()
            held |= fresh
            for pid in fresh:
                _signal(pid, signal.SIGSTOP)
            _wait_until_stopped(fresh)
        yield guard.until if guard is not None else math.inf
    finally:
        for pid in held:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGCONT)
        if guard is not None:
            guard.dismiss()


class _Guard:
    """A child that resumes processes when its pipe is closed, or after a time."""

    def __init__(self, pids: set[int]) -> None:
        self.until = time.monotonic() + _GUARD_SECONDS - _MARGIN_SECONDS
        reader, self._writer = os.pipe()
        ready, tell_ready = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _keep_only({reader, tell_ready})
                os.write(tell_ready, b"x")
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                dismissed = bool(select.select([reader], [], [], _GUARD_SECONDS)[0] and os.read(reader, 1))
                for pid in () if dismissed else pids:
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGCONT)
            finally:
                os._exit(0)
        os.close(reader)
        os.close(tell_ready)
        # Until it has let go of them, the child would count as one more writer of this process's files.
        os.read(ready, 1)
        os.close(ready)

    def dismiss(self) -> None:
        """Send the child home without its doing anything."""
        with contextlib.suppress(OSError):
            os.write(self._writer, b"x")
        os.close(self._writer)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _keep_only(descriptors: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in descriptors:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise RunbooksError(f"Process {pid} writes to the file and cannot be paused", "Run as root") from None


def _wait_until_stopped(pids: set[int]) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while any(state not in ("T", "t", "Z", "X", None) for pid in pids for state in _thread_states(pid)):
        if time.monotonic() > deadline:
            raise RunbooksError("Processes {} did not stop".format(", ".join(map(str, sorted(pids)))))
        time.sleep(0.001)


def _thread_states(pid: int) -> list[str | None]:
    try:
        return [state_of(pid, thread) for thread in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def state_of(pid: int, thread: str | None = None) -> str | None:
    """Return the state letter of a process or one of its threads; None when it is gone."""
    path = f"/proc/{pid}/stat" if thread is None else f"/proc/{pid}/task/{thread}/stat"
    try:
        with open(path, "rb") as stream:
            # The command's name is in parentheses and may hold anything.
            return stream.read(4096).rpartition(b")")[2].split()[0].decode("ascii")
    except (OSError, IndexError, UnicodeDecodeError):
        return None
