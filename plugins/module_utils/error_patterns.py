# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that are the same but for their numbers, names and times: grouped and counted (EST-29). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable

_EXAMPLE_CHARACTERS = 300
#: What differs from one occurrence to the next, and what stands for it; the longer shapes first.
_VARIABLE = (
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?"), "<time>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b"), "<hex>"),
    (re.compile(r"\"[^\"]{0,200}\"|'[^']{0,200}'"), "<text>"),
    (re.compile(r"\d+(?:\.\d+)?"), "<n>"),
)


@dataclass
class Pattern:
    """Errors of one shape.

    Attributes:
        text: the shape.
        count: how often.
        first, last: when it was seen first and last, as the log says; empty when it does not.
        example: one of the lines.
    """

    text: str
    count: int
    first: str
    last: str
    example: str


def shape_of(line: str) -> str:
    """Return a line without what differs from one occurrence to the next."""
    for variable, name in _VARIABLE:
        line = variable.sub(name, line)
    return " ".join(line.split())


def grouped(errors: Iterable[tuple[str, str]]) -> list[Pattern]:
    """Return the patterns, the most frequent first.

    Args:
        errors: moment and text of each error, oldest first.
    """
    found: dict[str, Pattern] = {}
    for moment, line in errors:
        shape = shape_of(line)
        pattern = found.get(shape)
        if pattern is None:
            found[shape] = Pattern(shape[:_EXAMPLE_CHARACTERS], 1, moment, moment, line[:_EXAMPLE_CHARACTERS])
        else:
            pattern.count += 1
            pattern.last = moment
    return sorted(found.values(), key=lambda pattern: (-pattern.count, pattern.text))
