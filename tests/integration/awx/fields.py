# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one field of AWX's REST API takes and how it says no; unknown fields are ignored, as AWX ignores them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import yaml

LONGEST = 1024
WORDS = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}


class RefusedError(Exception):
    """A request that AWX answers with an error.

    Args:
        body: what the answer says, by field.
        status: HTTP status.
    """

    def __init__(self, body: dict[str, Any], status: int = 400) -> None:
        super().__init__(str(body))
        self.body = body
        self.status = status


@dataclass(frozen=True)
class Field:
    """One field of a resource.

    Args:
        type: text, bool, int, choice, pk, json or variables.
        default: value when a new object does not bring one.
        required: whether a new object has to bring it.
        blank: whether an empty text is a value.
        null: whether null is kept; null for a text that may be empty becomes the empty text.
        choices: values of a choice.
        to: path of the resource that a pk names.
        read_only: ignored in requests.
    """

    type: str = "text"
    default: Any = ""
    required: bool = False
    blank: bool = True
    null: bool = False
    choices: tuple[Any, ...] = field(default=())
    to: str = ""
    read_only: bool = False

    def taken(self, value: Any) -> Any:
        """Return what is stored.

        Raises:
            ValueError: AWX refuses the value, with this message.
        """
        if value is None:
            if self.null:
                return None
            if self.type in ("text", "choice") and self.blank:
                return ""
            raise ValueError("This field may not be null.")
        return getattr(self, f"_{self.type}")(value)

    def _text(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("Not a valid string.")
        text = str(value).strip()
        if not text and not self.blank:
            raise ValueError("This field may not be blank.")
        if len(text) > LONGEST and "\n" not in text:
            raise ValueError(f"Ensure this field has no more than {LONGEST} characters.")
        return text

    def _bool(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if str(value) in WORDS:
            return WORDS[str(value)]
        raise ValueError("Must be a valid boolean.")

    def _int(self, value: Any) -> int:
        try:
            return int(str(value))
        except ValueError:
            raise ValueError("A valid integer is required.") from None

    def _choice(self, value: Any) -> Any:
        if value == "" and self.blank:
            return value
        if value not in self.choices:
            raise ValueError(f'"{value}" is not a valid choice.')
        return value

    def _pk(self, value: Any) -> int | None:
        if value == "" and self.null:
            return None
        if isinstance(value, bool | dict | list) or not str(value).isdigit():
            raise ValueError(f"Incorrect type. Expected pk value, received {type(value).__name__}.")
        return int(value)

    def _json(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"Expected an object but got {type(value).__name__}.")
        return json.loads(json.dumps(value))

    def _variables(self, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        variables_of(text)
        return text

    def _data(self, value: Any) -> dict[str, Any]:
        return variables_of(value)


def variables_of(value: Any) -> dict[str, Any]:
    """Return variables given as an object, as JSON or as YAML.

    Raises:
        ValueError: They are none.
    """
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value) if value.strip() else {}
        except yaml.YAMLError as error:
            raise ValueError(f"Cannot parse as JSON (error: {error}) or YAML.") from None
    if not isinstance(value, dict):
        raise ValueError(f"Input type `{type(value).__name__}` is not a dictionary")
    return dict(value)


def text(**more: Any) -> Field:
    """Return a field of text."""
    return Field(**more)


def name() -> Field:
    """Return the field that a person knows the object by."""
    return Field(required=True, blank=False)


def boolean(default: bool = False) -> Field:
    """Return a field that is true or false."""
    return Field("bool", default)


def number(default: int | None = 0) -> Field:
    """Return a field of a whole number; None is one that may be missing."""
    return Field("int", default, null=default is None)


def choice(*choices: Any, default: Any = "", **more: Any) -> Field:
    """Return a field with a few values."""
    return Field("choice", default, choices=choices, **more)


def link(to: str, *, required: bool = False) -> Field:
    """Return a field that names another object."""
    return Field("pk", None, to=to, null=not required, required=required)
