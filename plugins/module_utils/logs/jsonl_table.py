# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lines of one shape of a JSON lines log count for, column by column."""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Mapping, Sequence

from .jsonl_columns import DIGITS, Cell, Layout, Lines, is_short, numbers_of, value_of
from .jsonl_details import NUMBER_MAXIMUM, client_text
from .jsonl_records import RecordCounter
from .timestamps import TimestampReader

_ROWS_REMEMBERED = 10000
_CLIENTS_REMEMBERED = 100000
_MINUTES_REMEMBERED = 2000
#: Instants of the stamps of lines, see :attr:`.Lines.stamps`; None where there is no such time.
Instants = Mapping[Any, "float | None"]


class ColumnCounter:
    """Adds whole columns to the figures of a window.

    Args:
        records: what single records are added to as well.
        timestamps: reads the records' times.
    """

    def __init__(self, records: RecordCounter, timestamps: TimestampReader) -> None:
        self._records = records
        self._rules = records.rules
        self._timestamps = timestamps
        self._read: dict[Any, dict[Any, Any]] = {}
        #: Those that the details have been told of, or that were taken with them.
        self._known_clients: set[Any] = set()
        self._minutes: dict[tuple[bytes, bytes], float | None] = {}

    def instants(self, lines: Lines) -> Instants:
        """Return the beginnings of the minutes that lines are of."""
        stamps = set(lines.stamps)
        if lines.stamps is lines.minutes:
            return {minute: self._minute(minute, lines.zones[0]) for minute in stamps}
        return {stamp: self._minute(*stamp) for stamp in stamps}

    def _minute(self, minute: bytes, zone: bytes) -> float | None:
        known = self._minutes
        if (minute, zone) not in known:
            if len(known) >= _MINUTES_REMEMBERED:
                known.clear()
            text = b"%b:00%b" % (minute, zone)
            known[minute, zone] = self._timestamps.epoch(text.decode("utf-8", "replace"))
        return known[minute, zone]

    def count(self, lines: Lines, instants: Instants) -> None:
        """Count lines that are all in the window.

        Args:
            lines: of one shape.
            instants: of their stamps.
        """
        rules, layout = self._rules, lines.layout
        self._add_verdicts(lines)
        place = layout.place(rules.duration_key)
        if place is not None:
            self._add_durations(lines, place)
        places = [found for found in map(layout.place, rules.client_keys) if found is not None]
        if places:
            self._add_clients(lines, places)
        place = layout.place(rules.gauge_key)
        if place is not None:
            self._add_gauge(lines, lines.columns[place], instants)

    def _add_verdicts(self, lines: Lines) -> None:
        records, layout = self._records, lines.layout
        places = layout.places(records.deciding_keys)
        known = self._memory("verdict", layout)
        errors, security = {}, {}
        for row, times in Counter(lines.rows(places)).items():
            verdict = known.get(row)
            if verdict is None:
                verdict = records.judge(layout.told(places, row))
                if is_short(row):
                    known[row] = verdict
            records.add_verdict(verdict, times)
            if verdict.error:
                errors[row] = times
            if verdict.security:
                security[row] = times
        if errors:
            # What an error says begins with its severity.
            keys = (*records.text_keys, *([self._rules.level_key] if self._rules.level_key else []))
            records.add_errors(self._said(lines, places, errors, keys, records.error_of).items())
        if security:
            events = self._said(lines, places, security, records.event_keys, records.event_of)
            sources = self._said(lines, places, security, self._rules.source_keys, records.source_of)
            sources.pop(None, None)
            records.add_security_events(events.items(), sources.items())

    def _said(
        self,
        lines: Lines,
        deciding: Sequence[int],
        chosen: Mapping[Any, int],
        keys: Sequence[str],
        read: Callable[[dict[str, Any]], Any],
    ) -> dict[Any, int]:
        """Return what some of the lines say, and how often.

        Args:
            lines: all of them.
            deciding: columns by which they are chosen.
            chosen: rows of these columns, and how often each occurs.
            keys: what the reader needs to know of a record.
            read: returns what a record says.
        """
        places = lines.layout.places(keys)
        rows = chosen
        if set(places) <= set(deciding):
            places = tuple(deciding)
        else:
            indices = [index for index, row in enumerate(lines.rows(deciding)) if row in chosen]
            rows = Counter(lines.rows(places, indices))
        known = self._memory(read.__name__, lines.layout)
        said: dict[Any, int] = {}
        for row, times in rows.items():
            if row in known:
                one = known[row]
            else:
                one = read(lines.layout.told(places, row))
                if is_short(row):
                    known[row] = one
            said[one] = said.get(one, 0) + times
        return said

    def _memory(self, purpose: str, layout: Layout) -> dict[Any, Any]:
        """Return what was read of the rows of a layout for one purpose: most of them come again."""
        memory = self._read.setdefault((purpose, layout), {})
        if len(memory) > _ROWS_REMEMBERED:
            memory.clear()
        return memory

    def _add_durations(self, lines: Lines, place: int) -> None:
        records, rules, layout = self._records, self._rules, lines.layout
        values = numbers_of(lines.columns[place])
        decimals = layout.cells[place].decimals
        if decimals is not None and decimals <= records.details.decimals:
            records.add_decimals(values)
        else:
            records.add_numbers(values)
        if rules.operation_key is None:
            return
        named = layout.place(rules.operation_key)
        if named is None:
            records.details.add_operations(values, (b"",) * len(lines), value_of)
            return
        read = _reader(layout.cells[named], rules.operation_key)
        records.details.add_operations(values, lines.columns[named], read)

    def _add_clients(self, lines: Lines, places: Sequence[int]) -> None:
        # Most of them are known after some thousand lines.
        column = lines.rows(places)
        if self._known_clients.issuperset(column):
            return
        fresh = set(column) - self._known_clients
        if len(self._known_clients) > _CLIENTS_REMEMBERED:
            self._known_clients.clear()
        self._known_clients.update(filter(is_short, fresh))
        rows = fresh if len(places) > 1 else [(one,) for one in fresh]
        named = [next((text for text in row if text and text != b"null"), None) for row in rows]
        self._records.details.details.clients.add_many([_client(text) for text in named if text])

    def _add_gauge(self, lines: Lines, texts: Sequence[bytes], instants: Instants) -> None:
        # A figure hardly changes from record to record: few of the texts are different.
        distinct = set(texts)
        numbers = {text: float(text) for text in distinct if text[:1] in DIGITS}
        figures = {text: value for text, value in numbers.items() if abs(value) < NUMBER_MAXIMUM}
        if not figures:
            return
        gauge = self._records.details.details.gauge
        gauge.add_maximum(list(figures.values()))
        stamps = lines.stamps
        if len(figures) < len(distinct):
            held = [(stamp, text) for stamp, text in zip(stamps, texts) if text in figures]
            stamps, texts = list(zip(*held))
            instants = {stamp: instants[stamp] for stamp in set(stamps)}
        for bound, backwards in ((min, False), (max, True)):
            epoch = bound(instant or 0.0 for instant in instants.values())
            of_it = {stamp for stamp, instant in instants.items() if (instant or 0.0) == epoch}
            order = range(len(stamps) - 1, -1, -1) if backwards else range(len(stamps))
            index = next(index for index in order if stamps[index] in of_it)
            gauge.add(epoch, (figures[texts[index]],))


def _reader(cell: Cell, key: str) -> Callable[[bytes], Any]:
    return value_of if cell.pattern is None else lambda text: cell.told(text).get(key)


def _client(text: bytes) -> str:
    # Decoding is quicker than remembering.
    return client_text(text[1:-1].decode("utf-8", "surrogateescape") if text[:1] == b'"' else value_of(text))
