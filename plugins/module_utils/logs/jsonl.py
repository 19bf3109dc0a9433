# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a JSON lines log's window, in one pass.

Lines of the shape that the application's records share are counted block by block; every other line, and every block
that crosses an edge of the window, is read as JSON, line by line. Both ways give the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Pattern, Sequence

from .jsonl_columns import DECODER, Lines, Row, parted
from .jsonl_details import Details
from .jsonl_prefix import without_prefix
from .jsonl_records import Record, RecordCounter
from .jsonl_rules import JsonlFigures, Rules
from .jsonl_shape import LINES_TRIED, Shape
from .jsonl_table import ColumnCounter, Instants
from .jsonl_usual import line_ends
from .timestamps import TimestampReader
from .window import Window

#: Columns of some thousand lines: what is done once for each of them costs little, and they stay in the cache.
BLOCK_BYTES = 3 << 17
_WORTHWHILE_LINES = 8
#: Of lines that are left when the usual ones have been told apart.
_WORTHWHILE_OTHERS = 3
_SECONDS_PER_MINUTE = 61
#: So many blocks in a row without many usual lines, and the usual ones are no longer looked for.
_BLOCKS_WITH_FEW = 8
_BLOCKS_DIFFERING = 8
#: So many rows are looked at to see whether the values of a column still hardly differ.
_ROWS_LOOKED_AT = 64


