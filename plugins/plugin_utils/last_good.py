# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database said before somebody took hold of it: shown beside ``unknown`` with its age, never in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .report.period import moment
from .store import Store, last_results

#: Reasons that say: nothing is wrong with the database, but at the moment nobody else may read it.
HELD = ("duckdb_in_use", "sqlite_locked")
_FIGURES_SHOWN = 8
_NOT_CURRENT = "last good, not current"

Run = Mapping[str, Any]


def held(runs: Sequence[Run]) -> set[tuple[str, str]]:
    """Return host and check of every result that could not be measured because the database is in use."""
    return {(str(run["host"]), str(result["check"])) for run in runs for result in _held_results(run)}


def with_last_good(store: Store, runs: Sequence[Run], now: datetime) -> list[dict[str, Any]]:
    """Return the runs; results whose database is in use carry what the newest good look at it found.

    Such a result keeps its state, has no value and no figures. Besides, it has ``last_good``: ``value``, ``unit``,
    ``state``, ``metrics``, ``started``, ``run_id`` and ``age_seconds``; its evidence says the same.

    Args:
        store: an open store; it is only read.
        runs: runs of one play.
        now: the control side's clock, UTC.

    Raises:
        StoreError: the store cannot be read.
    """
    known = last_results(store, held(runs), before=now)
    return [{**run, "results": [_with(result, run, known, now) for result in run["results"]]} for run in runs]


def _held_results(run: Run) -> list[Mapping[str, Any]]:
    return [result for result in run["results"] if (result.get("reason") or {}).get("id") in HELD]


def _with(
    result: Mapping[str, Any], run: Run, known: Mapping[tuple[str, str], Mapping[str, Any]], now: datetime
) -> dict[str, Any]:
    earlier = known.get((str(run["host"]), str(result["check"])))
    if earlier is None or (result.get("reason") or {}).get("id") not in HELD:
        return dict(result)
    # The clock of the host may be a little ahead of ours.
    age = max(0, round((now - moment(str(earlier["started"]))).total_seconds()))
    good = {key: earlier.get(key) for key in ("value", "unit", "state", "metrics", "started", "run_id")}
    figures = [f"{name}={value}" for name, value in (earlier["metrics"] or {}).items() if value is not None]
    shown = [
        "{}: {}{} ({}) at {}, {} s before this look".format(
            _NOT_CURRENT, good["value"], " " + good["unit"] if good["unit"] else "", good["state"], good["started"], age
        ),
        *(f"{_NOT_CURRENT}: {figure}" for figure in figures[:_FIGURES_SHOWN]),
    ]
    return {**result, "last_good": {**good, "age_seconds": age}, "evidence": [*(result.get("evidence") or []), *shown]}
