# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An end to a conversation that the other side could go on with for ever, a byte at a time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def ends_within(seconds: float, sock: Callable[[], socket.socket | None]) -> Iterator[threading.Event]:
    """Shut the socket when the time is up: whatever waits for it then fails at once.

    Args:
        seconds: for everything in the block.
        sock: gives the socket when there is one.

    Yields:
        An event that is set when the time was up.
    """
    late = threading.Event()

    def shut() -> None:
        late.set()
        found = sock()
        if found is not None:
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
