# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What took longest, found without looking closely at every request."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Callable, Hashable, Iterable

KEEP = 50


class Slowest:
    """The longest durations, each with what took it.

    Args:
        keep: how many.
        least: nothing is kept of those up to this one: so many that are longer are kept elsewhere.
    """

    def __init__(self, keep: int = KEEP, least: float = -1) -> None:
        self._keep = keep
        self._longest: list[tuple[int, Any]] = []
        #: A duration up to this one changes nothing: so many others are longer.
        self.least = least

    def add_many(self, found: Iterable[tuple[int, Any]]) -> None:
        """Take in durations and what took them."""
        longer = [one for one in found if one[0] > self.least]
        if not longer:
            return
        self._longest = sorted(self._longest + longer, key=itemgetter(0), reverse=True)[: self._keep]
        if len(self._longest) == self._keep:
            self.least = self._longest[-1][0]

    def merge(self, later: Slowest) -> None:
        """Take in what another one has kept."""
        self.add_many(later._longest)

    def ranked(self, name: Callable[[Any], Hashable]) -> list[tuple[int, Hashable]]:
        """Return the longest duration of each operation and its name, the longest first.

        Args:
            name: makes an operation's name of what took the time.
        """
        longest: dict[Hashable, int] = {}
        for duration, raw in self._longest:
            longest.setdefault(name(raw), duration)
        return [(duration, operation) for operation, duration in longest.items()]
