# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that is known by its pid file: proof that the process lives and is the right one."""

from __future__ import annotations

import os
import time

from .errors import CheckError
from .model import CRITICAL, UNKNOWN, Observation, Reason
from .probe import Context, unreadable

# The clock may be set between the start of a process and the writing of its pid file.
_START_TOLERANCE_SECONDS = 120.0


def look_pid_file(path: str, command_contains: str | None, context: Context) -> Observation:
    """Look at the process that a pid file names.

    Args:
        path: the pid file.
        command_contains: text that the process's command line must contain; None asks only that it lives and is not
            younger than the pid file.
        context: bounds of the check.

    Raises:
        CheckError: the pid file is missing (critical), must not be read, or says nothing.
    """
    try:
        with context.open(path) as stream:
            text = stream.read(4096).decode("utf-8", "replace")
            written = os.fstat(stream.fileno()).st_mtime
    except CheckError as fault:
        if fault.reason_id == "file_missing":
            raise CheckError("service_pid_file_missing", state=CRITICAL, path=path) from None
        raise
    pid = parse_pid(text)
    if pid is None:
        shown = text.strip()[:80]
        raise CheckError("service_pid_file_invalid", evidence=[f"{path}: {shown!r}"], path=path)
    if not _alive(pid):
        return _down("service_pid_dead", path, pid, [f"{path} names process {pid}, which does not exist"])
    status = _read(f"/proc/{pid}/stat", 4096).decode("utf-8", "replace")
    command = _read(f"/proc/{pid}/cmdline", 65536).replace(b"\0", b" ").decode("utf-8", "replace").strip()
    age = _age_seconds(status)
    evidence = [f"process {pid}: {command or status.partition(') ')[0] + ')'}"]
    if _letter(status) in ("Z", "X"):
        return _down("service_process_defunct", path, pid, evidence)
    if command_contains and command_contains not in command:
        return _down("service_pid_reused", path, pid, evidence)
    started = None if age is None else context.now - age
    if started is not None and not command_contains and started > written + _START_TOLERANCE_SECONDS:
        # A process cannot be named by a file that was written before it began, unless a clock was set in between.
        return Observation(
            value="active",
            state=UNKNOWN,
            reason=Reason("service_pid_doubtful", {"path": path, "pid": pid}),
            metrics={"active": None, "main_pid": pid},
            evidence=[*evidence, f"it began {round(started - written)} s after {path} was written"],
        )
    return Observation(
        value="active",
        metrics={"active": 1, "restarts": None, "main_pid": pid, "since_seconds": age},
        evidence=evidence,
        source=path,
    )


def parse_pid(text: str) -> int | None:
    """Return the process id in the text of a pid file, None when there is none."""
    words = text.split()
    if not words or not words[0].isascii() or not words[0].isdigit() or len(words[0]) > 9:
        return None
    return int(words[0]) or None


def _down(reason: str, path: str, pid: int, evidence: list[str]) -> Observation:
    return Observation(
        value="inactive",
        state=CRITICAL,
        reason=Reason(reason, {"path": path, "pid": pid}),
        metrics={"active": 0, "restarts": None, "main_pid": None, "since_seconds": None},
        evidence=evidence,
        source=path,
    )


def _alive(pid: int) -> bool:
    try:
        # Signal 0 only asks, and it sees processes that a /proc mounted with hidepid does not show.
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: str, limit: int) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(limit)
    except ProcessLookupError:
        return b""
    except OSError as error:
        raise _hidden(path, error) from None


def _hidden(path: str, error: OSError) -> CheckError:
    fault = unreadable(path, error)
    # It answered a signal, so it exists: /proc hides the processes of other users.
    return CheckError("permission_denied", path=path) if fault.reason_id == "file_missing" else fault


def _letter(status: str) -> str:
    """Return the state letter of ``/proc/PID/stat``; the name before it may itself contain brackets and spaces."""
    return status.rpartition(") ")[2][:1]


def _age_seconds(status: str) -> float | None:
    fields = status.rpartition(") ")[2].split()
    if len(fields) < 20 or not fields[19].isdigit():
        return None
    boot_clock = time.clock_gettime(time.CLOCK_BOOTTIME)
    return round(boot_clock - int(fields[19]) / os.sysconf("SC_CLK_TCK"), 1)
