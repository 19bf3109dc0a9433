# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a profile may ask of a JSON lines log beside its outcomes: callers, slow operations, causes, a figure."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping, Sequence

from .jsonl_rules import Rules, value_at
from .percentiles import Distinct
from .slowest import Slowest
from .tally import tally, tally_counts, without_numbers

OTHER = "other_errors"
_OPERATION_CHARACTERS = 200
_TEXT_CHARACTERS = 160
_SEARCHED_CHARACTERS = 4000
_MICROSECONDS = {"s": 1000000.0, "ms": 1000.0, "us": 1.0}
_LONGEST_DURATION = 1e12
#: What is larger is no figure.
NUMBER_MAXIMUM = 1e300


@dataclass
class Gauge:
    """A figure that some records carry, such as the memory of the process.

    Attributes:
        first: minute (in seconds since the epoch) and value of the earliest.
        last: those of the latest.
        maximum: the largest value.
    """

    first: tuple[float, float] | None = None
    last: tuple[float, float] | None = None
    maximum: float | None = None

    def add(self, minute: float, values: Sequence[float]) -> None:
        """Take in the values of one minute, in their order."""
        if not values:
            return
        if self.first is None or minute < self.first[0]:
            self.first = (minute, values[0])
        if self.last is None or minute >= self.last[0]:
            self.last = (minute, values[-1])
        self.add_maximum(values)

    def add_maximum(self, values: Sequence[float]) -> None:
        """Take in values of any minute that is known already."""
        if not values:
            return
        self.maximum = max(values if self.maximum is None else (self.maximum, *values))


@dataclass
class Details:
    """What was asked for.

    Attributes:
        clients: different callers.
        slow: slow calls by operation.
        slowest: the longest durations, in microseconds, with the operations' names.
        clusters: errors by what lies behind them.
        gauge: the figure that records carry.
    """

    clients: Distinct = field(default_factory=Distinct)
    slow: Counter[str] = field(default_factory=Counter)
    slowest: Slowest = field(default_factory=Slowest)
    clusters: Counter[str] = field(default_factory=Counter)
    gauge: Gauge = field(default_factory=Gauge)

    def merge(self, later: Details) -> None:
        """Take in the details of the stretch of the log that follows."""
        self.clients.merge(later.clients)
        tally(self.slow, later.slow)
        self.slowest.merge(later.slowest)
        self.clusters.update(later.clusters)
        for end in (later.gauge.first, later.gauge.last):
            if end is not None:
                self.gauge.add(end[0], (end[1],))
        if later.gauge.maximum is not None:
            self.gauge.add_maximum((later.gauge.maximum,))


class DetailCounter:
    """Fills in the details; what no rule asks for costs nothing.

    Args:
        rules: what a record's keys mean.

    Attributes:
        details: what was counted.
        factor: microseconds of the rules' unit.
        decimals: that many decimals of a duration are whole microseconds.
    """

    def __init__(self, rules: Rules) -> None:
        self.details = Details()
        self._rules = rules
        self.factor = _MICROSECONDS[rules.duration_unit]
        self.decimals = len(str(int(self.factor))) - 1
        self._limit = None if rules.over_ms is None else rules.over_ms * 1000.0

    def microseconds(self, values: Iterable[Any]) -> list[int]:
        """Return durations of the rules' unit in microseconds; what is no duration is left out."""
        factor = self.factor
        return [round(value * factor) for value in values if 0 <= value < _LONGEST_DURATION]

    def add_operations(self, values: Sequence[float], names: Iterable[Any], read: Callable[[Any], Any]) -> None:
        """Rank what took long.

        Args:
            values: durations in the unit of the rules; negative where there is none.
            names: of the operations, side by side with these, as they stand in the log.
            read: makes one of them a value; asked only of what took long.
        """
        slowest, limit, factor = self.details.slowest, self._limit, self.factor
        least = slowest.least if limit is None else min(slowest.least, limit)
        # One microsecond less, because what is compared later is rounded.
        bound = max(0.0, (least - 1) / factor)
        pairs = [(value, name) for value, name in zip(values, names) if value >= bound]
        long = [(round(value * factor), name) for value, name in pairs if value < _LONGEST_DURATION]
        slowest.add_many((taken, operation(read(name))) for taken, name in long if taken > slowest.least)
        if limit is not None:
            slow = Counter([name for taken, name in long if taken > limit])
            tally_counts(self.details.slow, [(operation(read(name)), times) for name, times in slow.items()])

    def cluster(self, record: Mapping[str, Any], keys: Iterable[str]) -> str | None:
        """Return what lies behind an error, by the texts under these keys; None when nobody asks."""
        if not self._rules.clusters:
            return None
        values = (value_at(record, key) for key in keys)
        text = "\n".join(str(value) for value in values if value is not None)[:_SEARCHED_CHARACTERS]
        return next((name for name, pattern in self._rules.clusters.items() if pattern.search(text)), OTHER)

    def add_clusters(self, clusters: Iterable[tuple[str | None, int]]) -> None:
        """Count errors under what lies behind them."""
        for name, times in clusters:
            if name is not None:
                self.details.clusters[name] += times

    def add(self, record: Mapping[str, Any], epoch: float) -> None:
        """Add what one record says of callers, operations and the figure."""
        rules = self._rules
        client = next((one for one in (value_at(record, key) for key in rules.client_keys) if one is not None), None)
        if client is not None:
            self.details.clients.add_many((client_text(client),))
        if rules.operation_key is not None and rules.duration_key is not None:
            taken = number(value_at(record, rules.duration_key))
            name = value_at(record, rules.operation_key)
            named = name if name is None else str(name)
            self.add_operations((-1.0 if taken is None else taken,), (named,), _as_it_is)
        if rules.gauge_key is not None:
            value = number(value_at(record, rules.gauge_key))
            self.details.gauge.add(epoch - epoch % 60, () if value is None else (value,))


def _as_it_is(value: Any) -> Any:
    return value


def number(value: Any) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < NUMBER_MAXIMUM:
        return None
    return float(value)


def client_text(value: Any) -> str:
    """Return a caller as text; different callers differ in it."""
    return str(value)[:_TEXT_CHARACTERS]


def operation(name: Any) -> str:
    """Return an operation's name as evidence: without what was asked, and without identifiers."""
    return "(not named)" if name is None else _shortened(str(name))


@functools.lru_cache(maxsize=1024)
def _shortened(name: str) -> str:
    return without_numbers(name.split("?", 1)[0][:_OPERATION_CHARACTERS])
