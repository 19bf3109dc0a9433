# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting statuses as one text: nearly all of them are the same, and these go at once."""

from __future__ import annotations

from collections import Counter
from typing import Iterator, Sequence

UNAUTHORIZED, STATUS_RATE_LIMITED = b"401", b"429"
_CHARACTERS = 4


class Statuses:
    """Counts columns of statuses.

    Args:
        plain: whether each is of three characters.
    """

    def __init__(self, plain: bool) -> None:
        self._plain = plain
        self._usual = b"200"
        self._text = b""
        self._told: list[bytes] = []
        self._statuses: Sequence[bytes] = ()

    def count(self, statuses: Sequence[bytes]) -> Counter[bytes] | None:
        """Return how often each status is there; None when they should be plain, and there is one that is no number."""
        if not self._plain:
            self._statuses = statuses
            return Counter(statuses)
        self._text = text = b" ".join(statuses) + b" "
        # Between the blanks: where the usual one is found, it is one whole status.
        others = text.replace(self._usual + b" ", b"")
        # Three digits and a blank, over and over: otherwise one of the parts is not of three digits.
        counts = Counter(others[:-1].split(b" ")) if others else Counter()
        if not all(len(status) == _CHARACTERS - 1 and status.isdigit() for status in counts):
            return None
        usual = (len(text) - len(others)) // _CHARACTERS
        if usual:
            counts[self._usual] = usual
        if 2 * usual < len(statuses):
            self._usual = max(counts, key=counts.__getitem__)
        self._told = list(filter(is_told, counts))
        return counts

    def told(self) -> Iterator[tuple[int, bytes]]:
        """Yield the rows, and their statuses, of which more is told, of those that were counted last."""
        if not self._plain:
            yield from ((row, status) for row, status in enumerate(self._statuses) if is_told(status))
            return
        # Each is looked for on its own: faster than one pattern finds all of the few there are.
        found = []
        for status in self._told:
            place = self._text.find(status)
            while place >= 0:
                found.append((place // _CHARACTERS, status))
                place = self._text.find(status, place + _CHARACTERS)
        yield from sorted(found)


def is_told(status: bytes) -> bool:
    """Tell whether more is told of requests with a status than their number: those refused, and those that failed."""
    return status[:1] == b"5" or status in (UNAUTHORIZED, STATUS_RATE_LIMITED)
