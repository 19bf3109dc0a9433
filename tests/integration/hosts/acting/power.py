# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a machine on while it reboots: a container that stops for that has to be started again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from tests.hosts.containers import PodmanError, podman
from tests.hosts.definition import all_hosts


@contextlib.contextmanager
def power_on(name: str) -> Iterator[None]:
    """Start a host's container again whenever it has stopped, for as long as the block lasts."""
    (host,) = [each for each in all_hosts() if each.name == name]
    over = threading.Event()

    def start() -> None:
        # A container that is just stopping can neither be asked nor started: the next turn does it.
        with contextlib.suppress(PodmanError):
            if podman("inspect", "--format", "{{.State.Running}}", host.container) == "false":
                podman("start", host.container)

    def watch() -> None:
        while not over.wait(0.5):
            start()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(timeout=60)
        # Whatever became of the reboot, the next test finds the host on.
        start()
