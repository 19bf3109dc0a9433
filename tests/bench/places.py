# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the benchmark keeps what it needs, and the addresses of its simulated hosts."""

from __future__ import annotations

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache" / "bench"
#: What all simulated hosts have in common: one small application's files.
SYSTEM = CACHE / "system"
BINARIES = Path(sys.executable).parent
MOST_HOSTS = 200


def addresses(count: int) -> list[str]:
    """Return the loopback addresses of the simulated hosts; all of them lead to the benchmark's sshd."""
    if not 1 <= count <= MOST_HOSTS:
        raise ValueError(f"{count} hosts: 1 to {MOST_HOSTS} can be simulated")
    return [f"127.0.1.{number}" for number in range(1, count + 1)]
