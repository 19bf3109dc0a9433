# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service known by its pid file: told by process id, start time and command line, never by the name of a program."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .errors import RunbooksError
from .locks import parse_process_stat
from .pid_file import parse_pid

_PID_FILE_BYTES = 4096
# A process cannot be named by a file that was written before it began; clocks and ticks are this exact.
_START_TOLERANCE_SECONDS = 2.0
# A process has no command line while it becomes another program, and again while it ends.
_NAMELESS_SECONDS = 1.0


@dataclass(frozen=True)
class Process:
    """A process that cannot be taken for another one.

    Args:
        pid: process id.
        ticks: start time in clock ticks since the boot: no other process has both.
        started: the same in seconds since the epoch.
        command: command line, words separated by spaces.
    """

    pid: int
    ticks: int
    started: float
    command: str


def find(pid_file: str, command_contains: str) -> Process | None:
    """Return the service's process; None when it does not run, also when its process id is another program's by now.

    Args:
        pid_file: file with the process id.
        command_contains: text that the command line of the service's process contains.

    Raises:
        RunbooksError: whether it runs cannot be told.
    """
    named = _named(pid_file)
    if named is None:
        return None
    pid, written = named
    process = look(pid)
    if process is None:
        return None
    later = process.started > written + _START_TOLERANCE_SECONDS
    if command_contains in process.command:
        if later:
            raise RunbooksError(
                f"{pid_file} names process {pid}, which began after the file was written: it may not be the service's",
                f"Look at process {pid} ({process.command[:80]}); if it is the service, write its pid file anew",
            )
        return process
    if later:
        return None
    raise RunbooksError(
        f"{pid_file} names process {pid}, whose command line does not contain {command_contains!r}:"
        f" {process.command[:120]}",
        "Correct command_contains, or remove the pid file if it is not the service's",
    )


def look(pid: int) -> Process | None:
    """Return the living process with this id, None when there is none or only its remains (zombie).

    Raises:
        RunbooksError: it exists, but may not be looked at, or it is in another pid namespace.
    """
    limit = time.monotonic() + _NAMELESS_SECONDS
    try:
        while True:
            state, _parent, ticks = parse_process_stat(_read(f"/proc/{pid}/stat"))
            if state in ("Z", "X"):
                return None
            command = _command_line(pid)
            if command or time.monotonic() >= limit:
                break
            time.sleep(0.01)
        foreign = os.readlink("/proc/self/ns/pid") != os.readlink(f"/proc/{pid}/ns/pid")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except (OSError, ValueError) as error:
        raise RunbooksError(f"Process {pid} cannot be looked at: {error}", "Run as its user or as root") from None
    if foreign:
        raise RunbooksError(
            f"Process {pid} is in another pid namespace than this one: the pid file was written there",
            "Name the container's service (manager compose) instead",
        )
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return Process(pid, ticks, round(boot + ticks / os.sysconf("SC_CLK_TCK"), 2), command)


def is_alive(process: Process) -> bool:
    """Tell whether this very process lives: a process id alone may be another's by now."""
    with contextlib.suppress(ChildProcessError):
        # Ours to collect when this program started it.
        os.waitpid(process.pid, os.WNOHANG)
    found = look(process.pid)
    return found is not None and found.ticks == process.ticks


def send(process: Process, number: int) -> None:
    """Send a signal to this very process; with SIGKILL also to the group that it leads.

    Raises:
        RunbooksError: not allowed to.
    """
    descriptor = None
    try:
        if hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal"):
            # Holds the process: between the look and the signal its id cannot become another's.
            descriptor = os.pidfd_open(process.pid)
        if not is_alive(process):
            return
        if number == signal.SIGKILL and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        elif descriptor is not None:
            signal.pidfd_send_signal(descriptor, number)
        else:
            os.kill(process.pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise RunbooksError(f"Not allowed to signal process {process.pid}", "Run as its user or as root") from None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def start(
    command: Sequence[str],
    directory: str | None,
    environment: Mapping[str, str],
    log_files: tuple[str, str],
    pid_file: str,
) -> Process:
    """Start a program in a session of its own and write its pid file.

    Args:
        command: program and arguments.
        directory: where it runs; None where this program does.
        environment: variables added to this program's.
        log_files: where its output and its errors are appended.
        pid_file: written beside, then renamed: nobody reads half a number.

    Raises:
        RunbooksError: it cannot be started, or ended at once.
    """
    import subprocess

    try:
        for path in (*log_files, pid_file):
            os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(log_files[0], "ab") as output, open(log_files[1], "ab") as errors:
            started: Any = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=directory,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        temporary = f"{pid_file}.{os.getpid()}"
        with open(temporary, "w", encoding="ascii") as file:
            file.write(f"{started.pid}\n")
        os.replace(temporary, pid_file)
    except OSError as error:
        raise RunbooksError(
            f"{command[0]} cannot be started: {error.strerror or error} ({error.filename})",
            "Correct start_command, working_directory or log_file",
        ) from None
    process = look(started.pid)
    # Not waited for: it outlives this program, and init collects it.
    started.returncode = 0
    if process is None:
        raise RunbooksError(f"{command[0]} ended at once", f"Its last lines are in {log_files[1]}")
    return process


def forget(pid_file: str, process: Process) -> None:
    """Remove the pid file of a process that has ended, unless it names another one by now."""
    named = _named(pid_file)
    if named is not None and named[0] == process.pid:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(pid_file)


def _named(pid_file: str) -> tuple[int, float] | None:
    """Return the process id in the file and when it was written; None when there is no file."""
    try:
        descriptor = os.open(pid_file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RunbooksError(f"{pid_file} cannot be read: {error.strerror}", "A pid file is a plain file") from None
    try:
        text = os.read(descriptor, _PID_FILE_BYTES).decode("utf-8", "replace")
        written = os.fstat(descriptor).st_mtime
    except OSError as error:
        raise RunbooksError(f"{pid_file} cannot be read: {error.strerror}", "A pid file is a plain file") from None
    finally:
        os.close(descriptor)
    pid = parse_pid(text)
    if pid is None:
        raise RunbooksError(
            f"{pid_file} holds {text.strip()[:40]!r}, which is no process id",
            "Find out whether the service runs, then remove the file or write it anew",
        )
    return pid, written


def _command_line(pid: int) -> str:
    return _read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()


def _read(path: str) -> str:
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")
