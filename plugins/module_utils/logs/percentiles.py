# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact quantiles and distinct counts in bounded memory."""

from __future__ import annotations

import os
import struct
from collections import Counter
from dataclasses import dataclass
from typing import IO, Any, Hashable, Iterable, Iterator, Sequence

DISTINCT_IN_MEMORY = 400000
DISTINCT_EXACT = 100000
_PAIR = struct.Struct("=qq")
_PAIRS_AT_ONCE = 4096


class Histogram:
    """How often each whole number occurred; exact for any number of values.

    Durations repeat, so counts are small. When they do not, sorted runs of counts go to an anonymous temporary file
    and are merged when the quantiles are asked for.

    Args:
        distinct_in_memory: how many different values are kept before a run is written out.
    """

    def __init__(self, distinct_in_memory: int = DISTINCT_IN_MEMORY) -> None:
        self._counts: Counter[Any] = Counter()
        self._limit = distinct_in_memory
        self._runs: list[tuple[int, int]] = []
        self._spill: IO[bytes] | None = None

    def add_many(self, values: Iterable[Any]) -> None:
        """Count values: whole numbers, or the digits of such as bytes, as they stand in a log."""
        self._counts.update(values)
        if len(self._counts) > self._limit:
            self._write_run()

    def _write_run(self) -> None:
        if self._spill is None:
            import tempfile

            descriptor, name = tempfile.mkstemp(prefix="aiops-runbooks-")
            # Without a name, it goes away with this process, however that ends.
            os.unlink(name)
            self._spill = os.fdopen(descriptor, "w+b")
        pairs = self._sorted_counts()
        self._spill.seek(0, 2)
        offset = self._spill.tell()
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            self._spill.write(b"".join(_PAIR.pack(*pair) for pair in pairs[start : start + _PAIRS_AT_ONCE]))
        self._runs.append((offset, len(pairs)))
        self._counts = Counter()

    def _sorted_counts(self) -> list[tuple[int, int]]:
        return sorted(zip(map(int, self._counts), self._counts.values()))

    def _read_run(self, offset: int, length: int) -> Iterator[tuple[int, int]]:
        spill = self._spill
        while length and spill is not None:
            spill.seek(offset)
            data = spill.read(min(length, _PAIRS_AT_ONCE) * _PAIR.size)
            length -= len(data) // _PAIR.size
            offset += len(data)
            yield from ((value, count) for value, count in _PAIR.iter_unpack(data))

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield (value, count) in ascending order; a value may come more than once."""
        if not self._runs:
            return iter(self._sorted_counts())
        import heapq

        runs = [self._read_run(offset, length) for offset, length in self._runs]
        return heapq.merge(iter(self._sorted_counts()), *runs)

    def summary(self, percents: Sequence[int] = (50, 95, 99), above: float | None = None) -> Summary:
        """Return count, sum, maximum, quantiles, and how many values lie above a limit, in one pass or two."""
        count = total = over = 0
        largest: int | None = None
        for value, times in self.pairs():
            count += times
            total += value * times
            largest = value
            if above is not None and value > above:
                over += times
        # The nearest rank: the smallest value that at least so many percent of all values do not exceed.
        ranks = [(-(-percent * count // 100), index) for index, percent in enumerate(percents)]
        quantiles: list[int | None] = [None] * len(ranks)
        waiting = sorted(ranks, reverse=True) if count else []
        passed = 0
        for value, times in self.pairs() if waiting else ():
            passed += times
            while waiting and passed >= waiting[-1][0]:
                quantiles[waiting.pop()[1]] = value
            if not waiting:
                break
        return Summary(count, total, largest, quantiles, over)


@dataclass(frozen=True)
class Summary:
    """What a histogram says; the quantiles are None when nothing was counted."""

    count: int
    total: int
    largest: int | None
    quantiles: list[int | None]
    above: int

    def mean(self) -> float | None:
        """Return the arithmetic mean."""
        return self.total / self.count if self.count else None


class Distinct:
    """How many different values there were: exact up to a limit, beyond it an estimate good to about 0.5 %.

    Beyond the limit only the values whose hash ends in enough zero bits are kept: a sample of the values, not of the
    records, so that repetitions do not count.

    Args:
        limit: how many different values are counted exactly.
    """

    def __init__(self, limit: int = DISTINCT_EXACT) -> None:
        self._limit = limit
        self._bits = 0
        self._seen: set[Hashable] = set()

    def add_many(self, values: Iterable[Hashable]) -> None:
        """Take in values whose hash is well mixed: bytes or text, not numbers."""
        if self._bits:
            mask = (1 << self._bits) - 1
            self._seen.update(value for value in values if not hash(value) & mask)
        else:
            self._seen.update(values)
        while len(self._seen) > self._limit:
            self._bits += 1
            mask = (1 << self._bits) - 1
            self._seen = {value for value in self._seen if not hash(value) & mask}

    @property
    def exact(self) -> bool:
        """Whether the count is exact."""
        return not self._bits

    def count(self) -> int:
        """Return the number of different values."""
        return len(self._seen) << self._bits
