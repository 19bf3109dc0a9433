# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a JSON lines log's window, in one pass; which key means what is data."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Pattern, Sequence

from ..judge import parse_level
from .percentiles import Histogram
from .tally import Unread, tally
from .timestamps import TimestampReader
from .window import Window

_NUMBERS = re.compile(r"\b(?:[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+)\b")
_TEXT_CHARACTERS = 160
_MILLISECONDS = {"s": 1000.0, "ms": 1.0, "us": 0.001}
Record = Dict[str, Any]


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


def value_at(record: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key; ``a.b`` is key b of the object at a, unless there is a key of that very name."""
    if key in record or "." not in key:
        return record.get(key)
    value: Any = record
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
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


class JsonlCounter:
    """Counts the blocks of one log; see :meth:`count_block`.

    Args:
        rules: what a record's keys mean.
        window: what is counted.
        timestamps: reads the records' times.
    """

    def __init__(self, rules: Rules, window: Window, timestamps: TimestampReader) -> None:
        self.figures = JsonlFigures(counts=dict.fromkeys(rules.counts, 0))
        self._rules = rules
        self._window = window
        self._timestamps = timestamps
        self._failed = equals(list(rules.error_values))
        self._error_levels = frozenset(level.upper() for level in rules.error_levels)
        self._security = [(key, equals(value)) for key, value in rules.security_keys.items()]
        self._security_prefixes = tuple(rules.security_prefixes)
        self._prefixes = (*rules.prefixes, *rules.security_prefixes)
        self._counts = [
            (name, [(key, equals(value)) for key, value in wanted.items()]) for name, wanted in rules.counts.items()
        ]
        self._microseconds = _MILLISECONDS[rules.duration_unit] * 1000.0

    def count_block(self, block: bytes) -> None:
        """Count whole lines."""
        durations: list[int] = []
        for line in block.split(b"\n"):
            if not line or line == b"\r":
                continue
            record, prefix = self._record(line)
            if record is None:
                self._unreadable(line)
                continue
            epoch = None
            for key in self._rules.timestamp_keys:
                stamp = record.get(key)
                if stamp is not None:
                    epoch = self._timestamps.epoch(stamp)
                    break
            if epoch is None:
                self._unreadable(line)
                continue
            inside = self._window.holds(epoch)
            self.figures.unread.neighbour(inside)
            if inside:
                self._count(record, prefix, durations)
        self.figures.durations.add_many(durations)

    def finish(self) -> JsonlFigures:
        """Return the figures."""
        self.figures.unread.finish()
        return self.figures

    def _record(self, line: bytes) -> tuple[Record | None, str]:
        """Return the record of a line, the message's own JSON taken in, and the prefix it was under."""
        try:
            text = line.decode("utf-8")
            prefix = ""
            if text[0] != "{":
                text, prefix = without_prefix(text, self._prefixes)
            record = json.loads(text)
        except (ValueError, RecursionError):
            return None, ""
        if not isinstance(record, dict):
            return None, ""
        message = record.get(self._rules.message_key) if self._rules.message_key else None
        if self._prefixes and isinstance(message, str) and message.startswith(self._prefixes):
            text, prefix = without_prefix(message, self._prefixes)
            nested = _object(text)
            if nested is not None:
                record = {**nested, **record, "message_json": nested}
        return record, prefix

    def _unreadable(self, line: bytes) -> None:
        if self._rules.ignore:
            text = line.decode("utf-8", "replace")
            if any(pattern.search(text) for pattern in self._rules.ignore):
                return
        self.figures.unread.add([line], 1)

    def _count(self, record: Record, prefix: str, durations: list[int]) -> None:
        figures, rules = self.figures, self._rules
        figures.records += 1
        failed = False
        if rules.status_key is not None:
            status = value_at(record, rules.status_key)
            if status is not None:
                figures.calls += 1
                failed = self._failed(status)
                figures.failed += failed
        level = value_at(record, rules.level_key) if rules.level_key else None
        if isinstance(level, str):
            level = level.upper()[:20]
            tally(figures.levels, (level,))
        if failed or level in self._error_levels:
            figures.errors += 1
            tally(figures.messages, (self._summary(record, level),))
        if rules.duration_key is not None:
            duration = value_at(record, rules.duration_key)
            if isinstance(duration, (int, float)) and not isinstance(duration, bool) and 0 <= duration < 1e12:
                durations.append(round(duration * self._microseconds))
        if self._security_prefixes or self._security:
            self._count_security(record, prefix)
        for name, wanted in self._counts:
            if all(test(value_at(record, key)) for key, test in wanted):
                figures.counts[name] += 1

    def _count_security(self, record: Record, prefix: str) -> None:
        marked = prefix in self._security_prefixes or (
            bool(self._security) and all(test(value_at(record, key)) for key, test in self._security)
        )
        if not marked:
            message = value_at(record, self._rules.message_key) if self._rules.message_key else None
            if not (
                isinstance(message, str) and self._security_prefixes and message.startswith(self._security_prefixes)
            ):
                return
        self.figures.security_events += 1
        named = [value_at(record, key) for key in self._rules.event_keys]
        event = next((str(name) for name in named if name is not None), "") or self._summary(record, None)
        tally(self.figures.events, (event[:_TEXT_CHARACTERS],))
        sources = [value_at(record, key) for key in self._rules.source_keys]
        source = next((str(one)[:_TEXT_CHARACTERS] for one in sources if one is not None), None)
        if source is not None:
            tally(self.figures.sources, (source,))

    def _summary(self, record: Record, level: str | None) -> str:
        message = value_at(record, self._rules.message_key) if self._rules.message_key else None
        if message is None:
            message = record.get("error_message") or record.get("route") or record.get("event_type") or "(no message)"
        text = _NUMBERS.sub("#", str(message)[: 4 * _TEXT_CHARACTERS])[:_TEXT_CHARACTERS]
        return f"{level} {text}" if level else text


def without_prefix(text: str, prefixes: Sequence[str]) -> tuple[str, str]:
    """Return the text after the first prefix it starts with, and that prefix; a colon between them goes, too."""
    for prefix in prefixes:
        if text.startswith(prefix):
            return text[len(prefix) :].lstrip(": \t"), prefix
    return text, ""


def _object(text: str) -> Record | None:
    if text[:1] != "{":
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
