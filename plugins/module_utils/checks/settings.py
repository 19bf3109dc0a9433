# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a configuration file (JSON, plain YAML, KEY=VALUE), and whether it is what it should be (AIMO-14)."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from typing import Any, Mapping

from ..errors import CheckError
from ..model import CRITICAL, OK, WARNING, Observation, Reason
from ..plain_yaml import read_plain_yaml
from ..plain_yaml_values import NotPlainYamlError
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True, "description": "The file."},
    "format": {
        "type": "str",
        "choices": ["auto", "json", "yaml", "env"],
        "default": "auto",
        "description": "How it is written; auto goes by the file's name.",
    },
    "expected": {"type": "dict", "default": {}, "description": "Dotted keys and what must stand there."},
    "required": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Dotted keys, wildcards allowed, that must be there and hold something.",
    },
    "numbers": {"type": "dict", "default": {}, "description": "Metric name to the dotted key of a number."},
    "show": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Wildcards of dotted keys whose values are shown as evidence; never name a secret.",
    },
    "missing_file": {
        "type": "str",
        "choices": ["critical", "warning"],
        "default": "critical",
        "description": "How bad it is when the file is not there.",
    },
}
METRICS = {"differing": "count", "missing": "count", "age_days": "days", "settings": "count"}
#: The numbers are metrics, whatever they are called.
OPEN_METRICS = True
_LARGEST = 4194304
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*?)\s*$")


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Read the file.

    Raises:
        CheckError: ``file_missing``, ``permission_denied``, ``settings_unreadable {path, problem}``.
    """
    path = parameters["path"]
    try:
        with context.open(path) as stream:
            text, changed = stream.read(_LARGEST + 1), os.fstat(stream.fileno()).st_mtime
    except CheckError as error:
        if error.reason_id == "file_missing":
            raise CheckError("file_missing", state=parameters["missing_file"], path=path) from None
        raise
    if len(text) > _LARGEST:
        raise CheckError("settings_unreadable", path=path, problem=f"more than {_LARGEST} bytes")
    return observe(text, (context.now - changed) / 86400, parameters)


def observe(text: bytes, age_days: float, parameters: Mapping[str, Any]) -> Observation:
    """Judge the contents of a configuration file; pure.

    Args:
        text: its contents.
        age_days: since its last change.
        parameters: of the check.

    Raises:
        CheckError: ``settings_unreadable``, critical where the text is not what its name says.
    """
    path = parameters["path"]
    settings = settings_of(path, text, parameters["format"])
    differing = {
        key: (wanted, settings.get(key))
        for key, wanted in parameters["expected"].items()
        if settings.get(key) != wanted
    }
    missing = [key for key in parameters["required"] if not _holds(settings, key)]
    state, reason = OK, None
    if missing:
        state, reason = WARNING, Reason("settings_missing", {"path": path, "keys": ", ".join(missing)})
    if differing:
        key, (wanted, found) = next(iter(differing.items()))
        fields = {"path": path, "key": key, "wanted": _said(wanted), "found": _said(found)}
        state, reason = WARNING, Reason("settings_differ", fields)
    numbers = {name: _number(settings.get(str(key))) for name, key in parameters["numbers"].items()}
    shown = [key for key in settings if any(fnmatch.fnmatchcase(key, pattern) for pattern in parameters["show"])]
    return Observation(
        value=len(differing),
        state=state,
        reason=reason,
        metrics={"missing": len(missing), "age_days": round(age_days, 2), "settings": len(settings), **numbers},
        evidence=[
            *(f"{key} is {_said(found)}, not {_said(wanted)}" for key, (wanted, found) in differing.items()),
            *(f"{key} is not there" for key in missing),
            *(_line(key, settings[key]) for key in shown),
        ],
        source=path,
    )


def settings_of(path: str, text: bytes, form: str) -> dict[str, Any]:
    """Return the values of a configuration file by dotted keys; lists count their items from 0.

    Raises:
        CheckError: ``settings_unreadable``.
    """
    if form == "auto":
        endings = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
        form = next((name for ending, name in endings.items() if path.endswith(ending)), "env")
    try:
        plain = text.decode("utf-8-sig")
        if form == "env":
            found = (_ASSIGNMENT.match(line) for line in plain.splitlines() if not line.lstrip().startswith("#"))
            return {match.group(1): match.group(2).strip("\"'") for match in found if match}
        data = json.loads(plain) if form == "json" else read_plain_yaml(plain)
        return _flat(data)
    except NotPlainYamlError as error:
        # Another reader may understand it: that is no fault of the file.
        raise CheckError("settings_unreadable", path=path, problem=str(error)) from None
    except (ValueError, RecursionError) as error:
        raise CheckError("settings_unreadable", state=CRITICAL, path=path, problem=str(error)[:200]) from None


def _flat(data: Any, inside: str = "") -> dict[str, Any]:
    pairs: Any = ()
    if isinstance(data, dict):
        pairs = data.items()
    elif isinstance(data, list):
        pairs = enumerate(data)
    elif inside:
        return {inside: data}
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.update(_flat(value, f"{inside}.{key}" if inside else str(key)))
    return found


def _holds(settings: Mapping[str, Any], pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(key, pattern) and value not in (None, "") for key, value in settings.items())


def _number(value: Any) -> float | int | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _line(key: str, value: Any) -> str:
    """Return a setting as evidence; a number is no secret, even where its name sounds like one (price per token)."""
    return f"{key} is {_said(value)}" if isinstance(value, (bool, int, float)) else f"{key}: {_said(value)}"


def _said(value: Any) -> str:
    return "not there" if value is None else str(value)[:120]
