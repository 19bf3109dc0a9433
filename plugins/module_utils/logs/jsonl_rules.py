# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key of a JSON line means what, as data, and what the records of a window add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Pattern, Sequence

from ..judge import parse_level
from .percentiles import Histogram
from .tally import Unread, tally


@dataclass(frozen=True)
class Rules:
    """Which key of a record means what; names with dots lead into nested objects.

    Attributes:
        timestamp_keys: the first one present holds the record's time.
        level_key: severity, such as ``ERROR``.
        error_levels: severities that make a record an error, in capitals.
        message_key: text for people. When it is a prefix and JSON, the JSON's keys are the record's as well.
        duration_key: duration in ``duration_unit``.
        duration_unit: ``s``, ``ms`` or ``us``.
        status_key: outcome of a call, such as ``success`` or ``500``.
        error_values: outcomes that are failures: texts, numbers, or levels such as ``>= 500``.
        prefixes: texts that may stand before the JSON of a line or of a message.
        ignore: patterns of plain lines that are known and mean nothing.
        security_keys: a record with these keys and values is a security event.
        security_prefixes: so is one whose line or message starts with one of these.
        event_keys: the first one present names the kind of security event.
        source_keys: the first one present names where it came from.
        counts: names of further metrics, each with the keys and values of the records to count.
        over_ms: durations above this are counted.
        operation_key: names what took that long.
        client_keys: the first one present names who called.
        clusters: what may lie behind an error, with the pattern of its texts, the first to fit first.
        gauge_key: a figure that some records carry.
    """

    timestamp_keys: Sequence[str] = ("timestamp", "time", "ts")
    level_key: str | None = "level"
    error_levels: Sequence[str] = ("ERROR", "CRITICAL", "FATAL")
    message_key: str | None = "message"
    duration_key: str | None = None
    duration_unit: str = "ms"
    status_key: str | None = None
    error_values: Sequence[Any] = ("error", ">= 500")
    prefixes: Sequence[str] = ()
    ignore: Sequence[Pattern[str]] = ()
    security_keys: Mapping[str, Any] = field(default_factory=dict)
    security_prefixes: Sequence[str] = ()
    event_keys: Sequence[str] = ("event", "event_type")
    source_keys: Sequence[str] = ("details.client_ip", "details.client_id", "client_ip", "client_id")
    counts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    over_ms: float | None = None
    operation_key: str | None = None
    client_keys: Sequence[str] = ()
    clusters: Mapping[str, Pattern[str]] = field(default_factory=dict)
    gauge_key: str | None = None


@dataclass
class JsonlFigures:
    """What the records of a window add up to.

    Attributes:
        records: how many there are.
        errors: records of an error level, and failed calls.
        calls: records that carry a status.
        failed: those whose status is a failure.
        levels: how often each severity occurs.
        durations: in microseconds.
        messages: texts of errors, numbers taken out.
        security_events: how many there are.
        events: kinds of security events.
        sources: where they came from.
        counts: the metrics that the rules name.
        unread: lines of the window that are not records.
    """

    records: int = 0
    errors: int = 0
    calls: int = 0
    failed: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    durations: Histogram = field(default_factory=Histogram)
    messages: Counter[str] = field(default_factory=Counter)
    security_events: int = 0
    events: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=dict)
    unread: Unread = field(default_factory=Unread)

    def merge(self, later: JsonlFigures) -> None:
        """Take in the figures of the stretch of the log that follows."""
        self.records += later.records
        self.errors += later.errors
        self.calls += later.calls
        self.failed += later.failed
        self.security_events += later.security_events
        for name, count in later.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        tally(self.levels, later.levels)
        tally(self.messages, later.messages)
        tally(self.events, later.events)
        tally(self.sources, later.sources)
        self.durations.merge(later.durations)
        self.unread.merge(later.unread)


def value_at(record: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key; ``a.b`` is key b of the object at a, unless there is a key of that very name."""
    if key in record or "." not in key:
        return record.get(key)
    value: Any = record
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def equals(expected: Any) -> Callable[[Any], bool]:
    """Return a test of one value against a text, a number, a level such as ``>= 500``, or a list of these."""
    if isinstance(expected, (list, tuple)):
        tests = [equals(one) for one in expected]
        return lambda value: any(test(value) for test in tests)
    if isinstance(expected, str) and expected.lstrip()[:1] in "<>=!" and expected.strip():
        level = parse_level(expected, "error value")
        if level is not None:
            reached = level.reached
            return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and reached(value)
    text = str(expected).lower()
    return lambda value: value is not None and str(value).lower() == text
