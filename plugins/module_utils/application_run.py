# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an application's own command within a time limit, and believe what it left alone (AIMO-03, SBX-02).

Applications end with status 0 without having done anything, or print an error and end with status 0.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

from .errors import CheckError, RunbooksError
from .file_tree import expand

_TEXT_BYTES = 16 * 1024 * 1024
_TAIL_LINES = 15
_SHELL_SIGNAL = 128


@dataclass(frozen=True)
class Command:
    """What to run.

    Args:
        argv: program and arguments.
        chdir: working directory; None keeps the present one.
        environment: what is added to the present one.
        timeout_seconds: after which it is ended.
        grace_seconds: between SIGTERM and SIGKILL.
        stop_argv: what ends it where killing the process does not, such as a container.
        log_directory: where its output is kept; None keeps none.
        log_name: beginning of the names of those files.
    """

    argv: tuple[str, ...]
    chdir: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 600.0
    grace_seconds: float = 10.0
    stop_argv: tuple[str, ...] = ()
    log_directory: str | None = None
    log_name: str = "run"


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Args:
        returncode: negative for a signal.
        timed_out: it was ended at its limit.
        seconds: how long it took.
        started: seconds since the epoch.
        output: what it printed, errors after the rest.
        logs: the files that keep it.
    """

    returncode: int
    timed_out: bool
    seconds: float
    started: float
    output: str
    logs: tuple[str, ...]

    def tail(self) -> list[str]:
        """Return the last lines that it printed."""
        return [line for line in self.output.splitlines() if line.strip()][-_TAIL_LINES:]


def run(command: Command) -> Ended:
    """Run a command to its end, or end it with all that it started.

    Its output goes to files at once, so that its progress can be followed there.

    Raises:
        RunbooksError: it cannot be started.
    """
    import subprocess
    import tempfile

    with contextlib.ExitStack() as stack:
        directory = command.log_directory or stack.enter_context(tempfile.TemporaryDirectory())
        started = time.time()
        paths = _log_paths(directory, command.log_name, started)
        streams = [stack.enter_context(_new_file(path)) for path in paths]
        try:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=streams[0],
                stderr=streams[1],
                cwd=command.chdir,
                env={**os.environ, **command.environment},
                start_new_session=True,
            )
        except OSError as error:
            for path in paths:
                os.unlink(path)
            raise RunbooksError(
                f"{command.argv[0]} cannot be started: {error.strerror}", "See argv and chdir"
            ) from None
        timed_out = False
        try:
            process.wait(command.timeout_seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
            _end(process, command)
        output = "".join(_text(path) for path in paths)
        logs = tuple(paths) if command.log_directory else ()
        return Ended(process.returncode, timed_out, round(time.time() - started, 1), started, output, logs)


def faults_of(facts: Mapping[str, Any]) -> list[str]:
    """Say why a run is a failure; empty when it is none. Pure.

    Args:
        facts: ``returncode``, ``success_codes``, ``timed_out``, ``timeout_seconds``; ``failure_lines`` (printed lines
            that only a failure prints), ``success_missing`` (patterns that a success prints and this did not),
            ``produces`` (globs) and ``produced`` (what is new there, None when nothing is asked), ``missing`` (figures
            that the log should name).
    """
    faults = []
    code = facts["returncode"]
    number = -code if code < 0 else code - _SHELL_SIGNAL
    if facts["timed_out"]:
        faults.append("It was ended after {:g} s".format(facts["timeout_seconds"]))
    elif code not in facts["success_codes"] and 0 < number < 65:
        faults.append(f"It was ended by signal {number} ({_signal_name(number)})")
    elif code not in facts["success_codes"]:
        faults.append(f"It ended with status {code}")
    faults += [f"It printed: {line}" for line in facts["failure_lines"][:3]]
    if facts["produced"] is not None and not facts["produced"]:
        faults.append("It did nothing: status {}, but nothing new at {}".format(code, ", ".join(facts["produces"])))
    if facts["success_missing"]:
        faults.append("It did not print: {}".format(", ".join(facts["success_missing"])))
    if facts["missing"]:
        faults.append("Its log does not say: {}".format(", ".join(facts["missing"])))
    return faults


def snapshot(patterns: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Return inode, size and time of everything that globs name now."""
    found = {}
    for pattern in patterns:
        try:
            paths = expand(pattern, lambda: False)
        except CheckError:
            # A directory that is not there yet holds nothing yet.
            continue
        for path in paths:
            with contextlib.suppress(OSError):
                status = os.stat(path)
                found[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def new_since(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the paths that are new or different; pure."""
    return sorted(path for path, seen in after.items() if before.get(path) != seen)


def _end(process: Any, command: Command) -> None:
    import subprocess

    if command.stop_argv:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command.stop_argv, cwd=command.chdir, capture_output=True, timeout=30, check=False)
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(command.grace_seconds)
            break
    # Its children may have outlived it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _log_paths(directory: str, name: str, started: float) -> list[str]:
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(started))
    for number in range(1, 100):
        base = os.path.join(directory, "{}_{}{}".format(name, stamp, f"_{number}" if number > 1 else ""))
        paths = [base + ".out.log", base + ".err.log"]
        if not any(os.path.lexists(path) for path in paths):
            return paths
    raise RunbooksError(f"There is no free name for a log in {directory}", "Look at what is there")


def _new_file(path: str) -> Any:
    try:
        return os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640), "wb"
        )
    except OSError as error:
        raise RunbooksError(f"{path} cannot be written: {error.strerror}", "See log_directory") from None


def _text(path: str) -> str:
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TEXT_BYTES))
        return file.read().decode("utf-8", "replace")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
