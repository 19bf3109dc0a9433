# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch the records of a report's window from the store and render them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .. import store
from ..catalog import LANGUAGES, contradiction_text, load_catalog
from .availability import MAXIMUM_GAP_SECONDS
from .figures import Run
from .period import moment, period_of
from .render import render_reports, system_reports


@dataclass(frozen=True)
class Assembly:
    """A rendered report that is not written yet.

    Args:
        files: text by file name.
        runs: the runs it is about, one per system instance.
        contradictions: a sentence per pair of figures that do not reconcile; they are in the report, too.
    """

    files: dict[str, str]
    runs: list[Run]
    contradictions: list[str]


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
        procedure: ``weekly``.
        current: the runs of the play; when empty, the newest run of each system instance in the store.
        store_url: store that has the runs of the window; it is only read.
        finished: ISO 8601 UTC end of the window.
        languages: languages of the report.
        timezone: zone of its dates; None takes the systems' own when they have one in common, else UTC.
        hosts: only these hosts; None takes those of ``current``, or all.

    Raises:
        StoreError: the store cannot be read.
    """
    end = moment(finished)
    period = period_of(finished, timezone or "UTC")
    # A day more than any zone is away from UTC, and the run before the window that tells its first state.
    begin = moment(period.started) - timedelta(days=1, seconds=MAXIMUM_GAP_SECONDS)
    opened = store.open_store(store_url, create=False, read_only=True)
    wanted = hosts if hosts is not None else {str(run["host"]) for run in current} or None
    recorded = store.runs_between(opened, wanted, None, begin, end + timedelta(seconds=1), states=STATES)
    if timezone is None:
        period = period_of(finished, _common_zone([*recorded, *current]))
    reports = system_reports(procedure, recorded, current, period)
    sentences = replace(load_catalog(), zone=period.timezone)
    return Assembly(
        files=render_reports(procedure, reports, period, languages),
        runs=[report.run for report in reports],
        contradictions=[
            "{}: {}".format(report.run.get("host"), contradiction_text(sentences, vars(each), "en"))
            for report in reports
            for each in report.contradictions
        ],
    )


def _common_zone(runs: Sequence[Run]) -> str:
    zones = {str((run.get("profile") or {}).get("timezone") or "") for run in runs} - {""}
    return zones.pop() if len(zones) == 1 else "UTC"
