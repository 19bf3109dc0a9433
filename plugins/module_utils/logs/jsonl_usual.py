# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The very shape that most lines of a JSON lines log have: the same keys, the same kinds of values.

Its pattern has nothing optional, so it is quick. What costs the rest are its groups, each an object of its own for each
line. Neighbours whose values hardly differ, such as severity, route and outcome, are therefore one group, with all that
stands between them: few different texts, which are taken apart once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Collection, Mapping, Pattern, Sequence

from .jsonl_columns import Cell, Column, Layout, Lines

SCALAR = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null"
#: How a timestamp is taken apart, so that only minutes and zones need be looked at.
TIMESTAMP = r'"(.{16})[0-9:.,]*([^"]*)"'
_INSTANT = re.compile(TIMESTAMP + r"\Z")
_TEXT, _FLOAT, _WHOLE = "text", "float", "whole"
#: Values of the usual lines by their form. JSON has no leading zeros.
FORMS = {_TEXT: r'"[^"]*"', _FLOAT: r"-?(?!0[0-9])[0-9]+\.[0-9]+", _WHOLE: r"-?(?!0[0-9])[0-9]+"}
#: All digits of a number with few decimals.
_DIGITS = 14
#: Values hardly differ when so many lines have one of them, on average.
_LINES_PER_VALUE = 4


@dataclass
class Field:
    """A key of a line, or of all lines of a shape.

    Attributes:
        key: its name.
        optional: whether there are lines without it.
        text: whether its value may be a text.
        scalar: whether its value may be a number, true, false or null.
        inner: the keys of the object that may be its value.
        form: which of the usual forms the value of one line has; empty when none.
        value: that value as it stands in the line.
    """

    key: str
    optional: bool
    text: bool
    scalar: bool
    inner: list[Field] | None = None
    form: str = ""
    value: str = ""


@dataclass(frozen=True)
class Usual:
    """What most lines are found by.

    Attributes:
        pattern: of such a line with its end, to split blocks by. Its groups are the minute, the zone unless that is
            always the same, and the columns of ``layout``.
        zone: of all times.
        layout: what the columns hold.
    """

    pattern: Pattern[bytes]
    zone: bytes | None
    layout: Layout

    def lines_of(self, block: bytes, number: int) -> Lines | None:
        """Return the lines of this shape, and the others; None where they cannot be told apart.

        Args:
            block: whole lines without backslashes.
            number: how many.
        """
        # What lies between two matches, and the groups of the match that follows, over and over.
        parts = self.pattern.split(block)
        width = self.pattern.groups + 1
        others = [text for text in parts[::width] if text]
        between = b"".join(others)
        found = len(parts) // width
        # No match began within a line. With a line end for each match and each other line, none reached into the next.
        if any(text[-1:] != b"\n" for text in others) or found + line_ends(between) != number:
            return None
        columns: list[Column] = [parts[place::width] for place in range(1, width)]
        zones, first = (columns[1], 2) if self.zone is None else ([self.zone], 1)
        return Lines(columns[0], zones, columns[first:], self.layout, between)


def line_ends(block: bytes) -> int:
    """Return how many line ends there are; taking them out is thrice as fast as counting them."""
    return len(block) - len(block.replace(b"\n", b""))


