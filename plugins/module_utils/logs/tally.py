# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting what a report shows: lines that nobody understands, and the most frequent of many keys."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from typing import Iterable, TypeVar

from .percentiles import Distinct

KEYS_REMEMBERED = 10000
CALLERS_REMEMBERED = 50000
SAMPLES = 3
_SAMPLE_BYTES = 300
_BETWEEN = b"\n"
#: Numbers, and the hexadecimal identifiers of tasks, requests and sessions.
_NUMBERS = re.compile(r"\b(?:[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+)\b")
Key = TypeVar("Key")


def tally(counter: Counter[Key], keys: Iterable[Key]) -> None:
    """Count keys for evidence; a flood of different ones must not fill the memory, so the rare ones are dropped."""
    counter.update(keys)
    _drop_rare(counter)


def tally_counts(counter: Counter[Key], counts: Iterable[tuple[Key, int]]) -> None:
    """Add keys that were counted before, as :func:`tally`."""
    for key, times in counts:
        counter[key] += times
    _drop_rare(counter)


def _drop_rare(counter: Counter[Key]) -> None:
    if len(counter) > KEYS_REMEMBERED:
        kept = counter.most_common(KEYS_REMEMBERED // 10)
        counter.clear()
        counter.update(dict(kept))


def most_common(counter: Counter[str], number: int) -> list[tuple[str, int]]:
    """Return the most frequent keys; equally frequent ones by their names, in whatever order they were found."""
    return sorted(counter.items(), key=lambda one: (-one[1], one[0]))[:number]


def without_numbers(text: str) -> str:
    """Return a text with a mark for each number and identifier, so that alike texts are counted together."""
    return _NUMBERS.sub("#", text)


class Unread:
    """Lines that are not records. They carry no time, so they belong to the window when their neighbours do.

    Attributes:
        count: how many there were in the window.
        samples: the first of them.
        inside: whether the latest record was in the window; None before the first one.
    """

    def __init__(self) -> None:
        self.count = 0
        self.samples: list[bytes] = []
        self.inside: bool | None = None
        #: Lines before the first record; whether that one was in the window.
        self._leading = 0
        self._first: bool | None = None

    def neighbour(self, inside: bool) -> None:
        """Note that a record was read, and whether it is in the window."""
        if self.inside is None:
            self._first = inside
            self.count += self._leading if inside else 0
        self.inside = inside

    def add(self, lines: Iterable[bytes], count: int) -> None:
        """Count lines.

        Args:
            lines: some of them, as samples.
            count: how many there are.
        """
        if self.inside is False:
            return
        if self.inside:
            self.count += count
        else:
            self._leading += count
        self._remember(lines)

    def _remember(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if line and len(self.samples) < SAMPLES:
                self.samples.append(line[:_SAMPLE_BYTES])

    def merge(self, later: Unread) -> None:
        """Take in the lines of the stretch of the log that follows."""
        own = later.count - (later._leading if later._first else 0)
        if self.inside is None:
            self._leading += later._leading
            self._first, self.inside = later._first, later.inside
            self.count = own + (self._leading if later._first else 0)
            self._remember(later.samples)
            return
        self.count += own + (later._leading if self.inside else 0)
        if self.inside or own:
            self._remember(later.samples)
        self.inside = self.inside if later.inside is None else later.inside

    def finish(self) -> None:
        """Count lines that had no neighbour at all as the window's."""
        self.neighbour(self.inside is not False)


class Callers:
    """How often each caller called, and how many different ones there were.

    Args:
        limit: how many callers are counted; from a flood of more, those who call most, and an estimate of the number.
    """

    def __init__(self, limit: int = CALLERS_REMEMBERED) -> None:
        self._limit = limit
        self._calls: Counter[bytes] = Counter()
        self._forgotten: Distinct | None = None

    def add_many(self, callers: Iterable[bytes]) -> None:
        """Count calls."""
        self._calls.update(callers)
        if len(self._calls) > self._limit:
            self._forget()

    def merge(self, later: Callers) -> None:
        """Take in the calls of another stretch of the log."""
        if later._forgotten is not None:
            self._distinct().merge(later._forgotten)
        self.add_many(later._calls)

    def __getstate__(self) -> tuple[int, list[bytes] | bytes, array[int], Distinct | None]:
        # Some thousand callers are sent to another process as one text in a tenth of the time.
        text = _BETWEEN.join(self._calls)
        callers = text if text.count(_BETWEEN) == len(self._calls) - 1 else list(self._calls)
        return self._limit, callers, array("q", self._calls.values()), self._forgotten

    def __setstate__(self, state: tuple[int, list[bytes] | bytes, array[int], Distinct | None]) -> None:
        self._limit, callers, calls, self._forgotten = state
        names = callers.split(_BETWEEN) if isinstance(callers, bytes) else callers
        self._calls = Counter(dict(zip(names, calls)))

    def _distinct(self) -> Distinct:
        if self._forgotten is None:
            self._forgotten = Distinct()
        return self._forgotten

    def _forget(self) -> None:
        self._distinct().add_many(self._calls)
        self._calls = Counter(dict(self._calls.most_common(self._limit // 2)))

    def count(self) -> int:
        """Return the number of different callers."""
        if self._forgotten is None:
            return len(self._calls)
        self._forgotten.add_many(self._calls)
        return self._forgotten.count()

    def most(self) -> int | None:
        """Return how often the busiest one called; None when nobody did."""
        return max(self._calls.values(), default=None)
