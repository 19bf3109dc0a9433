# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much time has passed in an incident, whatever the wall clocks of the controllers say meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: Clocks that are remembered for one incident; a controller that has not been here for so many others begins anew.
CLOCKS_KEPT = 20


@dataclass(frozen=True)
class Reading:
    """One look at the clocks of a controller.

    Args:
        wall: its wall clock, UTC: what people are shown.
        clock: names a clock that only goes forward (this boot of this machine); None where there is none.
        seconds: what that clock shows.
    """

    wall: datetime
    clock: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Progress:
    """How far an incident's time has come.

    Args:
        elapsed_seconds: since it was opened; never decreases.
        wall: the newest wall clock that was seen.
        clocks: by clock, what it showed (``seconds``) when the incident had come how far (``elapsed``).
    """

    elapsed_seconds: float
    wall: datetime
    clocks: Mapping[str, Mapping[str, float]]


def begun(reading: Reading) -> Progress:
    """Return the progress of an incident that is opened now."""
    return _at(0.0, reading, {})


def advanced(progress: Progress, reading: Reading) -> Progress:
    """Return the progress at a later reading.

    A clock that has been read before is compared with itself: setting the wall clock, forward or back, changes nothing.
    Each controller counts from its own last reading, and the farthest counts, so that controllers whose wall clocks
    differ do not add up their difference. A clock that is new here (another controller, a reboot) has only the wall
    clock to go by, once; that one never counts backwards.
    """
    known = progress.clocks.get(reading.clock) if reading.clock else None
    if known is not None:
        gone = known["elapsed"] + max(0.0, reading.seconds - known["seconds"])
    else:
        gone = progress.elapsed_seconds + max(0.0, (reading.wall - progress.wall).total_seconds())
    return _at(max(progress.elapsed_seconds, gone), reading, progress.clocks)


def _at(elapsed: float, reading: Reading, clocks: Mapping[str, Any]) -> Progress:
    kept = {name: dict(each) for name, each in clocks.items() if name != reading.clock}
    while len(kept) >= CLOCKS_KEPT:
        kept.pop(min(kept, key=lambda name: kept[name]["elapsed"]))
    if reading.clock:
        kept[reading.clock] = {"seconds": reading.seconds, "elapsed": elapsed}
    return Progress(elapsed_seconds=elapsed, wall=reading.wall, clocks=kept)
