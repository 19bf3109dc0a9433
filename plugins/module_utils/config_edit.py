# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set values in a configuration file and leave every other byte of it as it was (DIY-10, SBX-28, AIMO-07)."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any, Sequence, Union

from .errors import RunbooksError

Key = Sequence[Union[str, int]]
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Place:
    """Where something is to be written.

    Args:
        start: offset of the first character that is replaced.
        end: offset after the last one; equal to ``start`` for something new.
        found: whether the key is there.
        value: what is there now.
        before: text to be written before the value.
        after: text to be written after it.
        quote: the quotation mark around the value that is there, empty without one.
    """

    start: int
    end: int
    found: bool
    value: Any = None
    before: str = ""
    after: str = ""
    quote: str = ""


@dataclass(frozen=True)
class AtMost:
    """A value that is a limit: a smaller number that is there stays."""

    limit: float


@dataclass(frozen=True)
class Change:
    """A value that is not what it has to be: ``key`` in dots, ``before`` (None when it was not there), ``after``."""

    key: str
    before: Any
    after: Any
    added: bool


class EditError(RunbooksError):
    """A document, or a place in it, that cannot be edited surely; says where and what to do."""


def format_of(path: str) -> str:
    """Return the format that a file's name says.

    Raises:
        RunbooksError: it says none.
    """
    name = os.path.basename(path).lower()
    if name.endswith(".json"):
        return "json"
    if name.endswith((".yml", ".yaml")):
        return "yaml"
    if name == ".env" or name.startswith(".env.") or name.endswith(".env"):
        return "env"
    raise RunbooksError(f"The name of {path} does not say its format", "Give format: json, yaml or env")


def edit(content: bytes, form: str, settings: Sequence[tuple[Key, Any]]) -> tuple[bytes, list[Change]]:
    """Set values.

    Args:
        content: of the file.
        form: ``json``, ``yaml`` or ``env``.
        settings: keys, outermost first, and their values.

    Returns:
        The new content and what is different in it, in the order of the settings.

    Raises:
        EditError: the document or one of the places cannot be edited surely.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EditError(f"It is not UTF-8 (byte {error.start})", "Convert it once, or edit it by hand") from None
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    text = text[len(mark) :]
    changes = []
    for key, asked in settings:
        name = ".".join(str(part) for part in key)
        place = locate(text, form, key)
        value = _limited(name, place, asked.limit) if isinstance(asked, AtMost) else asked
        if place.found and same(place.value, value, form):
            continue
        text = text[: place.start] + place.before + _written(value, form, place) + place.after + text[place.end :]
        again = locate(text, form, key)
        if not (again.found and same(again.value, value, form)):
            raise EditError(f"{name} would not read back as {value!r}", "Edit it by hand")
        changes.append(Change(name, place.value, value, not place.found))
    return (mark + text).encode("utf-8"), changes


def locate(text: str, form: str, key: Key) -> Place:
    """Return where a value stands, or where it would.

    Raises:
        EditError: that cannot be told surely.
    """
    from . import config_env, config_json, config_yaml

    finders = {"json": config_json.locate, "yaml": config_yaml.locate, "env": config_env.locate}
    return finders[form](text, key)


def same(found: Any, wanted: Any, form: str) -> bool:
    """Tell whether a value is what it has to be: ``true`` is not 1, but 5 is 5.0; environment files know only text."""
    if form == "env":
        return bool(found == env_text(wanted))
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, (int, float)) and isinstance(wanted, (int, float)):
        return found == wanted
    return type(found) is type(wanted) and bool(found == wanted)


def env_text(value: Any) -> str:
    """Return a value as an environment file holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def newline_of(text: str) -> str:
    """Return how the lines of a text end."""
    return "\r\n" if "\r\n" in text else "\n"


def line_of(text: str, offset: int) -> int:
    """Return the number of the line at an offset, from 1."""
    return text.count("\n", 0, offset) + 1


def _limited(name: str, place: Place, limit: float) -> Any:
    """Return the number that is there when it is small enough, else the limit: a whole one where a whole one was."""
    if not place.found:
        return _whole(limit)
    try:
        if isinstance(place.value, bool):
            raise ValueError
        if float(place.value) <= limit:
            return place.value
        return _whole(limit) if re.fullmatch(r"\d+", str(place.value).strip()) else limit
    except (TypeError, ValueError):
        raise EditError(f"{name} is {place.value!r}, which is no number", "Set it to a number") from None


def _whole(limit: float) -> Any:
    """Return a limit without its fraction when it has none: a program that reads whole numbers refuses 50000.0."""
    return int(limit) if float(limit).is_integer() else limit


def _written(value: Any, form: str, place: Place) -> str:
    if form == "json":
        return json.dumps(value, ensure_ascii=False)
    from . import config_env, config_yaml

    return config_env.written(value, place.quote) if form == "env" else config_yaml.written(value, place.quote)
