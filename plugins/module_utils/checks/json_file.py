# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a JSON file can be read as that, has the keys it needs, and what figures stand in it (SBX-06, SBX-11)."""

from __future__ import annotations

import json
import math
from typing import Any, Mapping

from ..errors import CheckError
from ..model import CRITICAL, OK, Observation, Reason
from ..models import dotted, services_in
from ..probe import Context

PARAMETERS = {
    "path": {"type": "path", "required": True, "description": "The file."},
    "required_keys": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Dotted keys that must be there and hold something.",
    },
    "value_keys": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Dotted keys of numbers, or of mappings or lists of numbers; the smallest is the value.",
    },
    "members": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Names of which each must stand in one of the lists of member_keys.",
    },
    "member_keys": {"type": "list", "elements": "str", "default": [], "description": "Dotted keys of lists of names."},
    "maximum_bytes": {"type": "int", "default": 16777216, "description": "Largest file that is read."},
}
METRICS = {"minimum": "", "maximum": "", "numbers": "count", "size_bytes": "B"}


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Read the file.

    Raises:
        CheckError: ``file_missing`` (critical), ``permission_denied``, ``json_file_invalid`` (critical).
    """
    path, most = parameters["path"], parameters["maximum_bytes"]
    with context.open(path) as file:
        text = file.read(most + 1)
    if len(text) > most:
        raise CheckError("json_file_too_large", path=path, limit_bytes=most)
    return observe(path, text, parameters)


def observe(path: str, text: bytes, parameters: Mapping[str, Any]) -> Observation:
    """Judge the contents of a JSON file; pure.

    Args:
        path: names the file.
        text: its contents.
        parameters: required_keys, value_keys, member_keys and members of the check.

    Raises:
        CheckError: ``json_file_invalid``, naming line and column.
    """
    try:
        data = json.loads(text.decode("utf-8"))
    except json.JSONDecodeError as error:
        problem = f"line {error.lineno}, column {error.colno}: {error.msg}"
        evidence = text.decode("utf-8", "replace").splitlines()[max(0, error.lineno - 2) : error.lineno]
        raise CheckError("json_file_invalid", state=CRITICAL, evidence=evidence, path=path, problem=problem) from None
    except (ValueError, RecursionError) as error:
        raise CheckError("json_file_invalid", state=CRITICAL, path=path, problem=str(error)[:200]) from None
    missing = [key for key in parameters["required_keys"] if dotted(data, key) in (None, "", [], {})]
    numbers = {name: number for key in parameters["value_keys"] for name, number in _numbers(key, dotted(data, key))}
    state, reason = OK, None
    if missing:
        state, reason = CRITICAL, Reason("json_file_keys_missing", {"path": path, "keys": ", ".join(missing)})
    known = services_in(data, parameters["member_keys"])
    absent = [member for member in parameters["members"] if member not in known]
    if absent and not missing:
        fields = {"path": path, "members": ", ".join(absent[:10])}
        state, reason = CRITICAL, Reason("json_file_members_missing", fields)
    smallest = min(numbers.values()) if numbers else None
    return Observation(
        value=smallest,
        state=state,
        reason=reason,
        metrics={
            "maximum": max(numbers.values()) if numbers else None,
            "numbers": len(numbers),
            "size_bytes": len(text),
        },
        evidence=[f"{name}: {number:g}" for name, number in sorted(numbers.items(), key=lambda item: item[1])],
        source=path,
        nothing_to_measure=not numbers,
    )


def _numbers(name: str, value: Any) -> list[tuple[str, float]]:
    if isinstance(value, bool):
        return []
    if isinstance(value, (int, float)):
        return [(name, value)] if math.isfinite(value) else []
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _numbers(f"{name}.{key}", inner)]
    if isinstance(value, list):
        return [pair for index, inner in enumerate(value) for pair in _numbers(f"{name}.{index}", inner)]
    return []
