# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a value stands in a JSON document."""

from __future__ import annotations

import json
from typing import Any

from .config_edit import EditError, Key, Place, line_of

_SPACE = " \t\n\r"


def locate(text: str, key: Key) -> Place:
    """Return where a value stands; a last part that is missing is added to its object.

    Raises:
        EditError: it is no JSON, a key occurs twice, or a part of the key on the way is missing.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_once)
    try:
        start = _skip(text, 0)
        value, end = decoder.raw_decode(text, start)
        if _skip(text, end) != len(text):
            raise ValueError(f"something follows it on line {line_of(text, end)}")
    except (ValueError, RecursionError) as error:
        raise EditError(f"It is not valid JSON: {error}", "Mend it first") from None
    for depth, part in enumerate(key):
        where = ".".join(str(one) for one in key[:depth]) or "the document"
        if isinstance(value, dict) and isinstance(part, str):
            members = _members(text, start, decoder)
            if part not in members:
                if depth < len(key) - 1:
                    raise EditError(f"{where} has no key {part}", "Keys: {}".format(", ".join(value) or "none"))
                return _new(text, start, part, members, decoder)
            start = members[part]
        elif isinstance(value, list) and isinstance(part, int) and not isinstance(part, bool):
            items = _items(text, start, decoder)
            if not 0 <= part < len(items):
                raise EditError(f"{where} has no item {part}", f"It has {len(items)} of them")
            start = items[part]
        else:
            raise EditError(f"{where} has no part {part!r}: it is a {type(value).__name__}", "Correct the key")
        value, end = decoder.raw_decode(text, start)
    return Place(start, end, True, value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)} occurs twice")
    return found


def _skip(text: str, offset: int) -> int:
    while offset < len(text) and text[offset] in _SPACE:
        offset += 1
    return offset


def _members(text: str, start: int, decoder: json.JSONDecoder) -> dict[str, int]:
    """Return where the values of the object at an offset begin."""
    found: dict[str, int] = {}
    offset = _skip(text, start + 1)
    while text[offset] != "}":
        name, offset = decoder.raw_decode(text, offset)
        found[name] = offset = _skip(text, _skip(text, offset) + 1)
        offset = _next(text, decoder.raw_decode(text, offset)[1])
    return found


def _items(text: str, start: int, decoder: json.JSONDecoder) -> list[int]:
    """Return where the items of the array at an offset begin."""
    found: list[int] = []
    offset = _skip(text, start + 1)
    while text[offset] != "]":
        found.append(offset)
        offset = _next(text, decoder.raw_decode(text, offset)[1])
    return found


def _next(text: str, offset: int) -> int:
    offset = _skip(text, offset)
    return _skip(text, offset + 1) if text[offset] == "," else offset


def _new(text: str, start: int, name: str, members: dict[str, int], decoder: json.JSONDecoder) -> Place:
    """Return where a new member goes: after the last one, set apart as that one is."""
    written = json.dumps(name, ensure_ascii=False)
    if not members:
        return Place(start + 1, start + 1, False, before=f"{written}: ")
    end = decoder.raw_decode(text, list(members.values())[-1])[1]
    first = _skip(text, start + 1)
    # What stands between the bracket and the first name stands before the new one, too.
    space = text[start + 1 : first]
    colon = text[decoder.raw_decode(text, first)[1] : next(iter(members.values()))]
    return Place(end, end, False, before=f",{space or ' '}{written}{colon}")
