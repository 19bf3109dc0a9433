# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether delivered tables still have the columns that their mapping names: drift of a schema (AIMO-09).

A mapping (plain YAML) lists candidates: any key that is or ends in ``candidates`` holds names of which one is expected.
"""

from __future__ import annotations

import csv
import fnmatch
import json
import os
import re
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ..delivered_files import delivered
from ..errors import CheckError
from ..model import OK, UNKNOWN, Observation, Reason
from ..plain_yaml import read_plain_yaml
from ..plain_yaml_values import NotPlainYamlError
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "list", "elements": "path", "required": True, "description": "Delivered files or globs."},
    "mapping": {
        "type": "path",
        "required": True,
        "description": "Mapping of a file; {source} stands for what source_pattern finds in the file's name.",
    },
    "source_pattern": {
        "type": "str",
        "default": r"^([A-Za-z]+)",
        "description": "Regular expression on the file's name; its first group names where the file comes from.",
    },
    "required": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Dotted keys or their beginnings whose columns must be there; empty takes all.",
    },
    "known": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Wildcards of columns that are known although no mapping names them.",
    },
    "maximum_files": {"type": "int", "default": 20, "description": "How many of the newest files are looked at."},
}
METRICS = {
    "missing_columns": "count",
    "missing_optional_columns": "count",
    "new_columns": "count",
    "files": "count",
    "without_mapping": "count",
}
_BYTES = 1048576
_LARGEST_MAPPING = 1048576
_DELIMITERS = ",;\t|"
_NAMES_SHOWN = 8


@dataclass(frozen=True)
class Drift:
    """How one file's columns differ from its mapping.

    Args:
        path: the file.
        missing: required keys of which no candidate is there.
        missing_optional: other keys of which none is there.
        new: columns that nothing names.
        problem: why it could not be compared; empty when it was.
    """

    path: str
    missing: Sequence[str] = ()
    missing_optional: Sequence[str] = ()
    new: Sequence[str] = ()
    problem: str = ""


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Compare the newest files with their mappings.

    Raises:
        CheckError: as :func:`delivered_files.delivered`; ``command_pattern_invalid``.
    """
    mappings: dict[str, Any] = {}
    found = []
    for file in delivered(parameters["path"], parameters["maximum_files"], context):
        place = mapping_path(parameters["mapping"], parameters["source_pattern"], file.path)
        if place is None:
            found.append(Drift(file.path, problem="its name does not say where it comes from"))
            continue
        if place not in mappings:
            mappings[place] = _mapping(place, context)
        mapping = mappings[place]
        if isinstance(mapping, str):
            found.append(Drift(file.path, problem=mapping))
            continue
        with context.open(file.path) as stream:
            beginning = stream.read(_BYTES)
        found.append(drift_of(file.path, beginning, mapping, parameters["required"], parameters["known"]))
    return observe(found)


def mapping_path(template: str, pattern: str, path: str) -> str | None:
    """Return the mapping of a delivered file; None when its name does not say.

    Raises:
        CheckError: ``command_pattern_invalid``.
    """
    try:
        match = re.search(pattern, os.path.basename(path))
        source = match.group(1) if match and match.re.groups else None
    except re.error as error:
        raise CheckError("command_pattern_invalid", pattern=pattern, error=str(error)) from None
    # What a file is called must not lead anywhere else.
    if not source or not re.match(r"^[\w-]+$", source):
        return None
    return template.replace("{source}", source)


def candidates_of(mapping: Any, inside: str = "") -> dict[str, list[str]]:
    """Return the candidates of a mapping, by dotted key."""
    found: dict[str, list[str]] = {}
    for key, value in mapping.items() if isinstance(mapping, dict) else ():
        place = f"{inside}.{key}" if inside else str(key)
        if str(key).endswith("candidates") and isinstance(value, list):
            if value:
                found[place] = [str(name) for name in value]
        else:
            found.update(candidates_of(value, place))
    return found


