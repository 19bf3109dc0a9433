# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch the records of a report's window from the store and render them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .. import store
from ..catalog import LANGUAGES, contradiction_text, load_catalog
from .attestations import OPEN, OVERDUE
from .availability import MAXIMUM_GAP_SECONDS
from .figures import Run
from .period import Period, moment
from .procedures import PROCEDURES, period_for
from .render import Reviews, render_reports, system_reports

#: An attestation that nobody gave for longer than this is as overdue as it can be.
DAYS_ASKED = 400
#: How far ahead a report names the maintenance that is planned.
MAINTENANCE_AHEAD_DAYS = 14


@dataclass(frozen=True)
class Assembly:
    """A rendered report that is not written yet.

    Args:
        files: text by file name.
        runs: the runs it is about, one per system instance.
        contradictions: a sentence per pair of figures that do not reconcile; they are in the report, too.
        attestations: what a person has yet to look at: ``host``, ``name``, ``title``, ``state`` and ``due``.
    """

    files: dict[str, str]
    runs: list[Run]
    contradictions: list[str]
    attestations: list[dict[str, Any]]


def assemble(
    procedure: str,
    current: Sequence[Run],
    store_url: str,
    finished: str,
    languages: Sequence[str] = LANGUAGES,
    timezone: str | None = None,
    hosts: Collection[str] | None = None,
) -> Assembly:
    """Render the report of a play, or of what is in the store.

    Args:
        procedure: ``daily``, ``evening``, ``weekly``, ``monthly`` or ``quarterly``.
        current: the runs of the play; when empty, the newest run of each system instance in the store.
        store_url: store that has the runs of the window; it is only read.
        finished: ISO 8601 UTC moment of the report, usually now.
        languages: languages of the report.
        timezone: zone of its dates; None takes the systems' own when they have one in common, else UTC.
        hosts: only these hosts; None takes those of ``current``, or all.

    Raises:
        StoreError: the store cannot be read.
    """
    end = moment(finished)
    opened = store.open_store(store_url, create=False, read_only=True)
    wanted = hosts if hosts is not None else {str(run["host"]) for run in current} or None
    period = period_for(procedure, finished, timezone or "UTC")
    recorded = store.runs_between(opened, wanted, None, _begin(period), _after(end), states=STATES)
    if timezone is None:
        period = period_for(procedure, finished, _common_zone([*recorded, *current]))
    reviews = _reviews(opened, wanted, end, [*recorded, *current])
    ahead = end + timedelta(days=MAINTENANCE_AHEAD_DAYS)
    maintenance = store.maintenance_windows(opened, wanted, _begin(period), ahead)
    reports = system_reports(procedure, recorded, current, period, reviews, maintenance)
    sentences = replace(load_catalog(), zone=period.timezone)
    return Assembly(
        files=render_reports(procedure, reports, period, languages),
        runs=[report.run for report in reports],
        contradictions=[
            "{}: {}".format(report.run.get("host"), contradiction_text(sentences, vars(each), "en"))
            for report in reports
            for each in report.contradictions
        ],
        attestations=[
            {
                "host": str(report.run.get("host")),
                "name": each.name,
                "title": each.title,
                "state": each.state,
                "due": each.due,
            }
            for report in reports
            for each in report.attestations
            if each.state in (OPEN, OVERDUE)
        ],
    )


def _after(end: datetime) -> datetime:
    return end + timedelta(seconds=1)


def _begin(period: Period) -> datetime:
    """Return from when runs are read.

    A day more than any zone is away from UTC, and the run before the window that tells its first state.
    """
    return moment(period.started) - timedelta(days=1, seconds=MAXIMUM_GAP_SECONDS)


def _reviews(opened: store.Store, hosts: Collection[str] | None, end: datetime, runs: Sequence[Run]) -> Reviews:
    """Return what was attested and what asked for it; nothing is read for systems without attestations."""
    if not any((run.get("profile") or {}).get("attestations") for run in runs):
        return Reviews()
    asked = store.runs_asking(opened, hosts, list(PROCEDURES), end - timedelta(days=DAYS_ASKED), _after(end))
    return Reviews(store.attestations(opened, hosts), [vars(each) for each in asked])


def _common_zone(runs: Sequence[Run]) -> str:
    zones = {str((run.get("profile") or {}).get("timezone") or "") for run in runs} - {""}
    return zones.pop() if len(zones) == 1 else "UTC"
