# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clocks of this controller."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from .progress import Reading

BOOT_ID = "/proc/sys/kernel/random/boot_id"


def current_reading(boot_id_path: str = BOOT_ID) -> Reading:
    """Return what the clocks show now.

    The boot id names a clock that goes on while the machine sleeps and that nobody can set. A machine without one has
    only its wall clock.
    """
    wall = datetime.now(UTC)
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    try:
        with open(boot_id_path, encoding="ascii") as file:
            boot = file.readline().strip()
    except OSError:
        boot = ""
    if clock is None or not boot:
        return Reading(wall)
    return Reading(wall, f"{boot}-{_time_namespace()}", time.clock_gettime(clock))


def _time_namespace() -> str:
    # A container may have a time of its own since boot.
    try:
        return os.readlink("/proc/self/ns/time")
    except OSError:
        return ""
