# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore beside production: what the backup is worth to somebody who needs it, and how long it takes (EST-23)."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

from . import duckdb_reader, sqlite_reader
from .errors import CheckError, RunbooksError
from .judge import judge, parse_level
from .model import CRITICAL, UNKNOWN, Observation, Reason
from .probe import Context
from .restore_choose import Answer, Request, SpaceError
from .restore_items import Offer
from .restore_verify import sqlite_rows
from .restore_work import remove_beside, restore_beside

METRICS = {
    "rto_seconds": "s",
    "rpo_seconds": "s",
    "bytes": "B",
    "items": "count",
    "tables": "count",
    "rows": "count",
    "fewest_rows_percent": "%",
    "newest_row_age_seconds": "s",
    "expectations": "count",
}
#: Small tables say nothing in percent.
_ROWS_THAT_COUNT = 20
_COUNT_DUCKDB = "SELECT table_name, estimated_size FROM duckdb_tables() WHERE NOT internal"
_EVIDENCE = 12


@dataclass(frozen=True)
class Expectations:
    """What the restored data must be like.

    Args:
        tolerance_percent: how many percent fewer rows than production a table may have.
        queries: each with ``name``, ``item``, ``sql`` (one figure) and ``expect`` (a level that must hold).
        newest_row: ``item`` and ``sql`` that gives the time of the newest row, seconds since the epoch; None without.
    """

    tolerance_percent: float = 20.0
    queries: Sequence[Mapping[str, Any]] = ()
    newest_row: Mapping[str, Any] | None = None


@dataclass
class _Drill:
    """One drill while it runs."""

    scratch: str
    answer: Answer
    context: Context
    metrics: dict[str, Any] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)


def drill(request: Request, scratch: str, expected: Expectations, context: Context) -> Observation:
    """Restore beside production, look at the result, and remove it again.

    Args:
        request: which set and items, as for a real restore.
        scratch: a directory that does not exist; what an interrupted drill left there is removed first.
        expected: what the data must be like.
        context: the clock, and the deadline of all of it.

    Returns:
        The value is how long unpacking and verifying took, seconds; ``rpo_seconds`` is the age of the set.

    Raises:
        CheckError: ``drill_not_done`` (nothing is known), ``drill_failed`` and what :func:`_look` names.
        RunbooksError: the scratch directory is somebody else's.
    """
    for leftover in (scratch, scratch + ".restoring"):
        remove_beside(leftover)
    begun = time.monotonic()
    try:
        answer = restore_beside(request, scratch)
    except (SpaceError, OSError) as error:
        raise CheckError("drill_not_done", state=UNKNOWN, error=str(error)) from None
    except (RunbooksError, CheckError) as error:
        raise CheckError("drill_failed", state=CRITICAL, error=str(error)) from None
    try:
        running = _Drill(scratch, answer, context)
        running.metrics["rto_seconds"] = round(time.monotonic() - begun, 3)
        running.metrics["rpo_seconds"] = round(context.now - answer.made, 1)
        return _look(running, expected)
    finally:
        remove_beside(scratch)


def _look(running: _Drill, expected: Expectations) -> Observation:
    answer = running.answer
    rows = [count for tables in answer.seen.rows.values() for count in tables.values()]
    running.metrics.update(
        bytes=sum(offer.item.bytes for offer in answer.offers),
        items=len(answer.offers),
        tables=len(rows),
        rows=sum(rows),
        expectations=len(expected.queries),
    )
    running.evidence.append(f"set {answer.set}")
    running.evidence += [f"passed over: {line}" for line in answer.passed_over]
    fault = (
        _empty(running)
        or _fewer_rows(running, expected.tolerance_percent)
        or _newest_row(running, expected.newest_row)
        or _unmet(running, expected.queries)
    )
    running.evidence += [f"not verified: {line}" for line in answer.seen.unverified]
    running.evidence += [f"verified: {line}" for line in answer.seen.verified]
    return Observation(
        value=running.metrics["rto_seconds"],
        state=CRITICAL if fault else "ok",
        reason=fault or Reason("drill_passed", {"set": answer.set, "rows": running.metrics["rows"]}),
        metrics=running.metrics,
        evidence=running.evidence[:_EVIDENCE],
        source=answer.path,
    )


