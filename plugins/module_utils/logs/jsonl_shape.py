# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape that an application's JSON lines share, learnt from the lines themselves.

An application writes its records with the same keys in the same order; some are there only now and then. A pattern of
that shape finds the few values that matter in a whole block at once. It matches flat records without escapes only and
nothing else that is not JSON: every other line is read as JSON, one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Collection, Pattern

_SCALAR = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null"
_PAIR = re.compile(r'"([^"]*)"(: ?)("[^"]*"|' + _SCALAR + r")(, ?|\})")
_SHAPES_LEARNT = 40
_LINES_TRIED = 400
#: How a timestamp is taken apart, so that only minutes and zones need be looked at.
MINUTE_CHARACTERS = 16
_TIMESTAMP = r'"(.{16})[0-9:.,]*([^"]*)"'


@dataclass
class _Field:
    key: str
    optional: bool
    text: bool
    scalar: bool


class Shape:
    """The keys of an application's records in their order; see :meth:`learn`.

    Args:
        wanted: keys whose values are to be found.
        timestamp_keys: the keys that may hold the time, the most trusted first.

    Attributes:
        pattern: of one whole line; None until a line was learnt. Its groups are the minute and the zone of the
            timestamp and the values of ``keys``, as they stand in the line: with quotation marks, or empty when absent.
        keys: those of the wanted keys that records of this shape can have.
    """

    def __init__(self, wanted: Collection[str], timestamp_keys: Collection[str]) -> None:
        self.pattern: Pattern[str] | None = None
        self.keys: list[str] = []
        self._wanted = frozenset(wanted)
        self._timestamp_keys = list(timestamp_keys)
        self._fields: list[_Field] = []
        self._separators: tuple[str, str] | None = None
        self._tried = self._learnt = 0

    def learn(self, line: str) -> None:
        """Take in the shape of a line that is known to be a JSON object, if it is a flat one of the same order."""
        if self._tried >= _LINES_TRIED or self._learnt >= _SHAPES_LEARNT or "\\" in line:
            return
        self._tried += 1
        pairs = self._pairs(line)
        merged = _merged(self._fields, pairs) if pairs else None
        if merged is not None and merged != self._fields:
            self._fields = merged
            self._learnt += 1
            self._compile()

    def _pairs(self, line: str) -> list[_Field] | None:
        """Return the fields of a flat record, None for any other."""
        line = line.rstrip("\r")
        found: list[_Field] = []
        position = 1
        while line[:1] == "{" and position < len(line):
            match = _PAIR.match(line, position)
            if match is None:
                return None
            key, colon, value, after = match.groups()
            separators = (colon, after if after != "}" else (self._separators or (colon, ", "))[1])
            if self._separators is None and after != "}":
                self._separators = separators
            if separators != (self._separators or separators):
                return None
            found.append(_Field(key, False, value[0] == '"', value[0] != '"'))
            position = match.end()
            if after == "}":
                return found if position == len(line) and len({one.key for one in found}) == len(found) else None
        return None

    def _compile(self) -> None:
        timestamp = self._timestamp()
        if timestamp is None or self._separators is None:
            self.pattern, self.keys = None, []
            return
        colon, comma = self._separators
        self.keys = []
        parts = []
        for position, one in enumerate(self._fields):
            value = "|".join([r'"[^"]*"'] * one.text + [_SCALAR] * one.scalar)
            if one is timestamp:
                value = _TIMESTAMP
            elif one.key in self._wanted:
                self.keys.append(one.key)
                value = f"({value})"
            else:
                value = f"(?:{value})"
            part = re.escape((comma if position else "") + f'"{one.key}"{colon}') + value
            parts.append(f"(?:{part})?" if one.optional else part)
        self.pattern = re.compile(r"(?m)^\{" + "".join(parts) + r"\}\r?$")

    def _timestamp(self) -> _Field | None:
        present = {one.key: one for one in self._fields}
        # The first of the keys that a record has counts: one that is only sometimes there makes two shapes.
        first = next((present[key] for key in self._timestamp_keys if key in present), None)
        return first if first is not None and not first.optional and not first.scalar else None


def _merged(known: list[_Field], fresh: list[_Field]) -> list[_Field] | None:
    """Return one order that holds both, keys of only one of them optional; None when the orders differ."""
    if not known:
        return fresh
    old, new = {one.key: one for one in known}, {one.key: one for one in fresh}
    common = [one.key for one in known if one.key in new]
    if common != [one.key for one in fresh if one.key in old] or known[0].key != fresh[0].key:
        return None
    merged: list[_Field] = []
    waiting = list(known)
    for one in fresh:
        if one.key not in old:
            merged.append(_Field(one.key, True, one.text, one.scalar))
            continue
        while waiting[0].key != one.key:
            merged.append(_absent(waiting.pop(0)))
        before = waiting.pop(0)
        merged.append(_Field(one.key, before.optional, before.text or one.text, before.scalar or one.scalar))
    merged += [_absent(one) for one in waiting]
    return merged


def _absent(one: _Field) -> _Field:
    return _Field(one.key, True, one.text, one.scalar)