def header_of(beginning: bytes) -> list[str] | None:
    """Return the columns that the beginning of a table names; None when it is empty or no text.

    CSV with any usual delimiter, the ``#Fields:`` line of the W3C's format, and the keys of JSON lines.
    """
    try:
        text = beginning.decode("utf-8-sig", "strict" if len(beginning) < _BYTES else "ignore")
    except UnicodeDecodeError:
        return None
    lines = (line for line in text.splitlines() if line.strip())
    for line in lines:
        if line.startswith("#Fields:"):
            return line[len("#Fields:") :].split()
        if not line.startswith("#"):
            return _columns(line)
    return None


def _columns(line: str) -> list[str] | None:
    if line.lstrip().startswith("{"):
        try:
            return [str(key) for key in json.loads(line)]
        except (ValueError, RecursionError):
            return None
    if "\0" in line:
        return None
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return None


def drift_of(
    path: str, beginning: bytes, mapping: Mapping[str, Any], required: Sequence[str], known: Sequence[str]
) -> Drift:
    """Compare one file with its mapping; pure.

    Args:
        path: names the file.
        beginning: its first bytes.
        mapping: its mapping.
        required: dotted keys or their beginnings; empty takes all.
        known: wildcards of columns that are no news.
    """
    expected = candidates_of(mapping)
    if not expected:
        return Drift(path, problem="its mapping names no candidates")
    columns = header_of(beginning)
    if columns is None:
        return Drift(path, problem="its first line is no header that can be read")
    absent = [key for key, names in expected.items() if not set(names) & set(columns)]
    needed = [
        key for key in absent if not required or any(key == name or key.startswith(name + ".") for name in required)
    ]
    named = {name for names in expected.values() for name in names}
    new = [
        column
        for column in columns
        if column and column not in named and not any(fnmatch.fnmatchcase(column, pattern) for pattern in known)
    ]
    return Drift(path, needed, [key for key in absent if key not in needed], new)


def observe(found: Sequence[Drift]) -> Observation:
    """Judge the drift of some files; pure."""
    if not found:
        return Observation(value=0, reason=Reason("no_delivered_files", {}), metrics={"files": 0})
    unread = [file for file in found if file.problem]
    missing = sum(len(file.missing) for file in found)
    new = sum(len(file.new) for file in found)
    state, reason = OK, None
    worst = next((file for file in found if file.missing), None) or next((file for file in found if file.new), None)
    if worst is not None and worst.missing:
        reason = Reason("table_header_columns_missing", {"path": worst.path, "columns": _names(worst.missing)})
    elif unread:
        state, reason = UNKNOWN, Reason("table_header_unread", {"path": unread[0].path, "problem": unread[0].problem})
    elif worst is not None:
        reason = Reason("table_header_columns_new", {"path": worst.path, "columns": _names(worst.new)})
    return Observation(
        value=missing,
        state=state,
        reason=reason,
        metrics={
            "missing_optional_columns": sum(len(file.missing_optional) for file in found),
            "new_columns": new,
            "files": len(found),
            "without_mapping": len(unread),
        },
        evidence=[
            _said(file) for file in sorted(found, key=lambda file: (not file.missing, not file.problem, not file.new))
        ],
        coverage=round((len(found) - len(unread)) / len(found), 4),
    )


def _said(file: Drift) -> str:
    if file.problem:
        return f"{file.path}: {file.problem}"
    parts = [("missing", file.missing), ("missing, not required", file.missing_optional), ("new", file.new)]
    said = "; ".join(f"{word}: {_names(names)}" for word, names in parts if names)
    return f"{file.path}: {said or 'as its mapping says'}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(name[:60] for name in names[:_NAMES_SHOWN]) + more


def _mapping(place: str, context: Context) -> Any:
    """Return a mapping, or why it cannot be used."""
    try:
        with context.open(place) as stream:
            text = stream.read(_LARGEST_MAPPING + 1)
    except CheckError as error:
        return f"mapping {place}: {error.reason_id}"
    try:
        mapping = read_plain_yaml(text.decode("utf-8")) if len(text) <= _LARGEST_MAPPING else None
    except (NotPlainYamlError, UnicodeDecodeError) as error:
        return f"mapping {place}, {error}"
    return mapping if isinstance(mapping, dict) else f"mapping {place} is no mapping"
