# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a JSON lines log's window, in one pass.

Lines of the shape that the application's records share are counted block by block; every other line, and every block
that crosses an edge of the window, is read as JSON, line by line. Both ways give the same figures.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from typing import Any, Iterable, Pattern, Sequence, Tuple

from .jsonl_records import FURTHER_TEXT_KEYS, Record, RecordCounter
from .jsonl_rules import JsonlFigures, Rules
from .jsonl_shape import Shape
from .timestamps import TimestampReader
from .window import Window

# Raw control characters in strings are against the letter of JSON, and do no harm in a log.
_DECODER = json.JSONDecoder(strict=False)
_WORTHWHILE_LINES = 8
_SECONDS_PER_MINUTE = 61
_COMBINATIONS_REMEMBERED = 10000
Row = Tuple[str, ...]


class JsonlCounter:
    """Counts the blocks of one log; see :meth:`count_block`.

    Args:
        rules: what a record's keys mean.
        window: what is counted.
        timestamps: reads the records' times.
    """

    def __init__(self, rules: Rules, window: Window, timestamps: TimestampReader) -> None:
        self._rules = rules
        self._window = window
        self._timestamps = timestamps
        self._records = RecordCounter(rules)
        self._unread = self._records.figures.unread
        self._prefixes = (*rules.prefixes, *rules.security_prefixes)
        texts = [rules.message_key, *FURTHER_TEXT_KEYS] if rules.message_key else FURTHER_TEXT_KEYS
        single = [key for key in (rules.level_key, rules.status_key, rules.duration_key) if key is not None]
        counted = [key for wanted in rules.counts.values() for key in wanted]
        self._counted: dict[str, dict[Row, bool]] = {name: {} for name in rules.counts}
        self._shape = Shape({*texts, *single, *counted, *rules.security_keys}, rules.timestamp_keys)

    def count_block(self, block: bytes) -> None:
        """Count whole lines."""
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError:
            for line in block.split(b"\n"):
                self._count_line(line.decode("utf-8", "surrogateescape"))
            return
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        pattern = self._shape.pattern
        if pattern is None or len(lines) < _WORTHWHILE_LINES:
            self._count_lines(lines)
        else:
            self._count_alike(pattern, lines, text)

    def finish(self) -> JsonlFigures:
        """Return the figures."""
        self._unread.finish()
        return self._records.figures

    def _count_alike(self, pattern: Pattern[str], lines: list[str], text: str) -> None:
        alike, rows, others = self._rows(pattern, lines, text)
        place = self._place({row[:2] for row in rows}) if rows else None
        if place is None:
            self._count_lines(lines)
            return
        self._unread.neighbour(place)
        if place:
            self._count_rows(alike, rows)
        self._count_lines(others)

    def _rows(self, pattern: Pattern[str], lines: list[str], text: str) -> tuple[list[str], list[Row], list[str]]:
        """Return the lines of the shape, their values, and the other lines."""
        others: list[str] = []
        alike = lines
        if "\\" in text or any(prefix in text for prefix in self._prefixes):
            alike, others = _parted(lines, ("\\", *self._prefixes))
            text = "\n".join(alike)
        rows: list[Row] = pattern.findall(text)
        if len(rows) == len(alike):
            # As many matches as lines: none of them reached into the next line.
            return alike, rows, others
        matches = [(line, pattern.match(line)) for line in alike]
        others += [line for line, match in matches if match is None]
        found = [(line, match.groups("")) for line, match in matches if match is not None]
        return [line for line, _row in found], [row for _line, row in found], others

    def _place(self, minutes: set[Row]) -> bool | None:
        """Tell whether all minutes are inside (True) or outside (False) of the window; None when they must be asked."""
        epochs = [self._timestamps.epoch(f"{minute}:00{zone}") for minute, zone in minutes]
        known = [epoch for epoch in epochs if epoch is not None]
        if len(known) < len(epochs):
            return None
        first, last = min(known), max(known) + _SECONDS_PER_MINUTE
        if first >= self._window.start and last < self._window.end:
            return True
        return False if last < self._window.start or first >= self._window.end else None

    def _count_rows(self, lines: Sequence[str], rows: Sequence[Row]) -> None:
        # The first two groups are the minute and the zone.
        columns = dict(zip(self._shape.keys, list(zip(*rows))[2:]))
        absent = ("",) * len(rows)
        rules, records = self._rules, self._records

        def column(key: str | None) -> Sequence[str]:
            return columns.get(key, absent) if key else absent

        outcomes = list(zip(column(rules.level_key), column(rules.status_key)))
        wrong = set()
        for outcome, times in Counter(outcomes).items():
            if records.add_outcomes(_value(outcome[0]), _value(outcome[1]), times):
                wrong.add(outcome)
        if wrong:
            self._add_errors(rows, [index for index, outcome in enumerate(outcomes) if outcome in wrong])
        if rules.duration_key is not None:
            records.add_numbers([float(text) for text in column(rules.duration_key) if text[:1] in _DIGITS])
        for name, wanted in rules.counts.items():
            records.figures.counts[name] += self._matching(name, zip(*map(column, wanted)))
        if rules.security_keys:
            marks = list(zip(*map(column, rules.security_keys)))
            marked = {mark for mark in set(marks) if records.is_security([_value(text) for text in mark])}
            for line in [line for line, mark in zip(lines, marks) if mark in marked] if marked else ():
                records.add_security_event(_DECODER.decode(line))

    def _matching(self, name: str, rows: Iterable[Row]) -> int:
        known = self._counted[name]
        matching = 0
        for row, times in Counter(rows).items():
            if row not in known:
                if len(known) >= _COMBINATIONS_REMEMBERED:
                    known.clear()
                known[row] = self._records.matches(name, [_value(text) for text in row])
            matching += times if known[row] else 0
        return matching

    def _add_errors(self, rows: Sequence[Row], indices: Iterable[int]) -> None:
        keys = self._shape.keys
        for index in indices:
            record = {key: _value(text) for key, text in zip(keys, rows[index][2:]) if text}
            self._records.add_error(record, record.get(self._rules.level_key) if self._rules.level_key else None)

    def _count_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._count_line(line)

    def _count_line(self, line: str) -> None:
        """Count one line, read as JSON."""
        if not line or line == "\r":
            return
        record, prefix = self._record(line)
        epoch = None
        if record is not None:
            stamps = (record.get(key) for key in self._rules.timestamp_keys)
            epoch = self._timestamps.epoch(next((stamp for stamp in stamps if stamp is not None), None))
        if record is None or epoch is None:
            self._unreadable(line)
            return
        if not prefix:
            self._shape.learn(line)
        inside = self._window.holds(epoch)
        self._unread.neighbour(inside)
        if inside:
            self._records.add(record, prefix)

    def _record(self, line: str) -> tuple[Record | None, str]:
        """Return the record of a line, the message's own JSON taken in, and the prefix it was under."""
        text, prefix = (line, "") if line[0] == "{" else without_prefix(line, self._prefixes)
        record = _object(text)
        message = record.get(self._rules.message_key) if record and self._rules.message_key else None
        if record and self._prefixes and isinstance(message, str) and message.startswith(self._prefixes):
            text, prefix = without_prefix(message, self._prefixes)
            nested = _object(text)
            if nested is not None:
                record = {**nested, **record, "message_json": nested}
        return record, prefix

    def _unreadable(self, line: str) -> None:
        if not any(pattern.search(line) for pattern in self._rules.ignore):
            self._unread.add([line.encode("utf-8", "surrogateescape")], 1)


_DIGITS = frozenset("-0123456789")


@functools.lru_cache(maxsize=8192)
def _value(text: str) -> Any:
    """Return the value of a group of the shape's pattern."""
    if text[:1] == '"':
        return text[1:-1]
    return json.loads(text) if text else None


def _parted(lines: Iterable[str], marks: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the lines without any of the marks, and those with one."""
    without: list[str] = []
    marked: list[str] = []
    for line in lines:
        (marked if any(mark in line for mark in marks) else without).append(line)
    return without, marked


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
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
