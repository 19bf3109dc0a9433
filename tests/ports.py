# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP ports for servers that are started after their port has been told."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator, Sequence

#: Below the ports that the kernel gives to whoever connects somewhere, or asks for any port.
_FIRST, _LAST = 20000, 32000
#: A name per port that was given away, for as long as the process lives that has got it.
_GIVEN: list[socket.socket] = []


def free_port() -> int:
    """Return a port of this machine that nobody listens on, and that nobody gets without asking for it.

    Nor does any other test get it before this one's process has ended, whatever run it belongs to.
    """
    return free_base((0,))


def free_base(offsets: Sequence[int]) -> int:
    """Return a port from which the ports at these offsets are free, as :func:`free_port` says."""
    # Tests run side by side: the same numbers in the same order would meet.
    dice = random.SystemRandom()
    while True:
        base = dice.randrange(_FIRST, _LAST - max(offsets))
        with contextlib.ExitStack() as names:
            try:
                given = [names.enter_context(_named(base + offset)) for offset in offsets]
            except OSError:
                continue
            names.pop_all()
        _GIVEN.extend(given)
        return base


def _named(port: int) -> socket.socket:
    """Return the name of a port that nobody has.

    Raises:
        OSError: somebody has it.
    """
    with contextlib.ExitStack() as taken:
        name = taken.enter_context(socket.socket(socket.AF_UNIX))
        # Names without a file are as long-lived as their sockets, and known wherever the port is.
        name.bind(f"\0aiops-runbooks-test-port-{port}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
        taken.pop_all()
    return name


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port that refuses every connection: nobody listens on it, and nobody else can."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]
