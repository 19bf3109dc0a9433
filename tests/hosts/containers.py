# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Podman under this project's own settings."""

from __future__ import annotations

import os
import subprocess

from tests.hosts.definition import CONTAINERS_CONF


class PodmanError(Exception):
    """A podman command failed; the message carries what it printed."""


def podman(*arguments: str, stdin: str | None = None, timeout_seconds: float = 600) -> str:
    """Run podman and return its output without surrounding blanks.

    Raises:
        PodmanError: It returned non-zero or ran out of time.
    """
    command = ["podman", *arguments]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "CONTAINERS_CONF": str(CONTAINERS_CONF)},
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PodmanError(f"`{' '.join(command)}` took longer than {timeout_seconds:g} s") from error
    if done.returncode:
        printed = (done.stderr or done.stdout).strip()[-2000:]
        raise PodmanError(f"`{' '.join(command)}` failed ({done.returncode}): {printed}")
    return done.stdout.strip()


def exists(kind: str, name: str) -> bool:
    """Return whether an image, a network or a container of that name exists."""
    try:
        podman(kind, "exists", name)
    except PodmanError:
        return False
    return True
