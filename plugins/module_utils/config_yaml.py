# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a value stands in a YAML document of block style; what cannot be edited surely is refused."""

from __future__ import annotations

import json
import re
from typing import Any, Sequence

from .config_edit import EditError, Key, Place, line_of, newline_of
from .config_yaml_lines import Line, lines_of

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NULLS = ("", "~", "null", "Null", "NULL")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?\Z")
# Numbers, dates and times that readers of YAML do not agree on.
_DOUBTFUL = re.compile(r"[-+.]?[0-9][0-9a-fA-FxXoO_:.eETZ+-]*\Z|[-+]?\.(?:inf|nan)\Z|[=<]", re.IGNORECASE)
_SAFE = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*\Z")


class Doubtful(str):
    """A plain value that readers of YAML understand differently: it is never what it has to be."""


def locate(text: str, key: Key) -> Place:
    """Return where a value stands; keys that are missing are added to the mapping that the others lead to.

    Raises:
        EditError: the document, or the place, cannot be edited surely.
    """
    lines = lines_of(text)
    if not lines:
        raise EditError("It is empty", "Write its first key by hand")
    first, last = 0, len(lines)
    for depth, part in enumerate(key):
        where = ".".join(str(one) for one in key[:depth]) or "the document"
        found = _entries(text, lines, first, last, where)
        names: list[Any] = list(range(len(found)))
        if not lines[found[0]].dash:
            names = [lines[index].key for index in found]
        if part not in names or isinstance(part, bool):
            return _new(text, lines, first, last, names, key[depth:], where)
        if names.count(part) > 1:
            raise EditError(f"{where} has the key {part} more than once", "Leave one of them")
        position = names.index(part)
        index = found[position]
        first, last = index + 1, found[position + 1] if position + 1 < len(found) else last
        line = lines[index]
        if line.dash and first < last and not lines[first].dash and lines[first].key is None:
            # The item is a value.
            line, first = lines[first], first + 1
        if line.special:
            raise _refused(text, line, "has an anchor or a tag, or is an alias")
        if line.start != line.end or first == last or line.several:
            return _value(text, lines, line, first == last, key[depth + 1 :])
    raise _refused(text, lines[first], "is not a value but a block")


def written(value: Any, quote: str) -> str:
    """Return a value as YAML writes it on one line, with the quotation marks that were there."""
    if not isinstance(value, str):
        if isinstance(value, float) and "e" in repr(value) and "." not in repr(value):
            return repr(value).replace("e", ".0e")
        return json.dumps(value, ensure_ascii=False)
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if not quote and _SAFE.match(value) and _is_text(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_text(plain: str) -> bool:
    found = resolved(plain)
    return isinstance(found, str) and not isinstance(found, Doubtful)


def resolved(plain: str) -> Any:
    """Return what a plain value means."""
    if plain in _NULLS:
        return None
    if plain.lower() in _BOOLEANS:
        return _BOOLEANS[plain.lower()]
    if _INTEGER.match(plain):
        return int(plain)
    if _FLOAT.match(plain):
        return float(plain)
    return Doubtful(plain) if _DOUBTFUL.match(plain) else plain


def _entries(text: str, lines: Sequence[Line], first: int, last: int, where: str) -> list[int]:
    """Return the indexes of the keys or items of a block."""
    indent, dash = lines[first].indent, lines[first].dash
    entries = []
    for index in range(first, last):
        line = lines[index]
        if line.indent < indent:
            raise _refused(text, line, "is indented less than its block")
        # Items may stand below their key without being indented.
        if line.indent == indent and (dash or not line.dash):
            if line.dash != dash or (not dash and line.key is None):
                raise _refused(text, line, f"is neither a key nor an item of {where}")
            entries.append(index)
    return entries


def _value(text: str, lines: Sequence[Line], line: Line, alone: bool, rest: Key) -> Place:
    shown = text[line.start : line.end]
    if line.several or not alone:
        raise _refused(text, line, "has a value of several lines")
    if rest:
        if shown:
            raise _refused(text, line, "has a value, not keys below it; or they are in flow style")
        return _block(text, lines, line, line.indent + _step(lines), rest)
    if shown.startswith(("[", "{")):
        try:
            return Place(line.start, line.end, True, json.loads(shown))
        except ValueError:
            raise _refused(text, line, "has a value in flow style") from None
    if shown.startswith("'"):
        return Place(line.start, line.end, True, shown[1:-1].replace("''", "'"), quote="'")
    if shown.startswith('"'):
        try:
            return Place(line.start, line.end, True, json.loads(shown), quote='"')
        except ValueError:
            raise _refused(text, line, "has escapes that are not edited here") from None
    space = "" if shown or text[line.start - 1] in " \t" else " "
    return Place(line.start, line.end, True, resolved(shown), before=space)


def _new(text: str, lines: Sequence[Line], first: int, last: int, names: Sequence[Any], rest: Key, where: str) -> Place:
    """Return where missing keys go: after the last line of their mapping."""
    if lines[first].dash or not all(isinstance(part, str) for part in rest):
        raise EditError(f"{where} has no item {rest[0]}", "Items are not added")
    if "<<" in names:
        raise EditError(f"{where} takes keys from elsewhere (<<) and has no key {rest[0]}", "Add it by hand")
    return _block(text, lines, max(lines[first:last], key=lambda line: line.stop), lines[first].indent, rest)


def _block(text: str, lines: Sequence[Line], line: Line, indent: int, names: Key) -> Place:
    """Return the place after a line for keys one below the other."""
    newline, step = newline_of(text), _step(lines)
    begin = "" if text[: line.stop].endswith("\n") else newline
    keys = []
    for depth, name in enumerate(names):
        if not isinstance(name, str):
            raise EditError(f"{name} is an item of something that is not there", "Items are not added")
        keys.append(" " * (indent + depth * step) + written(name, "") + ":")
    return Place(line.stop, line.stop, False, before=begin + newline.join(keys) + " ", after="" if begin else newline)


def _step(lines: Sequence[Line]) -> int:
    """Return by how much the document indents."""
    for above, below in zip(lines, lines[1:]):
        if below.indent > above.indent and not above.dash and not below.dash:
            return below.indent - above.indent
    return 2


def _refused(text: str, line: Line, what: str) -> EditError:
    return EditError(
        f"Line {line_of(text, max(0, line.start - 1))} {what}", "Edit the file by hand, or write it in block style"
    )
