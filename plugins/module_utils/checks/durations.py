# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one thing takes, by the records that say so, and which operations are slow (EST-21, DIY-07, DIY-18).

Of a log that is full of other things: JSON lines are chosen by keys and values, plain lines by a pattern.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Pattern

from ..errors import ProfileError
from ..logs.files import Reading
from ..logs.jsonl_rules import value_at
from ..logs.mixed import Entry, parts
from ..logs.mixed_files import PARAMETERS as LOG_PARAMETERS
from ..logs.mixed_files import compiled, entries_of
from ..logs.percentiles import Histogram
from ..logs.tally import tally, without_numbers
from ..logs.together import prepare
from ..logs.window import Window, window_of
from ..model import OK, UNKNOWN, Observation, Reason, Scalar
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    **LOG_PARAMETERS,
    "match": {
        "type": "dict",
        "default": {},
        "description": "Keys and values (dots lead into an object) of the JSON records that count; none means all.",
    },
    "duration_key": {"type": "str", "default": "duration", "description": "Key of the duration of a record."},
    "duration_unit": {"type": "str", "choices": ["s", "ms", "us"], "default": "s", "description": "Its unit."},
    "operation_key": {"type": "str", "description": "Key that names the operation; slow ones are ranked by it."},
    "pattern": {
        "type": "str",
        "description": "Regular expression of plain lines that count: the group duration and, where there is one, "
        "operation.",
    },
    "slow_seconds": {"type": "float", "description": "What takes longer is counted as slow and ranked."},
    "value_metric": {
        "type": "str",
        "default": "mean_seconds",
        "choices": ["mean_seconds", "p50_seconds", "p95_seconds", "p99_seconds", "maximum_seconds", "slow"],
        "description": "Metric that is the result's value.",
    },
}
METRICS = {
    "mean_seconds": "s",
    "p50_seconds": "s",
    "p95_seconds": "s",
    "p99_seconds": "s",
    "maximum_seconds": "s",
    "slow": "count",
    "measured": "count",
    "untimed": "count",
}
TOGETHER = prepare
_MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0}
_LONGEST_SECONDS = 1e7
_OPERATION_CHARACTERS = 200


@dataclass
class Measured:
    """What the records of a window took.

    Attributes:
        durations: in microseconds.
        slow: slow records by operation.
        slowest: the longest of each operation, in microseconds.
        untimed: durations that nobody can place, because their records have no time of their own.
        without: records that were chosen and have no duration.
    """

    durations: Histogram = field(default_factory=Histogram)
    slow: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, int] = field(default_factory=dict)
    untimed: int = 0
    without: int = 0


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Read the window once.

    Raises:
        CheckError: as :func:`entries_of`.
        ProfileError: a pattern or the window cannot be used.
    """
    pattern = compiled(parameters["pattern"], "pattern") if parameters.get("pattern") else None
    if pattern is not None and "duration" not in pattern.groupindex:
        raise ProfileError(f"pattern is {pattern.pattern!r}", "Name the group duration in it")
    window = window_of(parameters["window"], context.now, context.timezone)
    reading = Reading()
    measured = measure(entries_of(parameters, window.start, context, reading), parameters, pattern, window)
    return observe(measured, parameters, reading)


def measure(
    entries: Iterable[Entry], parameters: Mapping[str, Any], pattern: Pattern[str] | None, window: Window
) -> Measured:
    """Collect the durations of a window; pure.

    Args:
        entries: lines and documents of a log.
        parameters: match, duration_key, duration_unit, operation_key and slow_seconds of the check.
        pattern: of plain lines that count.
        window: what is counted.
    """
    measured = Measured()
    factor = _MICROSECONDS[parameters["duration_unit"]]
    slow_seconds = parameters.get("slow_seconds")
    limit = math.inf if slow_seconds is None else slow_seconds * 1e6
    for entry in entries:
        if entry.time is not None and not window.holds(entry.time):
            continue
        for duration, operation in _durations(entry, parameters, pattern):
            if duration is None or not 0 <= duration * factor <= _LONGEST_SECONDS * 1e6:
                measured.without += 1
            elif entry.time is None:
                measured.untimed += 1
            else:
                taken = round(duration * factor)
                measured.durations.add_many((taken,))
                if taken > limit:
                    tally(measured.slow, (operation,))
                    measured.slowest[operation] = max(taken, measured.slowest.get(operation, 0))
    return measured


def _durations(
    entry: Entry, parameters: Mapping[str, Any], pattern: Pattern[str] | None
) -> Iterable[tuple[float | None, str]]:
    if entry.document is None:
        found = pattern.search(entry.text) if pattern is not None else None
        if found is not None:
            groups = found.groupdict()
            yield _number(groups["duration"]), _name(groups.get("operation"))
        return
    for record in parts(entry.document):
        if all(value_at(record, key) == wanted for key, wanted in parameters["match"].items()):
            duration = value_at(record, parameters["duration_key"])
            if duration is None and not parameters["match"]:
                continue
            key = parameters.get("operation_key")
            yield _number(duration), _name(value_at(record, key) if key else None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _name(operation: Any) -> str:
    if operation is None:
        return "(not named)"
    return without_numbers(str(operation).split("?", 1)[0][:_OPERATION_CHARACTERS])


def observe(measured: Measured, parameters: Mapping[str, Any], reading: Reading) -> Observation:
    """Turn durations into an Observation; pure. A window without any has no mean: never 0, never NaN."""
    slow_seconds = parameters.get("slow_seconds")
    limit = None if slow_seconds is None else slow_seconds * 1e6
    summary = measured.durations.summary((50, 95, 99), limit)
    raw = [summary.mean(), *summary.quantiles, summary.largest] if summary.count else [None] * 5
    names = ("mean_seconds", "p50_seconds", "p95_seconds", "p99_seconds", "maximum_seconds")
    metrics: dict[str, Scalar] = {name: None if value is None else value / 1e6 for name, value in zip(names, raw)}
    metrics["slow"] = None if limit is None else summary.above
    metrics["measured"] = summary.count
    metrics["untimed"] = measured.untimed
    missed = measured.untimed + measured.without + reading.lost
    state, reason = OK, None
    if not summary.count and measured.untimed:
        state, reason = UNKNOWN, Reason("durations_untimed", {"records": measured.untimed})
    elif not summary.count:
        reason = Reason("no_durations", {"window": str(parameters["window"])})
    evidence = [
        f"{count} x slow {operation}, longest {measured.slowest[operation] / 1e6:.3f} s"
        for operation, count in measured.slow.most_common(10)
    ]
    if measured.without:
        evidence.append(f"{measured.without} records without a duration")
    name = parameters["value_metric"]
    return Observation(
        value=metrics[name],
        unit=METRICS[name],
        state=state,
        reason=reason,
        metrics=metrics,
        evidence=evidence + reading.notes[:3],
        coverage=round(summary.count / (summary.count + missed), 4) if summary.count + missed else 1.0,
        source=", ".join(reading.paths) or None,
        nothing_to_measure=not summary.count and not missed,
    )
