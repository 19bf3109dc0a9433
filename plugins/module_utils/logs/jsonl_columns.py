# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns of a block of JSON lines: values as they stand in the lines, looked at once where they repeat.

A column may hold several values of each line, with what stands between them: where they hardly differ, all of them
together are looked at once.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any, Iterable, Pattern, Sequence, Tuple

# Raw control characters in strings are against the letter of JSON, and do no harm in a log.
DECODER = json.JSONDecoder(strict=False)
Row = Tuple[bytes, ...]
Column = Sequence[Any]
_REMEMBERED_BYTES = 1000
DIGITS = frozenset(b"-0123456789"[place : place + 1] for place in range(11))


@dataclass(frozen=True)
class Cell:
    """What a column holds of a line.

    Attributes:
        keys: of the values.
        pattern: takes several values apart.
        decimals: so many there are at most, of a number from 0 to 1e14 in the last of these decimals; None when the
            lines need not have such a number.
    """

    keys: Sequence[str]
    pattern: Pattern[bytes] | None = None
    decimals: int | None = None

    def told(self, text: bytes) -> dict[str, Any]:
        """Return the keys that are there, and their values."""
        match = None if self.pattern is None else self.pattern.match(text)
        texts = (text,) if match is None else match.groups()
        return {key: value_of(one) for key, one in zip(self.keys, texts) if one}


class Layout:
    """What the columns of the lines of one shape hold.

    Args:
        cells: of each column.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = list(cells)
        self._places = {key: place for place, cell in enumerate(cells) for key in cell.keys}

    def place(self, key: str | None) -> int | None:
        """Return which column holds a key; None when none does."""
        return None if key is None else self._places.get(key)

    def places(self, keys: Iterable[str]) -> tuple[int, ...]:
        """Return which columns hold any of the keys."""
        return tuple(sorted({self._places[key] for key in keys if key in self._places}))

    def told(self, places: Sequence[int], row: Any) -> dict[str, Any]:
        """Return what these columns of a line tell of its record; see :meth:`Lines.rows`."""
        found: dict[str, Any] = {}
        for place, text in zip(places, (row,) if len(places) == 1 else row):
            found.update(self.cells[place].told(text))
        return found


@dataclass(frozen=True)
class Lines:
    """Lines of one shape.

    Attributes:
        minutes: of their times.
        zones: of their times; a single one when all of them have the same.
        columns: values as they stand in the lines: with quotation marks, or empty when absent.
        layout: what these columns hold.
        others: the other lines of the same block.
    """

    minutes: Column
    zones: Column
    columns: Sequence[Column]
    layout: Layout
    others: bytes = b""

    def __len__(self) -> int:
        return len(self.minutes)

    def rows(self, places: Sequence[int], indices: Sequence[int] | None = None) -> Column:
        """Return what some columns hold of all lines or of some: texts for one column, or else tuples of texts."""
        columns = [self.columns[place] for place in places]
        if indices is not None:
            columns = [[column[index] for index in indices] for column in columns]
        if len(columns) == 1:
            return columns[0]
        return list(zip(*columns)) if columns else [()] * (len(self) if indices is None else len(indices))

    @functools.cached_property
    def stamps(self) -> Column:
        """Minutes, or pairs of minute and zone."""
        return self.minutes if len(set(self.zones)) == 1 else list(zip(self.minutes, self.zones))


def is_short(row: Any) -> bool:
    """Tell whether texts, or one text, are worth being remembered: ten thousand long ones would fill the memory."""
    return (len(row) if isinstance(row, bytes) else sum(map(len, row))) <= _REMEMBERED_BYTES


def value_of(text: bytes) -> Any:
    """Return the value of a group of the shape's pattern."""
    return _remembered(text) if len(text) <= _REMEMBERED_BYTES else _value(text)


def _value(text: bytes) -> Any:
    if text[:1] == b'"':
        return text[1:-1].decode("utf-8", "surrogateescape")
    return DECODER.decode(text.decode("utf-8", "surrogateescape")) if text else None


_remembered = functools.lru_cache(maxsize=8192)(_value)


def numbers_of(texts: Column) -> list[float]:
    """Return numbers, -1 for what is none."""
    try:
        return list(map(float, texts))
    except ValueError:
        # Empty is what a record does not have.
        return [float(text) if text[:1] in DIGITS else -1.0 for text in texts]


def parted(lines: Iterable[bytes], marks: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the lines without any of the marks, and those with one."""
    without: list[bytes] = []
    marked: list[bytes] = []
    for line in lines:
        (marked if any(mark in line for mark in marks) else without).append(line)
    return without, marked