def _path(running: _Drill, item: str) -> str:
    return os.path.join(running.scratch, item)


def _offer(running: _Drill, item: str) -> Offer:
    for offer in running.answer.offers:
        if offer.item.name == item:
            return offer
    raise CheckError("drill_failed", state=CRITICAL, error=f"the drill did not restore {item}")


def _empty(running: _Drill) -> Reason | None:
    """A copy with a glob leaves .env behind, and an empty file is no backup of anything."""
    for offer in running.answer.offers:
        path = _path(running, offer.item.name)
        status = os.lstat(path)
        is_file = stat.S_ISREG(status.st_mode)
        holds_something = status.st_size if is_file else os.listdir(path)
        if not holds_something and not offer.wanted.may_be_empty:
            return Reason("drill_item_empty", {"item": offer.item.name})
        if is_file:
            running.evidence.append(f"{offer.item.name}: {status.st_size} bytes, mode {status.st_mode & 0o7777:04o}")
    return None


def _fewer_rows(running: _Drill, tolerance_percent: float) -> Reason | None:
    worst: tuple[float, dict[str, Any]] | None = None
    for name, tables in running.answer.seen.rows.items():
        for table, now in _production_rows(running, _offer(running, name)).items():
            if now < _ROWS_THAT_COUNT:
                continue
            share = round(100.0 * tables.get(table, 0) / now, 1)
            fields = {"item": name, "table": table, "restored": tables.get(table, 0), "production": now}
            if worst is None or share < worst[0]:
                worst = (share, fields)
    if worst is None:
        return None
    share, fields = worst
    running.metrics["fewest_rows_percent"] = share
    return Reason("drill_rows_missing", {**fields, "percent": share}) if share < 100 - tolerance_percent else None


def _production_rows(running: _Drill, offer: Offer) -> dict[str, int]:
    """Count the rows of production; where that is not possible now, the drill says so and goes on."""
    import sqlite3

    one = offer.wanted
    try:
        if one.type == "sqlite":
            return sqlite_rows(one.target, max(1.0, running.context.remaining()))
        question = {"rows": {"sql": _COUNT_DUCKDB, "maximum_rows": 10000}}
        answer = duckdb_reader.ask(one.python or "", one.target, question, running.context)["rows"]
        return {str(row[0]): int(row[1] or 0) for row in answer.rows}
    except (CheckError, sqlite3.Error, OSError) as error:
        running.answer.seen.unverified.append(f"{one.name}: rows against production, {error}")
        return {}


def _figure(running: _Drill, item: str, sql: str) -> float | None:
    offer, path = _offer(running, item), _path(running, item)
    if offer.wanted.type == "sqlite":
        question = {"figure": {"sql": sql, "parameters": [], "maximum_rows": 1}}
        answer = sqlite_reader.ask(path, question, running.context)["figure"]
    else:
        question = {"figure": {"sql": sql, "maximum_rows": 1}}
        answer = duckdb_reader.ask(offer.wanted.python or "", path, question, running.context)["figure"]
    cell = answer.rows[0][0] if answer.rows and answer.rows[0] else None
    try:
        return None if cell is None else float(cell)
    except ValueError:
        return None


def _newest_row(running: _Drill, newest: Mapping[str, Any] | None) -> Reason | None:
    if not newest:
        return None
    when = _figure(running, str(newest["item"]), str(newest["sql"]))
    if when is None:
        return Reason("drill_expectation_unmet", {"name": "newest_row", "value": "-", "expect": "a time"})
    running.metrics["newest_row_age_seconds"] = round(running.context.now - when, 1)
    return None


def _unmet(running: _Drill, queries: Sequence[Mapping[str, Any]]) -> Reason | None:
    for query in queries:
        name, expect = str(query.get("name") or query["sql"])[:60], str(query.get("expect") or "> 0")
        value = _figure(running, str(query["item"]), str(query["sql"]))
        kept = value is not None and judge(value, None, parse_level(expect, f"Expectation {name}"))[0] == CRITICAL
        running.evidence.append(f"{name}: {value} (expected {expect})")
        if not kept:
            return Reason("drill_expectation_unmet", {"name": name, "value": value, "expect": expect})
    return None
