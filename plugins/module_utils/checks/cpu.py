# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How busy the processors are (EST-06, DIY-13): two readings of the kernel's counters, a moment apart."""

from __future__ import annotations

import os
import time
from typing import Any

from ..errors import CheckError
from ..model import Observation
from ..probe import Context

PARAMETERS = {
    "sample_seconds": {"type": "float", "default": 0.5, "description": "Time between the two readings, in seconds."},
}
METRICS = {"used_percent": "%", "iowait_percent": "%", "steal_percent": "%", "load_1m": "", "cores": "count"}
# user nice system idle iowait irq softirq steal; the guest times that follow are part of user and nice already.
_COUNTERS = 8
_IDLE, _IOWAIT, _STEAL = 3, 4, 7


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Look at the processors of the host over a moment."""
    before = _read(context)
    time.sleep(max(0.05, min(parameters["sample_seconds"], context.remaining() - 0.2)))
    return observe(before, _read(context), os.getloadavg()[0])


def _read(context: Context) -> str:
    with context.open("/proc/stat") as stream:
        return stream.read(1 << 20).decode("ascii", "replace")


def observe(before: str, after: str, load_1m: float) -> Observation:
    """Turn two readings of ``/proc/stat`` into figures.

    Raises:
        CheckError: ``cpu_unreadable`` when a reading has no totals, or no time lies between them.
    """
    # A counter may run backwards by a tick, iowait above all.
    spent = [max(0, late - early) for early, late in zip(_totals(before), _totals(after))]
    total = sum(spent)
    if total <= 0:
        raise CheckError("cpu_unreadable", evidence=after.splitlines()[:1])
    idle = spent[_IDLE] + spent[_IOWAIT]
    cores = sum(1 for line in after.splitlines() if line.startswith("cpu") and line[3:4].isdigit())
    return Observation(
        value=round(100.0 * (total - idle) / total, 1),
        metrics={
            "iowait_percent": round(100.0 * spent[_IOWAIT] / total, 1),
            "steal_percent": round(100.0 * spent[_STEAL] / total, 1),
            "load_1m": round(load_1m, 2),
            "cores": cores,
        },
    )


def _totals(text: str) -> list[int]:
    fields = (text.splitlines() or [""])[0].split()
    numbers = [int(field) for field in fields[1:] if field.isdigit()]
    if not fields or fields[0] != "cpu" or len(numbers) < _IDLE + 1:
        raise CheckError("cpu_unreadable", evidence=text.splitlines()[:1])
    return (numbers + [0] * _COUNTERS)[:_COUNTERS]