@dataclass(frozen=True)
class _Read:
    """A line that was read by itself; its record is None when it is none."""

    raw: bytes
    record: Record | None
    prefix: str
    epoch: float


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
        self._columns = ColumnCounter(self._records, timestamps)
        self._few_usual = self._differing = 0
        self._prefixes = (*rules.prefixes, *rules.security_prefixes)
        # Lines with one of these are read one by one: escapes, and JSON that stands behind something.
        self._marks = [b"\\", *(prefix.encode() for prefix in self._prefixes)]
        self._gauge_mark = '"{}"'.format(rules.gauge_key.split(".")[-1]).encode() if rules.gauge_key else b""
        records = self._records
        told = (*records.event_keys, *rules.source_keys) if rules.security_keys else ()
        alone = {key for key in (rules.duration_key, rules.gauge_key, *rules.client_keys) if key}
        names = {rules.operation_key} if rules.operation_key else set()
        decimals = {rules.duration_key: records.details.decimals} if rules.duration_key else {}
        wanted = {*records.text_keys, *records.deciding_keys, *told, *alone, *names}
        self._shape = Shape(wanted, rules.timestamp_keys, alone, decimals)

    def count_block(self, block: bytes) -> None:
        """Count whole lines."""
        if self._shape.pattern is None:
            # So many are enough to learn from.
            *first, block = block.split(b"\n", LINES_TRIED)
            self._count_lines(first)
        lines = line_ends(block)
        if self._shape.pattern is None or lines < _WORTHWHILE_LINES:
            self._count_lines(block.split(b"\n"))
            return
        tables, others = self._tables(self._shape.pattern, block, lines)
        read = [self._read(line) for line in others]
        instants = [self._columns.instants(table) for table in tables]
        places = {self._place(found) for found in instants}
        places.update(self._window.holds(one.epoch) for one in read if one is not None and one.record is not None)
        unread = self._records.figures.unread
        place = places.pop() if len(places) == 1 else None
        if place is None or (unread.inside is not place and any(one and one.record is None for one in read)):
            # Which of them belong to the window only their order can tell.
            self._count_lines(block.split(b"\n"))
            return
        unread.neighbour(place)
        if place:
            for table, found in zip(tables, instants):
                self._columns.count(table, found)
        for one in read:
            self._add(one)

    @property
    def details(self) -> Details:
        """What was asked for beside the outcomes."""
        return self._records.details.details

    def take(self) -> tuple[JsonlFigures, Details]:
        """Return the figures of what was counted since the last time; clients only once."""
        return self._records.take()

    def give(self, taken: tuple[JsonlFigures, Details]) -> None:
        """Take in what another counter has counted in the stretch of the log that follows."""
        self._records.figures.merge(taken[0])
        self.details.merge(taken[1])

    def finish(self) -> JsonlFigures:
        """Return the figures."""
        self._records.figures.unread.finish()
        return self._records.figures

    def _usual(self, block: bytes, lines: int) -> tuple[list[Lines], bytes]:
        """Return the lines of the usual shapes and the others; none of them where they cannot be told apart quickly."""
        if not self._shape.usual or any(mark in block for mark in self._marks):
            return [], block
        tables: list[Lines] = []
        rest, left = block, lines
        for usual in self._shape.usual:
            found = usual.lines_of(rest, left)
            if found is not None and len(found):
                tables.append(found)
                rest, left = found.others, left - len(found)
        # Of figures, which one is the first or the last only the order of all lines can tell.
        gauged = [table for table in tables if table.layout.place(self._rules.gauge_key) is not None]
        apart = len(gauged) <= 1 and not (self._gauge_mark and self._gauge_mark in rest)
        self._few_usual = 0 if apart and 2 * left <= lines else self._few_usual + 1
        if self._few_usual > _BLOCKS_WITH_FEW:
            self._shape.drop_usual()
        if not apart:
            return [], block
        self._look_at(tables)
        return tables, rest

    def _look_at(self, tables: Sequence[Lines]) -> None:
        """Take the columns of several values apart when these have begun to differ from line to line."""
        together = [
            column[:_ROWS_LOOKED_AT]
            for table in tables
            for column, cell in zip(table.columns, table.layout.cells)
            if cell.pattern
        ]
        differing = any(2 * len(set(rows)) > len(rows) >= _ROWS_LOOKED_AT for rows in together)
        self._differing = self._differing + 1 if differing else 0
        if self._differing > _BLOCKS_DIFFERING:
            self._shape.take_apart()

    def _tables(self, pattern: Pattern[bytes], block: bytes, lines: int) -> tuple[list[Lines], Sequence[bytes]]:
        """Return the lines that can be counted together, and the others."""
        tables, rest = self._usual(block, lines)
        lines -= sum(map(len, tables))
        if tables and lines < _WORTHWHILE_OTHERS:
            return tables, rest.split(b"\n") if rest else []
        rows, others = self._rows(pattern, rest, lines)
        if rows:
            columns = list(zip(*rows))
            tables.append(Lines(columns[0], columns[1], columns[2:], self._shape.layout))
        return tables, others

    def _rows(self, pattern: Pattern[bytes], block: bytes, lines: int) -> tuple[list[Row], list[bytes]]:
        """Return the values of the lines of the shape, and the other lines."""
        if not any(mark in block for mark in self._marks):
            rows: list[Row] = pattern.findall(block)
            if len(rows) == lines:
                # As many matches as lines: none of them reached into the next line.
                return rows, []
        alike, others = parted(block.split(b"\n"), self._marks)
        matches = [(line, pattern.match(line)) for line in alike]
        others += [line for line, match in matches if match is None]
        return [match.groups(b"") for _line, match in matches if match is not None], others

    def _place(self, instants: Instants) -> bool | None:
        """Tell whether all minutes are inside (True) or outside (False) of the window; None when they must be asked."""
        known = [epoch for epoch in instants.values() if epoch is not None]
        if len(known) < len(instants):
            return None
        first, last = min(known), max(known) + _SECONDS_PER_MINUTE
        if first >= self._window.start and last < self._window.end:
            return True
        return False if last < self._window.start or first >= self._window.end else None

    def _count_lines(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._add(self._read(line))

    def _read(self, raw: bytes) -> _Read | None:
        """Read one line as JSON; None when it is none that counts."""
        line = raw.decode("utf-8", "surrogateescape")
        if not line or line == "\r":
            return None
        record, prefix = self._record(line)
        epoch = None
        if record is not None:
            stamps = (record.get(key) for key in self._rules.timestamp_keys)
            epoch = self._timestamps.epoch(next((stamp for stamp in stamps if stamp is not None), None))
        if record is None or epoch is None:
            known = any(pattern.search(line) for pattern in self._rules.ignore)
            return None if known else _Read(raw, None, "", 0.0)
        if not prefix:
            self._shape.learn(line)
        return _Read(raw, record, prefix, epoch)

    def _add(self, one: _Read | None) -> None:
        if one is None:
            return
        unread = self._records.figures.unread
        if one.record is None:
            unread.add([one.raw], 1)
            return
        inside = self._window.holds(one.epoch)
        unread.neighbour(inside)
        if inside:
            self._records.add(one.record, one.prefix, one.epoch)

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


def _object(text: str) -> Record | None:
    if text[:1] != "{":
        return None
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