def usual_of(
    lines: Sequence[list[Field]],
    frame: tuple[str, tuple[str, str], str],
    wanted: Collection[str],
    alone: Collection[str],
    decimals: Mapping[str, int],
) -> Usual | None:
    """Return the shape of lines that have the same keys and forms; None when it cannot be used.

    Args:
        lines: some of them.
        frame: the key of the time, what stands behind keys and values, and a pattern of the end of a line.
        wanted: keys whose values are to be found.
        alone: those of them whose values are to be in columns of their own.
        decimals: keys of numbers that are looked for with at most so many decimals, see :class:`.Cell`.
    """
    timestamp_key, separators, line_end = frame
    places: list[tuple[str, str, Field]] = []
    rest = _flat(lines[-1], "", separators, "", places)
    keys = [key for _literal, key, _field in places]
    if keys.count(timestamp_key) != 1:
        return None
    instant = keys.index(timestamp_key)
    texts = list(zip(*(_values(line) for line in lines)))
    stamps = [_INSTANT.match(text) for text in texts[instant]]
    found = [key for key in keys if key in wanted]
    if len(set(found)) < len(found) or not all(field.form for _literal, _key, field in places):
        return None
    zones = {stamp.group(2) for stamp in stamps if stamp is not None}
    if not all(stamps):
        return None
    zone = zones.pop() if len(zones) == 1 else None
    values = [_pattern(key, field.form, seen, decimals) for (_literal, key, field), seen in zip(places, texts)]
    single = {place for place, key in enumerate(keys) if key in alone}
    groups = _groups(texts, {place for place, key in enumerate(keys) if key in wanted}, single, instant)
    whole, cells = "", []
    for place, (literal, _key, _field) in enumerate(places):
        value = values[place]
        if place == instant:
            value = TIMESTAMP if zone is None else TIMESTAMP.replace('([^"]*)', re.escape(zone))
        begins = "(" if any(first == place for first, _last in groups) else ""
        ends = ")" if any(last == place for _first, last in groups) else ""
        whole += re.escape(literal) + begins + value + ends
    for first, last in groups:
        inside = range(first, last + 1)
        taken = [keys[place] for place in inside if keys[place] in wanted]
        apart = "".join(
            (re.escape(places[place][0]) if place > first else "")
            + (f"({values[place]})" if keys[place] in wanted else values[place])
            for place in inside
        )
        limit = decimals.get(taken[0]) if values[first] != FORMS[places[first][2].form] else None
        cells.append(Cell(taken, re.compile(_bytes(apart)) if last > first else None, limit))
    pattern = re.compile(_bytes(whole + re.escape(rest) + line_end))
    return Usual(pattern, None if zone is None else _bytes(zone), Layout(cells))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _flat(
    fields: list[Field], path: str, separators: tuple[str, str], literal: str, places: list[tuple[str, str, Field]]
) -> str:
    """Add the values of a line, each with what stands before it; return what stands behind the last of them."""
    colon, comma = separators
    literal += "{"
    for position, one in enumerate(fields):
        literal += (comma if position else "") + f'"{one.key}"{colon}'
        if one.inner is not None:
            literal = _flat(one.inner, f"{path}{one.key}.", separators, literal, places)
        else:
            places.append((literal, path + one.key, one))
            literal = ""
    return literal + "}"


def _values(fields: list[Field]) -> list[str]:
    found: list[str] = []
    for one in fields:
        found += [one.value] if one.inner is None else _values(one.inner)
    return found


def _pattern(key: str, form: str, texts: Sequence[str], decimals: Mapping[str, int]) -> str:
    """Return the pattern of a value: one with few decimals where they are asked for, and all of the lines have it."""
    limit = decimals.get(key)
    if limit is not None and form in (_FLOAT, _WHOLE):
        few = f"(?!0[0-9])[0-9]{{1,{_DIGITS - limit}}}"
        if form == _FLOAT:
            few = few + rf"\.[0-9]{{1,{limit}}}" if limit else ""
        if few and all(map(re.compile(few + r"\Z").match, texts)):
            return few
    return FORMS[form]


def _groups(
    texts: Sequence[Sequence[str]], wanted: Collection[int], single: Collection[int], instant: int
) -> list[tuple[int, int]]:
    """Return first and last place of each group.

    Args:
        texts: the values of the lines, place by place.
        wanted: places that are to be in a group.
        single: those of them that are to be in a group of their own.
        instant: the place of the time, which is in none.
    """
    groups: list[tuple[int, int]] = []
    together: list[int] = []
    rows: list[tuple[str, ...]] = []

    def close() -> None:
        needed = [place for place in together if place in wanted]
        if needed:
            groups.append((needed[0], needed[-1]))
        together.clear()

    for place, column in enumerate(texts):
        own = place in single or place == instant or not _few([(text,) for text in column])
        longer = [(*row, text) for row, text in zip(rows, column)] if together else []
        if own or not (longer and _few(longer)):
            close()
            longer = [(text,) for text in column]
        if not own:
            together.append(place)
            rows = longer
        elif place in wanted and place != instant:
            groups.append((place, place))
    close()
    return groups


def _few(rows: Sequence[tuple[str, ...]]) -> bool:
    return len(set(rows)) * _LINES_PER_VALUE <= len(rows)
