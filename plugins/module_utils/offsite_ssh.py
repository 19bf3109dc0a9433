# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the managed host reaches the host that copies go to: without questions, and never a host that nobody knows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Mapping, Sequence

from .errors import CheckError, RunbooksError
from .probe import Completed, Context

_SHOWN_CHARACTERS = 300


class OffsiteError(RunbooksError):
    """A copy that could not be made or verified."""


@dataclass(frozen=True)
class Reach:
    """How another host is reached.

    Args:
        user: on it; the own one when empty.
        port: of its SSH server.
        key_file: private key; that of the SSH configuration when empty.
        known_hosts_file: keys of hosts; that of the SSH configuration when empty.
    """

    user: str = ""
    port: int = 22
    key_file: str = ""
    known_hosts_file: str = ""

    def arguments(self) -> list[str]:
        """Return the options of ``ssh``."""
        options = ["-p", str(self.port), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        options += ["-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"]
        if self.key_file:
            options += ["-i", self.key_file, "-o", "IdentitiesOnly=yes"]
        if self.known_hosts_file:
            options += ["-o", f"UserKnownHostsFile={self.known_hosts_file}"]
        return options

    def name_of(self, host: str) -> str:
        """Return a host with its user, as ``ssh`` takes it."""
        return f"{self.user}@{host}" if self.user else host


def run(
    argv: Sequence[str],
    remaining: Callable[[], float],
    environment: Mapping[str, str] | None = None,
    cwd: str | None = None,
    stdin: str | None = None,
) -> Completed:
    """Run a program in a group of its own until it ends or the time is up.

    Raises:
        OffsiteError: the program is missing, or did not end in time.
    """
    context = Context(now=time.time(), deadline=time.monotonic() + remaining())
    try:
        done = context.run(argv, stdin=stdin, environment=dict(environment or {}), cwd=cwd)
    except CheckError:
        raise OffsiteError(f"{argv[0]} cannot be run on this host", f"Install {argv[0]}") from None
    if done.timed_out:
        raise OffsiteError(f"{argv[0]} did not end in time", "Raise timeout_seconds; what was sent already is kept")
    return done


def said(done: Completed, secrets: Sequence[str] = ()) -> str:
    """Return the last lines that a program said, without the secrets that it was given."""
    text = " ".join((done.stderr.strip() or done.stdout.strip() or "it said nothing").split())
    for secret in secrets:
        if secret:
            text = text.replace(secret, "********")
    return text[-_SHOWN_CHARACTERS:]
