# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting what a report shows: lines that nobody understands, and the most frequent of many keys."""

from __future__ import annotations

import re
from collections import Counter
from typing import Iterable, TypeVar

KEYS_REMEMBERED = 10000
SAMPLES = 3
_SAMPLE_BYTES = 300
#: Numbers, and the hexadecimal identifiers of tasks, requests and sessions.
_NUMBERS = re.compile(r"\b(?:[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+)\b")
Key = TypeVar("Key")


def tally(counter: Counter[Key], keys: Iterable[Key]) -> None:
    """Count keys for evidence; a flood of different ones must not fill the memory, so the rare ones are dropped."""
    counter.update(keys)
    if len(counter) > KEYS_REMEMBERED:
        kept = counter.most_common(KEYS_REMEMBERED // 10)
        counter.clear()
        counter.update(dict(kept))


def without_numbers(text: str) -> str:
    """Return a text with a mark for each number and identifier, so that alike texts are counted together."""
    return _NUMBERS.sub("#", text)


class Unread:
    """Lines that are not records. They carry no time, so they belong to the window when their neighbours do.

    Attributes:
        count: how many there were in the window.
        samples: the first of them.
    """

    def __init__(self) -> None:
        self.count = 0
        self.samples: list[bytes] = []
        self._inside: bool | None = None
        self._undecided = 0

    def neighbour(self, inside: bool) -> None:
        """Note that a record was read, and whether it is in the window."""
        if self._inside is None and inside:
            self.count += self._undecided
        self._inside = inside

    def add(self, lines: list[bytes], count: int) -> None:
        """Count lines.

        Args:
            lines: some of them, as samples.
            count: how many there are.
        """
        if self._inside is False:
            return
        if self._inside:
            self.count += count
        else:
            self._undecided += count
        for line in lines:
            if line and len(self.samples) < SAMPLES:
                self.samples.append(line[:_SAMPLE_BYTES])

    def finish(self) -> None:
        """Count lines that had no neighbour at all as the window's."""
        self.neighbour(self._inside is not False)
