# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of a check against the specification of its kind: defaults filled in, mistakes named."""

from __future__ import annotations

import os
from typing import Any, Iterable, Mapping

from ..errors import ProfileError

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``", did you mean X?"`` when one of the choices is near, else nothing."""
    import difflib

    near = difflib.get_close_matches(str(word), list(choices), n=1, cutoff=0.6)
    return f", did you mean {near[0]}?" if near else ""


def validated(where: str, specification: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with their types right and their defaults filled in.

    Args:
        where: how an error names the place, such as ``check disk``.
        specification: Ansible's argument-spec vocabulary: type, elements, options, choices, required, default.
        given: what the profile says.

    Raises:
        ProfileError: names the place, the key and the choices.
    """
    if not isinstance(given, dict):
        raise ProfileError(f"{where}: parameters must be a mapping, not {type(given).__name__}")
    for key in given:
        if key not in specification:
            raise ProfileError(
                f"{where} has no parameter {key!r}{did_you_mean(key, specification)}",
                "Parameters: %s" % (", ".join(sorted(specification)) or "none"),
            )
    complete: dict[str, Any] = {}
    for key, rule in specification.items():
        value = given.get(key)
        if value is None:
            if rule.get("required"):
                raise ProfileError(f"{where} needs the parameter {key!r}", rule.get("description", ""))
            default = rule.get("default")
            complete[key] = list(default) if isinstance(default, (list, tuple)) else default
            continue
        complete[key] = _typed(f"{where}, parameter {key}", rule, value)
    return complete


def _typed(where: str, rule: Mapping[str, Any], value: Any) -> Any:
    kind = rule.get("type", "str")
    if kind == "list":
        items = value if isinstance(value, (list, tuple)) else [value]
        element = dict(rule, type=rule.get("elements", "raw"))
        return [_typed(f"{where}[{index}]", element, item) for index, item in enumerate(items)]
    if kind == "dict":
        if not isinstance(value, dict):
            raise ProfileError(f"{where} must be a mapping, not {value!r}")
        return validated(where, rule["options"], value) if "options" in rule else dict(value)
    value = _scalar(where, kind, value)
    choices: list[Any] = list(rule.get("choices") or [])
    if choices and value not in choices:
        raise ProfileError(
            f"{where} is {value!r}{did_you_mean(value, [str(choice) for choice in choices])}",
            "Choices: {}".format(", ".join(str(choice) for choice in choices)),
        )
    return value


def _scalar(where: str, kind: str, value: Any) -> Any:
    if kind == "raw":
        return value
    if isinstance(value, (list, tuple, dict)):
        raise ProfileError(f"{where} must be {_WORDS[kind]}, not {value!r}")
    try:
        if kind == "int":
            if isinstance(value, bool) or float(value) != int(float(value)):
                raise ValueError
            return int(float(value))
        if kind == "float":
            if isinstance(value, bool):
                raise ValueError
            return float(value)
        if kind == "bool":
            return _boolean(value)
    except (TypeError, ValueError):
        raise ProfileError(f"{where} must be {_WORDS[kind]}, not {value!r}") from None
    text = str(value)
    return os.path.expanduser(text) if kind == "path" else text


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(value)


_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text", "path": "a path"}
