# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP ports for servers that are started after their port has been told."""

from __future__ import annotations

import random
import socket

#: Below the ports that the kernel gives to whoever connects somewhere, or asks for any port.
_FIRST, _LAST = 20000, 32000


def free_port() -> int:
    """Return a port of this machine that nobody listens on, and that nobody gets without asking for it."""
    # Tests run side by side: the same numbers in the same order would meet.
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
