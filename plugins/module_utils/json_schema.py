# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of JSON Schema that lists of rules are described with; a keyword beyond it is said, never passed over."""

from __future__ import annotations

import re
from typing import Any

_ANNOTATIONS = frozenset(
    ("$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")
)
_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}
_KEYWORDS = frozenset(
    (
        "type",
        "enum",
        "const",
        "required",
        "properties",
        "additionalProperties",
        "items",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
    )
)


class SchemaNotUnderstoodError(Exception):
    """A schema that says more than is understood here; its text names the keyword."""


def violations(value: Any, schema: Any, place: str = "") -> list[str]:
    """Return what is wrong with a value, a line each; nothing when it is as its schema says.

    Args:
        value: a JSON value.
        schema: its schema; True, False or a mapping of keywords.
        place: where the value stands, for the lines.

    Raises:
        SchemaNotUnderstoodError: the schema has a keyword that is not known.
    """
    if isinstance(schema, bool):
        return [] if schema else [f"{place or 'it'} must not be there"]
    if not isinstance(schema, dict):
        raise SchemaNotUnderstoodError(f"{place or 'the schema'} is no mapping")
    strange = sorted(set(schema) - _KEYWORDS - _ANNOTATIONS)
    if strange:
        raise SchemaNotUnderstoodError(f"the keyword {strange[0]}")
    found = _type(value, schema, place)
    if found:
        return found
    where = place or "it"
    if "enum" in schema and not any(_same(value, choice) for choice in schema["enum"]):
        found.append(f"{where} is {value!r}, none of its choices"[:200])
    if "const" in schema and not _same(value, schema["const"]):
        found.append(f"{where} is {value!r}, not {schema['const']!r}"[:200])
    if isinstance(value, str):
        found += _text(value, schema, where)
    elif isinstance(value, (int, float)):
        found += _number(value, schema, where)
    elif isinstance(value, list):
        found += _list(value, schema, place)
    elif isinstance(value, dict):
        found += _object(value, schema, place)
    return found


def _type(value: Any, schema: dict[str, Any], place: str) -> list[str]:
    wanted = schema.get("type")
    if wanted is None:
        return []
    names = wanted if isinstance(wanted, list) else [wanted]
    for name in names:
        if name not in _TYPES:
            raise SchemaNotUnderstoodError(f"the type {name}")
        whole = name == "integer" and isinstance(value, float) and value.is_integer()
        if whole or (isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))):
            return []
    return [f"{place or 'it'} is no {' or '.join(names)}"]


def _text(value: str, schema: dict[str, Any], where: str) -> list[str]:
    found = []
    if len(value) < schema.get("minLength", 0) or len(value) > schema.get("maxLength", len(value)):
        found.append(f"{where} has {len(value)} characters")
    if "pattern" in schema:
        try:
            matched = re.search(schema["pattern"], value)
        except re.error as error:
            raise SchemaNotUnderstoodError(f"the pattern {schema['pattern']!r}: {error}") from None
        if matched is None:
            found.append(f"{where} is {value[:60]!r}, which does not match {schema['pattern']}")
    return found


def _number(value: float, schema: dict[str, Any], where: str) -> list[str]:
    found = []
    if value < schema.get("minimum", value):
        found.append(f"{where} is {value}, less than {schema['minimum']}")
    if value > schema.get("maximum", value):
        found.append(f"{where} is {value}, more than {schema['maximum']}")
    return found


def _list(value: list[Any], schema: dict[str, Any], place: str) -> list[str]:
    found = []
    if len(value) < schema.get("minItems", 0) or len(value) > schema.get("maxItems", len(value)):
        found.append(f"{place or 'it'} has {len(value)} items")
    if schema.get("uniqueItems") and any(_same(one, two) for at, one in enumerate(value) for two in value[:at]):
        found.append(f"{place or 'it'} has an item twice")
    for index, item in enumerate(value if "items" in schema else ()):
        found += violations(item, schema["items"], f"{place}[{index}]")
    return found


def _object(value: dict[str, Any], schema: dict[str, Any], place: str) -> list[str]:
    inside = f"{place}." if place else ""
    properties = schema.get("properties", {})
    found = [f"{inside}{key} is missing" for key in schema.get("required", ()) if key not in value]
    for key, item in value.items():
        if key in properties:
            found += violations(item, properties[key], inside + key)
        elif "additionalProperties" in schema:
            further = violations(item, schema["additionalProperties"], inside + key)
            found += [f"{inside}{key} is not known"] if further and schema["additionalProperties"] is False else further
    return found


def _same(one: Any, two: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    return isinstance(one, bool) == isinstance(two, bool) and bool(one == two)
