# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a block-style YAML document: keys, items and where their values stand; refuses what it does not know."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .config_edit import EditError, line_of

_QUOTED = {'"': re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL), "'": re.compile(r"'(?:[^']|'')*'")}
_PROPERTY = re.compile(r"[&!][^\s,\[\]{}]*[ \t]+")
_PLAIN = re.compile(r"[^\r\n]*?(?=[ \t]+#|[ \t]*(?:\r?\n|\Z))")
_PLAIN_KEY = re.compile(r"[^\s#\[\]{},\"'|>%@`?&*!-][^\r\n]*?(?=[ \t]*:(?:\s|\Z))|-[^\s][^\r\n]*?(?=[ \t]*:(?:\s|\Z))")
_COLON = re.compile(r"[ \t]*:(?=\s|\Z)")
_REST = re.compile(r"[ \t]*(?:[ \t]#[^\r\n]*)?\r?(?:\n|\Z)")
_BLANK = re.compile(r"[ \t]*\r?(?:\n|\Z)")


@dataclass(frozen=True)
class Line:
    """A key, an item's dash or a value, as it stands in the document.

    Args:
        indent: column where it begins.
        start: offset of the value, or where it would be.
        end: offset after the value.
        stop: offset after the last line that belongs to it.
        key: its key; None for an item and for a bare value.
        dash: it is an item.
        several: the value is on several lines.
        special: the value has an anchor or a tag, or is an alias.
    """

    indent: int
    start: int
    end: int
    stop: int
    key: str | None = None
    dash: bool = False
    several: bool = False
    special: bool = False


def lines_of(text: str) -> list[Line]:
    """Return the lines of a document, comments and blank lines left out.

    Raises:
        EditError: it is written in a way that is not edited here.
    """
    lines: list[Line] = []
    offset = 0
    while offset < len(text):
        blank = _BLANK.match(text, offset)
        if blank:
            offset = blank.end()
            continue
        start = offset
        while text[offset] == " ":
            offset += 1
        if text[offset] == "#":
            offset = _after_line(text, offset)
            continue
        if text[offset] == "\t":
            raise _refused(text, offset, "is indented by a tab")
        if offset == start and (text.startswith(("---", "...", "%"), offset)):
            if lines or not re.match(r"---[ \t]*(?:#[^\r\n]*)?\r?\n", text[offset:]):
                raise _refused(text, offset, "begins another document or a directive")
            offset = _after_line(text, offset)
            continue
        offset = _content(text, offset, offset - start, lines)
    return lines


def _content(text: str, offset: int, column: int, lines: list[Line]) -> int:
    """Add what stands on a line; return where the next one begins."""
    outer = column
    while re.match(r"-(?:[ \t]|\r?\n|\Z)", text[offset : offset + 3]):
        outer = column
        width = len(text[offset + 1 :]) - len(text[offset + 1 :].lstrip(" "))
        rest = _REST.match(text, offset + 1)
        lines.append(Line(column, offset + 1, offset + 1, _after_line(text, offset), dash=True))
        if rest:
            return rest.end()
        offset += 1 + width
        column += 1 + width
        if text[offset] == "\t":
            raise _refused(text, offset, "is indented by a tab")
    if re.match(r"\?(?:\s|\Z)", text[offset : offset + 2]):
        raise _refused(text, offset, "has a complex key")
    key, after = _key(text, offset)
    if key is None:
        line = _value(text, offset, column, outer, None)
    else:
        begin = after
        while text[begin : begin + 1] in (" ", "\t") and not _REST.match(text, after):
            begin += 1
        line = _value(text, begin, column, column, key)
    lines.append(line)
    return line.stop


def _key(text: str, offset: int) -> tuple[str | None, int]:
    quote = text[offset]
    if quote in _QUOTED:
        match = _QUOTED[quote].match(text, offset)
        colon = _COLON.match(text, match.end()) if match else None
        if match is None or colon is None:
            return None, offset
        inner = match.group()[1:-1]
        if "\n" in inner:
            raise _refused(text, offset, "has a key of several lines")
        if quote == "'":
            return inner.replace("''", "'"), colon.end()
        try:
            return str(json.loads(match.group())), colon.end()
        except ValueError:
            raise _refused(text, offset, "has a key with escapes") from None
    match = _PLAIN_KEY.match(text, offset)
    if match is None or " #" in match.group():
        if quote in "&!*" and _COLON.search(text, offset, _after_line(text, offset)):
            raise _refused(text, offset, "has an anchor, a tag or an alias before a key")
        return None, offset
    colon = _COLON.match(text, match.end())
    return match.group(), colon.end() if colon else match.end()


def _value(text: str, begin: int, column: int, parent: int, key: str | None) -> Line:
    """Return the line whose value begins at an offset.

    Args:
        text: the document.
        begin: where the value begins.
        column: of the key or of the bare value.
        parent: column that a block scalar's lines are indented deeper than.
        key: its key.
    """
    rest = _REST.match(text, begin)
    if rest:
        return Line(column, begin, begin, rest.end(), key)
    offset, special = begin, text[begin] == "*"
    properties = _PROPERTY.match(text, offset)
    while properties:
        offset, special = properties.end(), True
        properties = _PROPERTY.match(text, offset)
    if text[offset] in "&!":
        # A tag or an anchor of nothing, or of the block below.
        return Line(column, begin, begin, _after_line(text, offset), key, special=True)
    if text[offset] in "|>":
        return Line(column, begin, begin, _after_block(text, offset, parent), key, several=True, special=special)
    if text[offset] in _QUOTED:
        match = _QUOTED[text[offset]].match(text, offset)
        if match is None:
            raise _refused(text, offset, "begins a quotation that does not end")
        end = match.end()
    elif text[offset] in "[{":
        end = _after_flow(text, offset)
    else:
        match = _PLAIN.match(text, offset)
        end = match.end() if match else offset
    rest = _REST.match(text, end)
    if rest is None:
        raise _refused(text, offset, "goes on after its value")
    return Line(column, begin, end, rest.end(), key, several="\n" in text[begin:end], special=special)


def _after_block(text: str, offset: int, parent: int) -> int:
    """Return where the lines of a block scalar end; blank lines at its end count where its header keeps them."""
    keeps = "+" in text[offset : offset + 3]
    offset = stop = _after_line(text, offset)
    while offset < len(text):
        blank = _BLANK.match(text, offset)
        if blank is None and len(text[offset:]) - len(text[offset:].lstrip(" ")) <= parent:
            break
        offset = _after_line(text, offset)
        if keeps or blank is None:
            stop = offset
    return stop


def _after_flow(text: str, offset: int) -> int:
    """Return where a flow collection ends."""
    start, depth = offset, 0
    while offset < len(text):
        sign = text[offset]
        if sign in _QUOTED and text[offset - 1] in " \t\n,[{:":
            match = _QUOTED[sign].match(text, offset)
            if match is None:
                break
            offset = match.end()
            continue
        if sign == "#" and text[offset - 1] in " \t\n":
            offset = _after_line(text, offset)
            continue
        depth += (sign in "[{") - (sign in "]}")
        offset += 1
        if depth == 0:
            return offset
    raise _refused(text, start, "begins a collection that does not end")


def _after_line(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def _refused(text: str, offset: int, what: str) -> EditError:
    return EditError(f"Line {line_of(text, offset)} {what}", "Edit the file by hand, or write it in block style")
