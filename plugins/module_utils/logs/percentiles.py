# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact quantiles and distinct counts in bounded memory."""

from __future__ import annotations

import os
import struct
import sys
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from math import floor
from typing import IO, Any, Hashable, Iterable, Iterator, Sequence

DISTINCT_EXACT = 100000
#: Short runs are sorted in the processor's cache.
VALUES_IN_RUN = 1 << 12
VALUES_IN_MEMORY = 1 << 21
_RUNS_WRITTEN_TOGETHER = 64
#: So many values may be left when a quantile is looked for.
VALUES_SORTED_AT_LAST = 4096
_BYTES = 8
#: The rounding of a sum of floats is off by less than an eighth as long as their number times their sum is less.
_SUM_EXACT = float(1 << 49)
#: No value exceeds it.
_LIMIT_MAXIMUM = 1e19
#: Array of floats, in place of whole numbers.
_FLOATS = "d"


class Histogram:
    """Whole numbers whose quantiles are asked for; exact for any number of values.

    Values are kept in sorted runs of eight bytes each. A quantile is found by bisection over all runs, so that they
    need not be merged; those that the memory has no room for go to an anonymous temporary file as one long run, where
    it is bisected as well.

    Args:
        values_in_run: how many values are sorted at once.
        values_in_memory: how many values are kept before runs are written out.
    """

    def __init__(self, values_in_run: int = VALUES_IN_RUN, values_in_memory: int = VALUES_IN_MEMORY) -> None:
        self._values: list[int] = []
        self._decimals: list[float] = []
        self._factor = 1.0
        self._runs: list[Any] = []
        self._limits = (values_in_run, values_in_memory)
        self._total = 0
        self._kept = 0
        self._spill: IO[bytes] | None = None

    def add_many(self, values: Iterable[Any]) -> None:
        """Take in values: whole numbers of 63 bits, or the digits of such as bytes, as they stand in a log."""
        self.add_whole(list(map(int, values)))

    def add_whole(self, values: list[int]) -> None:
        """Take in whole numbers of 63 bits."""
        self._values += values
        if len(self._values) >= self._limits[0]:
            self._close_runs()

    def add_decimals(self, values: list[float], factor: float) -> None:
        """Take in decimal fractions that are whole numbers from 0 to 1e14 when they are multiplied.

        Whole numbers from 0 to 1e15, with the factor 1, are such, too.

        They are sorted as they are, and counted as the whole numbers: to make these of all of them costs twice as much.

        Args:
            values: the fractions.
            factor: by which they are multiplied; always the same.
        """
        self._factor = factor
        self._decimals += values
        if len(self._decimals) >= self._limits[0]:
            self._close_runs()

    def merge(self, other: Histogram) -> None:
        """Take in the values of another one, which must not have written any out."""
        other._close_runs()
        self._factor = other._factor if self._factor == 1.0 else self._factor
        self._runs += other._runs
        self._kept += other._kept
        self._total += other._total
        self._write_out()

    def _close_runs(self) -> None:
        if self._values:
            self._total += sum(self._values)
            self._values.sort()
            self._keep(_packed("q", self._values))
            self._values = []
        if self._decimals:
            total = sum(self._decimals) * self._factor
            exact = total * len(self._decimals) < _SUM_EXACT
            self._total += round(total) if exact else sum(self._whole(self._decimals))
            self._decimals.sort()
            self._keep(_packed(_FLOATS, self._decimals))
            self._decimals = []
        self._write_out()

    def _whole(self, run: Sequence[float]) -> list[int]:
        return list(map(int, run)) if self._factor == 1.0 else [round(value * self._factor) for value in run]

    def _keep(self, run: array[Any]) -> None:
        self._runs.append(run)
        self._kept += len(run)

    def _write_out(self) -> None:
        if self._kept <= self._limits[1]:
            return
        fresh = [run for run in self._runs if isinstance(run, array)]
        self._runs = [run for run in self._runs if not isinstance(run, array)]
        for first in range(0, len(fresh), _RUNS_WRITTEN_TOGETHER):
            together: list[int] = []
            for run in fresh[first : first + _RUNS_WRITTEN_TOGETHER]:
                together += run if _is_whole(run) else self._whole(run)
            together.sort()
            self._runs.append(self._written(array("q", together)))
        self._kept = 0

    def _written(self, run: array[int]) -> _WrittenRun:
        if self._spill is None:
            import tempfile

            descriptor, name = tempfile.mkstemp(prefix="aiops-runbooks-")
            # Without a name, it goes away with this process, however that ends.
            os.unlink(name)
            self._spill = os.fdopen(descriptor, "w+b")
        offset = self._spill.seek(0, 2)
        run.tofile(self._spill)
        self._spill.flush()
        return _WrittenRun(self._spill, offset, len(run))

    def summary(self, percents: Sequence[int] = (50, 95, 99), above: float | None = None) -> Summary:
        """Return count, sum, maximum, quantiles, and how many values lie above a limit."""
        self._close_runs()
        count = sum(map(len, self._runs))
        over = 0 if above is None or not abs(above) < _LIMIT_MAXIMUM else count - self._up_to(floor(above))
        largest = max((self._at(run, -1) for run in self._runs), default=None)
        # The nearest rank: the smallest value that at least so many percent of all values do not exceed.
        quantiles = [self._of_rank(-(-percent * count // 100), count) if count else None for percent in percents]
        return Summary(count, self._total, largest, quantiles, over)

    def _of_rank(self, rank: int, count: int) -> int:
        """Return the value of a rank: two values that it lies between come closer, until few others do, too."""
        # It is not below the lowest, and not above the highest, of those that have this rank in their own runs.
        alike = sorted(self._at(run, -(-rank * len(run) // count) - 1) for run in self._runs)
        place = self._first(alike, rank)
        below, largest = alike[place - 1] if place else min(self._at(run, 0) for run in self._runs) - 1, alike[place]
        before, within = self._up_to(below), self._up_to(largest)
        while within - before > VALUES_SORTED_AT_LAST and largest - below > 1:
            middle = (below + largest) // 2
            found = self._up_to(middle)
            if found >= rank:
                largest, within = middle, found
            else:
                below, before = middle, found
        if largest - below == 1:
            return largest
        near: list[int] = []
        for run, first, last in zip(self._runs, self._places(below), self._places(largest)):
            near += run[first:last] if _is_whole(run) else self._whole(run[first:last])
        near.sort()
        return near[rank - before - 1]

    def _first(self, values: Sequence[int], rank: int) -> int:
        """Return the place of the first of some sorted values that has at least this rank; the last one has."""
        low, high = 0, len(values) - 1
        while low < high:
            middle = (low + high) // 2
            if self._up_to(values[middle]) >= rank:
                high = middle
            else:
                low = middle + 1
        return low

    def _at(self, run: Any, index: int) -> int:
        value = run[index]
        return int(value) if _is_whole(run) else round(value * self._factor)

    def _up_to(self, value: int) -> int:
        """Return how many values do not exceed one."""
        return sum(self._places(value))

    def _places(self, value: int) -> Iterator[int]:
        """Yield how many values of each run do not exceed one."""
        # No decimal fraction stands for a whole number and a half.
        between = (value + 0.5) / self._factor
        return (bisect_right(run, value if _is_whole(run) else between) for run in self._runs)


def _packed(code: str, values: Sequence[float]) -> array[Any]:
    # An array asks of each value what it is; this way takes a third of the time.
    return array(code, struct.pack(f"{len(values)}{code}", *values))


def _is_whole(run: Any) -> bool:
    return not isinstance(run, array) or run.typecode != _FLOATS


class _WrittenRun:
    """A sorted run in a file."""

    def __init__(self, stream: IO[bytes], offset: int, length: int) -> None:
        self._descriptor = stream.fileno()
        # Kept open for as long as there is something in it to be read.
        self._stream = stream
        self._offset = offset
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            first, last, _step = index.indices(self._length)
            return array("q", os.pread(self._descriptor, (last - first) * _BYTES, self._offset + first * _BYTES))
        position = index + self._length if index < 0 else index
        data = os.pread(self._descriptor, _BYTES, self._offset + position * _BYTES)
        return int.from_bytes(data, sys.byteorder, signed=True)


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

    def merge(self, other: Distinct) -> None:
        """Take in the values of another one with the same limit, counted by this process or by a fork of it."""
        self._bits = max(self._bits, other._bits)
        self.add_many(other._seen)
        # Those of before, too, are a sample as thin as the thinner of both.
        self._thin()

    def add_many(self, values: Iterable[Hashable]) -> None:
        """Take in values whose hash is well mixed: bytes or text, not numbers."""
        if self._bits:
            mask = (1 << self._bits) - 1
            self._seen.update(value for value in values if not hash(value) & mask)
        else:
            self._seen.update(values)
        while len(self._seen) > self._limit:
            self._bits += 1
            self._thin()

    def _thin(self) -> None:
        if self._bits:
            mask = (1 << self._bits) - 1
            self._seen = {value for value in self._seen if not hash(value) & mask}

    @property
    def exact(self) -> bool:
        """Whether the count is exact."""
        return not self._bits

    def count(self) -> int:
        """Return the number of different values."""
        return len(self._seen) << self._bits
