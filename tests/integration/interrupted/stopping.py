# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that are stopped in the middle of a system call by strace, whoever makes it, and killed there.

Other tests replace Python's functions; that reaches no write of SQLite, of DuckDB, or of a program that is started.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.process_pause import state_of
from tests.conftest import CHECKOUT
from tests.process_tree import descendants

#: What changes a disk. The question mark lets strace accept names that this processor's kernel does not have.
CHANGES = (
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "copy_file_range",
    "sendfile",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
)
_CALL = re.compile(r"^(\d+) +(\w+)\(")
_STOPPED = re.compile(r"^(\d+) +--- stopped by SIGSTOP", re.MULTILINE)
_PATIENCE_SECONDS = 900
Calls = Sequence[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Point:
    """The n-th time that some process makes a system call, and whether that process is the modules' own."""

    call: str
    number: int
    own: bool


def require_strace() -> None:
    """Say what is not tested where nothing can be traced; that is a failure where everything has to be tested."""
    try:
        done = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
        said = done.stderr.strip() if done.returncode else ""
    except FileNotFoundError:
        said = "there is no strace (Debian: apt-get install strace)"
    if said:
        message = f"NOT TESTED: processes that are killed inside of system calls: {said}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


def finish(calls: Calls) -> None:
    """Run modules to their end.

    Raises:
        AssertionError: one of them failed.
    """
    done = subprocess.run(
        _program(), input=json.dumps(calls), cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def points(calls: Calls, about: Path, log: Path) -> list[Point]:
    """Run modules once to their end, and return every change that they make below a directory, in order."""
    # The kernel stops the processes in these calls only. Where one is to be stopped it must not: strace sends its
    # signal from a stop in which the kernel ignores it then.
    options = ["--seccomp-bpf", "-y", "-e", "signal=none"]
    traced = _trace(calls, log, [*options, "-e", "trace=" + _names(CHANGES)])
    assert traced.wait(_PATIENCE_SECONDS) == 0, log.read_text(errors="replace")[-2000:]
    seen: dict[tuple[str, str], int] = {}
    found: dict[Point, None] = {}
    first = ""
    for line in log.read_text(errors="replace").splitlines():
        called = _CALL.match(line)
        if called:
            process, name = called.groups()
            first = first or process
            seen[process, name] = number = seen.get((process, name), 0) + 1
            # Calls are counted for each process by itself: the first process that comes so far is meant.
            if str(about) in line and max(count for (_who, what), count in seen.items() if what == name) == number:
                found.setdefault(Point(name, number, process == first))
    return list(found)


def spread(found: Sequence[Point], count: int) -> list[Point]:
    """Return the first, the last, and others in between: so many, or all when there are no more."""
    indexes = {round(step * (len(found) - 1) / (count - 1)) for step in range(count)}
    return [found[index] for index in sorted(indexes)]


def kill_at(point: Point, calls: Calls, log: Path, alone: bool = False) -> list[int] | None:
    """Run modules, stop everything at a point and kill it there; None when they ended before.

    Args:
        point: where.
        calls: of the modules.
        log: of strace.
        alone: kill the modules' own process only; what it has started goes on.

    Returns:
        The processes that go on.
    """
    options = ["-e", "signal=STOP", "-e", f"trace={point.call}"]
    traced = _trace(calls, log, [*options, "-e", f"inject={point.call}:signal=STOP:when={point.number}"])
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while traced.poll() is None and not _STOPPED.search(_text(log)):
        assert time.monotonic() < deadline, f"{point} is neither reached nor passed"
        time.sleep(0.005)
    if not _STOPPED.search(_text(log)):
        return None
    family = list(descendants(traced.pid))
    if alone:
        # Without its tracer nothing is stopped a second time, when another thread comes as far.
        traced.kill()
    killed, others = (family[:1], family[1:]) if alone else (family, [])
    for process in killed:
        _send(process, signal.SIGKILL)
    for process in others:
        _send(process, signal.SIGCONT)
    traced.wait(_PATIENCE_SECONDS)
    return others


def wait_for(processes: Sequence[int]) -> None:
    """Wait until processes have ended."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    # What has ended may be there until its new parent has asked for it.
    while any(state_of(process) not in ("Z", "X", None) for process in processes):
        assert time.monotonic() < deadline, processes
        time.sleep(0.02)


def interruptions(
    calls: Calls,
    about: Path,
    fresh: Callable[[], None],
    count: int,
    log: Path,
    alone: bool = False,
    kinds: Sequence[str] = CHANGES,
) -> Iterator[Point]:
    """Yield after each of some interruptions of modules, each of which begins with what is made fresh.

    Args:
        calls: of the modules.
        about: what they change.
        fresh: makes it what it was.
        count: of interruptions.
        log: of strace.
        alone: interrupt where other programs change something for the modules, and kill the modules' own process only.
        kinds: system calls in which they are interrupted.
    """
    require_strace()
    fresh()
    found = [point for point in points(calls, about, log) if point.call in kinds and not (alone and point.own)]
    chosen, reached = spread(found, count), 0
    assert len(chosen) >= count / 2, found
    for point in chosen:
        fresh()
        others = kill_at(point, calls, log, alone)
        if others is not None:
            reached += 1
            yield point
            wait_for(others)
    # Processes that run side by side do not always do the same in the same order.
    assert reached > len(chosen) / 2, (reached, found)


def _program() -> list[str]:
    return [sys.executable, "-B", "-m", "tests.integration.interrupted.module_calls"]


def _trace(calls: Calls, log: Path, options: Sequence[str]) -> subprocess.Popen[str]:
    log.write_text("")
    given = log.with_suffix(".json")
    given.write_text(json.dumps(calls))
    with given.open() as stream, log.with_suffix(".output").open("w") as output:
        return subprocess.Popen(
            ["strace", "-f", "-o", str(log), *options, *_program()],
            stdin=stream,
            stdout=output,
            stderr=output,
            cwd=CHECKOUT,
            text=True,
        )


def _names(calls: Sequence[str]) -> str:
    return ",".join(f"?{call}" for call in calls)


def _text(log: Path) -> str:
    return log.read_text(errors="replace")


def _send(process: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
