# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a value stands in an environment file."""

from __future__ import annotations

import re
from typing import Any

from .config_edit import EditError, Key, Place, env_text, line_of, newline_of

_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@%+=-]*\Z")
# A comment begins at a # after a blank; systemd takes even that for a part of the value, so it stays where it is.
_VALUE = re.compile(r"[^\r\n]*?(?=[ \t]*(?:\r?\n|\Z)|[ \t]+#)")
_QUOTED = {'"': re.compile(r'"((?:[^"\\\r\n]|\\.)*)"'), "'": re.compile(r"'([^'\r\n]*)'")}
_ESCAPED = re.compile(r"\\(.)")


def locate(text: str, key: Key) -> Place:
    """Return where a variable's value stands; one that is missing is added at the end.

    Raises:
        EditError: it is set twice, or a value goes over several lines.
    """
    if len(key) != 1 or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", str(key[0])):
        raise EditError("{} is no name of a variable".format(".".join(map(str, key))), "Correct the key")
    name, places = str(key[0]), []
    for match in _LINE.finditer(text):
        place = _value(text, match.end())
        if match.group(1) == name:
            places.append(place)
    if len(places) > 1:
        lines = ", ".join(str(line_of(text, place.start)) for place in places)
        raise EditError(f"{name} is set on the lines {lines}", "Leave one of them")
    if places:
        return places[0]
    newline = newline_of(text)
    begin = newline if text and not text.endswith("\n") else ""
    # A file that did not end with a line's end does not then, either.
    return Place(len(text), len(text), False, before=f"{begin}{name}=", after="" if begin else newline)


def written(value: Any, quote: str) -> str:
    """Return a value with the quotation marks that it needs, those that were there if they do.

    Raises:
        EditError: no quotation marks keep all readers from changing the value.
    """
    text = env_text(value)
    if "\n" in text or "\r" in text or ("'" in text and "$" in text):
        raise EditError("The value cannot be written into an environment file", "Choose another value")
    if not quote and _PLAIN.match(text):
        return text
    if "$" in text or (quote == "'" and "'" not in text):
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _value(text: str, start: int) -> Place:
    quote = text[start : start + 1]
    if quote in _QUOTED:
        match = _QUOTED[quote].match(text, start)
        if match is None:
            line = line_of(text, start)
            raise EditError(f"The value on line {line} does not end there", "Write it on one line")
        value = _ESCAPED.sub(r"\1", match.group(1)) if quote == '"' else match.group(1)
        return Place(start, match.end(), True, value, quote=quote)
    found = _VALUE.match(text, start)
    end = found.end() if found else start
    # Nothing but a comment: the value is empty.
    if text[start : start + 1] == "#":
        end = start
    return Place(start, end, True, text[start:end])
