# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded ways to touch a host: a command with a deadline, a file that cannot block."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import time
from dataclasses import dataclass
from typing import IO, Any, Sequence

from .errors import CheckError

_OUTPUT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Completed:
    """A command that has ended, or was ended at its deadline."""

    returncode: int
    stdout: str
    stderr: str
    timed_out: bool = False


@dataclass(frozen=True)
class Context:
    """What a check may know and use besides its parameters.

    Args:
        now: the host's clock, seconds since the epoch.
        deadline: on ``time.monotonic()``; nothing a check does may outlast it.
        timezone: IANA name of the zone that the system's people live in.
        workers: processes that count parts of a large log for this check, see :mod:`.logs.workers`.
        shared: logs that other checks of the same look read, too, see :mod:`.logs.shared`; None when there are none.
    """

    now: float
    deadline: float
    timezone: str = "UTC"
    workers: Sequence[Any] = ()
    shared: Any = None

    def remaining(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def run(
        self,
        argv: Sequence[str],
        stdin: str | None = None,
        environment: dict[str, str] | None = None,
        cwd: str | None = None,
    ) -> Completed:
        """Run a command in a process group of its own and end the whole group at the deadline.

        Raises:
            CheckError: ``command_missing`` or ``permission_denied``.
        """
        import subprocess

        variables = dict(os.environ, LC_ALL="C", LANGUAGE="C")
        variables.update(environment or {})
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=variables,
                cwd=cwd,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise CheckError("command_missing", command=str(argv[0])) from None
        except PermissionError:
            raise CheckError("permission_denied", path=str(argv[0])) from None
        try:
            out, err = process.communicate(stdin.encode() if stdin is not None else None, timeout=self.remaining())
            timed_out = False
        except subprocess.TimeoutExpired:
            timed_out = True
            _end_group(process.pid)
            try:
                out, err = process.communicate(timeout=1)
            except subprocess.TimeoutExpired:
                out, err = b"", b""
        return Completed(
            process.returncode if process.returncode is not None else -signal.SIGKILL,
            out[:_OUTPUT_BYTES].decode("utf-8", "replace"),
            err[:_OUTPUT_BYTES].decode("utf-8", "replace"),
            timed_out,
        )

    def open(self, path: str) -> IO[bytes]:
        """Open a regular file for reading, see :func:`open_regular`."""
        return open_regular(path)

    def lines(self, completed: Completed, limit: int = 5) -> list[str]:
        """Return the first lines a command printed, errors first, as evidence."""
        text = completed.stderr.splitlines() + completed.stdout.splitlines()
        return [line for line in text if line.strip()][:limit]


def _end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def open_regular(path: str) -> IO[bytes]:
    """Open a regular file without ever waiting: a FIFO or a device in its place is an answer, not a hang.

    Raises:
        CheckError: ``file_missing``, ``permission_denied``, ``not_a_regular_file`` or ``file_unreadable``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CheckError("not_a_regular_file", path=path)
    return os.fdopen(descriptor, "rb")


def unreadable(path: str, error: OSError) -> CheckError:
    """Name the reason why a path cannot be used."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return CheckError("file_missing", state="critical", path=path)
    if error.errno in (errno.EACCES, errno.EPERM):
        return CheckError("permission_denied", path=path)
    if error.errno in (errno.ENXIO, errno.EISDIR):
        return CheckError("not_a_regular_file", path=path)
    return CheckError("file_unreadable", path=path, error=os.strerror(error.errno or 0))
