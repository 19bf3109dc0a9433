# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape that an application's JSON lines share, learnt from the lines themselves.

An application writes its records with the same keys in the same order; some are there only now and then. A pattern of
that shape finds the few values that matter in a whole block at once. It matches records without escapes only, made of
scalars and objects of scalars, and nothing else that is not JSON: every other line is read as JSON, one by one.

Most lines of most logs have not only the same order of keys, but the very same keys and kinds of values. A second
pattern, without anything optional, finds these in less than half of the time, see :mod:`.jsonl_usual`.
"""

from __future__ import annotations

import re
from typing import Any, Collection, Mapping, Pattern

from .jsonl_columns import Cell, Layout
from .jsonl_usual import FORMS, SCALAR, TIMESTAMP, Field, Usual, usual_of

_KEY = re.compile(r'"([^"]*)"(: ?)')
_VALUE = re.compile(r'"[^"]*"|' + SCALAR)
_AFTER = re.compile(r", ?|\}")
_SHAPES_LEARNT = 40
LINES_TRIED = 200
_VALUE_CHARACTERS = 100
_FORM = {form: re.compile(pattern + r"\Z") for form, pattern in FORMS.items()}
#: So many lines of one kind, and such a share of all, make them usual ones; of so many kinds.
_USUAL_LINES = 4
_USUAL_SHARE = 0.03
_USUAL_SHAPES = 6


class Shape:
    """The keys of an application's records in their order; see :meth:`learn`.

    Args:
        wanted: keys whose values are to be found.
        timestamp_keys: the keys that may hold the time, the most trusted first.
        alone: keys whose values are to be in columns of their own.
        decimals: keys of numbers that are looked for with at most so many decimals, see :class:`.Cell`.

    Attributes:
        layout: of the lines of ``pattern``: one column for each of the wanted keys that records of this shape can have.
    """

    def __init__(
        self,
        wanted: Collection[str],
        timestamp_keys: Collection[str],
        alone: Collection[str] = (),
        decimals: Mapping[str, int] | None = None,
    ) -> None:
        self.layout = Layout([])
        self._pattern: Pattern[bytes] | None = None
        self._stale = False
        self._wanted = frozenset(wanted)
        self._timestamp_keys = list(timestamp_keys)
        self._alone = frozenset(alone)
        self._decimals = decimals or {}
        self._fields: list[Field] = []
        self._separators: tuple[str, str] | None = None
        self._tried = self._learnt = 0
        self._seen: dict[Any, list[list[Field]]] = {}
        self._usual: tuple[int, list[Usual]] = (0, [])
        self._usual_kept = True
        self._carriage_returns = False

    def learn(self, line: str) -> None:
        """Take in the shape of a line that is known to be a JSON object, if it is a flat one of the same order."""
        if self._tried >= LINES_TRIED or self._learnt >= _SHAPES_LEARNT or "\\" in line:
            return
        self._tried += 1
        found = self._fields_at(line.rstrip("\r"), 0, deeper=True) if line[:1] == "{" else None
        if found is None or found[1] != len(line.rstrip("\r")):
            return
        self._carriage_returns = self._carriage_returns or line[-1] == "\r"
        alike = self._seen.setdefault(_signature(found[0]), [])
        alike.append(found[0])
        merged = _merged(self._fields, _of_any_form(found[0])) if len(alike) == 1 else None
        if merged is not None and merged != self._fields:
            self._fields = merged
            self._learnt += 1
            self._stale = True

    @property
    def pattern(self) -> Pattern[bytes] | None:
        """A pattern of one whole line; None until a line was learnt.

        Its groups are the minute and the zone of the timestamp, and the columns of ``layout``.
        """
        if self._stale:
            self._stale = False
            self._compile()
        return self._pattern

    @property
    def usual(self) -> list[Usual]:
        """The shapes of most lines, the most frequent first."""
        # Found anew only when twice as many lines have been seen.
        if self._usual_kept and self._tried >= 2 * self._usual[0] and self._tried != self._usual[0]:
            self._usual = (self._tried, self._compiled_usual())
        return self._usual[1]

    def drop_usual(self) -> None:
        """Forget what was usual: the lines have changed."""
        self._usual, self._usual_kept = (self._tried, []), False

    def take_apart(self) -> None:
        """Give each value a column of its own: those that hardly differed when they were learnt have begun to."""
        if self._usual_kept and self._alone != self._wanted:
            self._alone = self._wanted
            self._usual = (self._usual[0], self._compiled_usual())

    def _compiled_usual(self) -> list[Usual]:
        shapes = sorted(self._seen.values(), key=len, reverse=True)[:_USUAL_SHAPES]
        found = [
            self._usual_of(lines) for lines in shapes if len(lines) >= max(_USUAL_LINES, self._tried * _USUAL_SHARE)
        ]
        return [one for one in found if one is not None]

    def _usual_of(self, lines: list[list[Field]]) -> Usual | None:
        timestamp = self._timestamp(lines[-1])
        if timestamp is None or self._separators is None or self._misleading(lines[-1]):
            return None
        frame = (timestamp.key, self._separators, "\r?\n" if self._carriage_returns else "\n")
        return usual_of(lines, frame, self._wanted, self._alone, self._decimals)

    def _fields_at(self, line: str, position: int, deeper: bool) -> tuple[list[Field], int] | None:
        """Return the fields of an object and where it ends; None when it is none that a pattern can hold.

        Args:
            line: the text.
            position: of its opening brace.
            deeper: whether there may be objects in it.
        """
        found: list[Field] = []
        position += 1
        while position < len(line):
            key = _KEY.match(line, position)
            if key is None:
                return None
            position = key.end()
            inner = None
            if deeper and line[position : position + 1] == "{":
                below = self._fields_at(line, position, deeper=False)
                if below is None:
                    return None
                inner, end = below
            else:
                value = _VALUE.match(line, position)
                if value is None:
                    return None
                end = value.end()
            first = line[position]
            after = _AFTER.match(line, end)
            if after is None or not self._alike(key.group(2), after.group()):
                return None
            form = next((form for form, known in _FORM.items() if known.match(line[position:end])), "")
            known = line[position : min(end, position + _VALUE_CHARACTERS)] if form else ""
            found.append(Field(key.group(1), False, first == '"', first not in '"{', inner, form, known))
            position = after.end()
            if after.group() == "}":
                return (found, position) if len({one.key for one in found}) == len(found) else None
        return None

    def _alike(self, colon: str, after: str) -> bool:
        """Tell whether separators are those of the lines before."""
        if after == "}":
            return self._separators is None or self._separators[0] == colon
        if self._separators is None:
            self._separators = (colon, after)
        return self._separators == (colon, after)

    def _compile(self) -> None:
        timestamp = self._timestamp(self._fields)
        self._pattern, self.layout = None, Layout([])
        if timestamp is None or self._separators is None:
            return
        keys: list[str] = []
        whole = self._pattern_of(self._fields, "", timestamp, keys)
        if len(set(keys)) == len(keys) and not self._misleading(self._fields):
            self._pattern = re.compile((r"(?m)^" + whole + r"\r?$").encode("utf-8", "surrogateescape"))
            self.layout = Layout([Cell((key,)) for key in keys])

    def _misleading(self, fields: list[Field]) -> bool:
        """Tell whether there is an object for a value."""
        return bool(self._wanted & {one.key for one in fields if one.inner})

    def _pattern_of(self, fields: list[Field], path: str, timestamp: Field, keys: list[str]) -> str:
        colon, comma = self._separators or (": ", ", ")
        parts = []
        for position, one in enumerate(fields):
            values = [r'"[^"]*"'] * one.text + [SCALAR] * one.scalar
            wanted = path + one.key in self._wanted
            if one is timestamp:
                value = TIMESTAMP
            elif one.inner is not None:
                inner = self._pattern_of(one.inner, f"{path}{one.key}.", timestamp, keys)
                value = "(?:" + "|".join([*values, inner]) + ")"
            else:
                value = ("(" if wanted else "(?:") + "|".join(values) + ")"
                if wanted:
                    keys.append(path + one.key)
            part = re.escape((comma if position else "") + f'"{one.key}"{colon}') + value
            parts.append(f"(?:{part})?" if one.optional else part)
        return r"\{" + "".join(parts) + r"\}"

    def _timestamp(self, fields: list[Field]) -> Field | None:
        present = {one.key: one for one in fields}
        # The first of the keys that a record has counts: one that is only sometimes there makes two shapes.
        first = next((present[key] for key in self._timestamp_keys if key in present), None)
        if first is None or first.optional or first.scalar or first.inner is not None:
            return None
        return first


def _signature(fields: list[Field]) -> Any:
    return tuple((one.key, one.form, None if one.inner is None else _signature(one.inner)) for one in fields)


def _of_any_form(fields: list[Field]) -> list[Field]:
    return [
        Field(one.key, one.optional, one.text, one.scalar, None if one.inner is None else _of_any_form(one.inner))
        for one in fields
    ]


def _merged(known: list[Field], fresh: list[Field]) -> list[Field] | None:
    """Return one order that holds both, keys of only one of them optional; None when the orders differ."""
    if not known or not fresh:
        return None if known else fresh
    old, new = {one.key: one for one in known}, {one.key: one for one in fresh}
    common = [one.key for one in known if one.key in new]
    if common != [one.key for one in fresh if one.key in old] or known[0].key != fresh[0].key:
        return None
    merged: list[Field] = []
    waiting = list(known)
    for one in fresh:
        if one.key not in old:
            merged.append(_absent(one))
            continue
        while waiting[0].key != one.key:
            merged.append(_absent(waiting.pop(0)))
        before = waiting.pop(0)
        inner = before.inner if one.inner is None else one.inner
        if before.inner is not None and one.inner is not None:
            inner = _merged(before.inner, one.inner)
            if inner is None:
                return None
        merged.append(Field(one.key, before.optional, before.text or one.text, before.scalar or one.scalar, inner))
    merged += [_absent(one) for one in waiting]
    return merged


def _absent(one: Field) -> Field:
    return Field(one.key, True, one.text, one.scalar, one.inner)
