# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of the wire to rows of the tables and back. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .clock import utc, wire_time
from .errors import StoreError
from .wire import canonical_json, storable, text

RUN_FIELDS = (
    "id", "procedure", "system", "host", "started", "finished", "operator", "controller", "state", "priority",
    "reachable", "failure", "counts", "job",
)  # fmt: skip
RESULT_FIELDS = (
    "system", "check", "kind", "state", "value", "unit", "warning", "critical", "reason", "evidence", "coverage",
    "runbook", "started", "seconds", "metrics", "source",
)  # fmt: skip
ACTION_FIELDS = (
    "name", "type", "for_check", "state", "changed", "detail", "approved_by", "runbook", "seconds",
)  # fmt: skip
RUN_REQUIRED = ("id", "procedure", "system", "host", "started")
RESULT_REQUIRED = ("check", "state")
ACTION_REQUIRED = ("name", "state")

MOMENTS = frozenset({"started", "finished"})
NUMBERS = frozenset({"coverage", "seconds"})
FLAGS = frozenset({"reachable", "changed"})
DOCUMENTS = frozenset({"failure", "counts", "value", "reason", "evidence", "metrics", "detail"})

Row = dict[str, Any]


def run_row(run: Mapping[str, Any], state: str) -> Row:
    """Return the row of a run in the given state; fields that the tables do not know are kept in ``extra``.

    Raises:
        StoreError: a required field is missing, or a time has no zone.
    """
    what = f"run {run.get('id', '?')} of {run.get('host', '?')}"
    row = _row({**run, "state": state}, RUN_FIELDS, RUN_REQUIRED, {"profile", "results", "actions"}, what)
    row["profile_digest"] = profile_digest(run)
    return row


def profile_digest(run: Mapping[str, Any]) -> str | None:
    """Return the digest under which a run's profile snapshot is kept, None for a run without one."""
    if run.get("profile") is None:
        return None
    return hashlib.sha256(canonical_json(storable(run["profile"])).encode()).hexdigest()


def profile_rows(runs: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the snapshots of the runs, each different one once, in the order of their digests."""
    rows = {digest: storable(run["profile"]) for run in runs if (digest := profile_digest(run))}
    return [{"digest": digest, "content": rows[digest]} for digest in sorted(rows)]


def result_rows(run: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a run's results in their order."""
    rows = []
    for position, result in enumerate(run.get("results") or ()):
        known = {"started": run["started"], **{key: value for key, value in result.items() if value is not None}}
        # A Result names its system, but it is the run that says which instance was looked at.
        known["system"] = run["system"]
        row = _row(known, RESULT_FIELDS, RESULT_REQUIRED, set(), f"result {position} of run {run['id']}")
        rows.append({**row, "run_id": text(run["id"]), "position": position, "host": text(run["host"])})
    return rows


def action_rows(run: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a run's actions in their order."""
    return [
        {
            **_row(action, ACTION_FIELDS, ACTION_REQUIRED, set(), f"action {position} of run {run['id']}"),
            "run_id": text(run["id"]),
            "position": position,
        }
        for position, action in enumerate(run.get("actions") or ())
    ]


def run_record(row: Mapping[str, Any], profile: Any, results: list[Row], actions: list[Row]) -> Row:
    """Return a run as it was given, with its results and actions."""
    record = _record(row, RUN_FIELDS)
    record["counts"] = record["counts"] or {}
    if record["job"] is None:
        del record["job"]
    return {**record, "profile": profile or {}, "results": results, "actions": actions}


def result_record(row: Mapping[str, Any]) -> Row:
    """Return a result as it was given."""
    record = _record(row, RESULT_FIELDS)
    record["metrics"] = record["metrics"] or {}
    record["evidence"] = record["evidence"] or []
    return record


def action_record(row: Mapping[str, Any]) -> Row:
    """Return an action as it was given."""
    record = _record(row, ACTION_FIELDS)
    record["detail"] = record["detail"] or {}
    return record


def _row(
    record: Mapping[str, Any], fields: tuple[str, ...], required: tuple[str, ...], apart: set[str], what: str
) -> Row:
    missing = [field for field in required if record.get(field) is None]
    if missing:
        raise StoreError(f"{what}: the record lacks {', '.join(missing)}")
    row = {field: _column(field, record.get(field), what) for field in fields}
    extra = {key: value for key, value in record.items() if key not in fields and key not in apart}
    return {**row, "extra": storable(extra) or None}


def _column(field: str, value: Any, what: str) -> Any:
    if value is None:
        return None
    if field in MOMENTS:
        return utc(value, f"{what}: {field}")
    if field in NUMBERS:
        return _number(value, f"{what}: {field}")
    if field in FLAGS:
        return bool(value)
    return storable(value) if field in DOCUMENTS else text(value)


def _number(value: Any, what: str) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise StoreError(f"{what}: {value!r} is not a number") from None
    return number if math.isfinite(number) else None


def _record(row: Mapping[str, Any], fields: tuple[str, ...]) -> Row:
    record = {field: wire_time(row[field]) if isinstance(row[field], datetime) else row[field] for field in fields}
    return {**record, **(row["extra"] or {})}
