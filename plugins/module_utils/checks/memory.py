# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory is in use (EST-06, DIY-13): what the kernel would still give out counts as free."""

from __future__ import annotations

import re
from typing import Any

from ..errors import CheckError
from ..model import Observation
from ..probe import Context

PARAMETERS: dict[str, Any] = {}
METRICS = {"used_percent": "%", "swap_percent": "%", "available_bytes": "B", "total_bytes": "B"}
_LINE = re.compile(r"^(\w+)(?:\(\w+\))?:\s+(\d+) kB$", re.MULTILINE)


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Look at the memory of the host."""
    with context.open("/proc/meminfo") as stream:
        return observe(stream.read(65536).decode("ascii", "replace"))


def observe(text: str) -> Observation:
    """Turn the text of ``/proc/meminfo`` into figures.

    Raises:
        CheckError: ``memory_unreadable`` when the text does not say how much there is.
    """
    kilobytes = {name: int(number) for name, number in _LINE.findall(text)}
    total = kilobytes.get("MemTotal", 0)
    if total <= 0 or "MemFree" not in kilobytes:
        raise CheckError("memory_unreadable", evidence=text.splitlines()[:3])
    # Kernels before 3.14 leave the estimate to the reader.
    guess = kilobytes["MemFree"] + kilobytes.get("Buffers", 0) + kilobytes.get("Cached", 0)
    available = min(total, kilobytes.get("MemAvailable", guess))
    swap = kilobytes.get("SwapTotal", 0)
    swap_used = swap - kilobytes.get("SwapFree", swap)
    return Observation(
        value=round(100.0 * (total - available) / total, 2),
        metrics={
            "swap_percent": round(100.0 * swap_used / swap, 2) if swap else 0.0,
            "available_bytes": available * 1024,
            "total_bytes": total * 1024,
        },
        evidence=[f"{available} of {total} kB available, {swap_used} of {swap} kB swap used"],
    )
