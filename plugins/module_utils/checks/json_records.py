# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of records in a JSON file, each held against a JSON Schema: rules, reference sets (AIMO-20, AIMO-24)."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import Any, Mapping

from ..errors import CheckError
from ..json_schema import SchemaNotUnderstoodError, violations
from ..model import CRITICAL, OK, UNKNOWN, Observation, Reason
from ..models import dotted
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True, "description": "The file; a list, or a mapping whose values are taken."},
    "records_key": {"type": "str", "description": "Dotted key of the list, where it is not the file's top."},
    "schema": {"type": "path", "description": "JSON Schema of one record."},
    "unique_key": {"type": "str", "description": "Key whose value no two records may share."},
    "group_key": {"type": "str", "description": "Key by whose values the records are counted as evidence."},
    "missing_file": {
        "type": "str",
        "choices": ["critical", "warning"],
        "default": "critical",
        "description": "How bad it is when the file is not there.",
    },
}
METRICS = {"invalid": "count", "records": "count", "duplicates": "count", "age_days": "days"}
_LARGEST = 16777216
_SHOWN = 8


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Read the records and their schema.

    Raises:
        CheckError: ``file_missing``, ``permission_denied``, ``json_records_unreadable {path, problem}``.
    """
    try:
        data, changed = _read(parameters["path"], context)
    except CheckError as error:
        if error.reason_id == "file_missing":
            raise CheckError("file_missing", state=parameters["missing_file"], path=parameters["path"]) from None
        raise
    schema = _read(parameters["schema"], context)[0] if parameters["schema"] else {}
    return observe(data, schema, (context.now - changed) / 86400, parameters)


def observe(data: Any, schema: Any, age_days: float, parameters: Mapping[str, Any]) -> Observation:
    """Judge some records; pure.

    Args:
        data: contents of the file.
        schema: JSON Schema of one record.
        age_days: since the file's last change.
        parameters: of the check.

    Raises:
        CheckError: ``json_records_unreadable`` when there is no list.
    """
    path = parameters["path"]
    found = dotted(data, parameters["records_key"]) if parameters["records_key"] else data
    records = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(records, list):
        raise CheckError("json_records_unreadable", state=CRITICAL, path=path, problem="it holds no list")
    state, reason = OK, None
    wrong: list[str] = []
    try:
        for index, record in enumerate(records):
            problems = violations(record, schema)
            if problems:
                wrong.append(f"record {_name(record, index, parameters)}: {problems[0]}")
    except SchemaNotUnderstoodError as error:
        state, reason = UNKNOWN, Reason("json_records_schema", {"schema": parameters["schema"], "problem": str(error)})
    twice = _twice(records, parameters["unique_key"])
    if wrong or twice:
        fields = {"path": path, "records": len(records), "problem": [*wrong, *twice][0]}
        state, reason = CRITICAL, Reason("json_records_invalid", fields)
    elif not records and reason is None:
        state, reason = CRITICAL, Reason("json_records_empty", {"path": path})
    return Observation(
        value=None if state == UNKNOWN else len(wrong),
        state=state,
        reason=reason,
        metrics={"records": len(records), "duplicates": len(twice), "age_days": round(age_days, 2)},
        evidence=[
            f"{len(records)} records, last changed {age_days:.0f} days ago: {path}",
            *wrong[:_SHOWN],
            *twice[:_SHOWN],
            *_groups(records, parameters["group_key"]),
        ],
        source=path,
    )


def _name(record: Any, index: int, parameters: Mapping[str, Any]) -> str:
    name = record.get(parameters["unique_key"]) if isinstance(record, dict) and parameters["unique_key"] else None
    return str(name if name is not None else index)[:60]


def _twice(records: list[Any], key: str | None) -> list[str]:
    if not key:
        return []
    counted = Counter(str(record.get(key)) for record in records if isinstance(record, dict))
    return [f"{key} {name[:60]} {times} times" for name, times in counted.items() if times > 1]


def _groups(records: list[Any], key: str | None) -> list[str]:
    if not key:
        return []
    counted = Counter(str(record.get(key)) for record in records if isinstance(record, dict))
    return [f"{key} {name[:60]}: {times}" for name, times in counted.most_common(_SHOWN)]


def _read(path: str, context: Context) -> tuple[Any, float]:
    with context.open(path) as stream:
        text, changed = stream.read(_LARGEST + 1), os.fstat(stream.fileno()).st_mtime
    if len(text) > _LARGEST:
        raise CheckError("json_records_unreadable", path=path, problem=f"more than {_LARGEST} bytes")
    try:
        return json.loads(text.decode("utf-8-sig")), changed
    except (ValueError, RecursionError) as error:
        raise CheckError("json_records_unreadable", state=CRITICAL, path=path, problem=str(error)[:200]) from None
