# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole report in one language: what needs attention first, then every system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..catalog import Catalog, in_language, quantity_text, reason_text, text
from .availability import printed_percent
from .document import SystemReport
from .figures import FirstMetric
from .notes import SEVERITY
from .period import Period
from .view_blocks import period_name
from .view_lists import suggestions
from .view_system import system_view

LANGUAGE_NAMES = {"en": "English", "ja": "日本語"}
_STATES = ("critical", "unknown", "warning", "ok")


def fleet_view(
    reports: Sequence[SystemReport],
    period: Period,
    procedure: str,
    catalog: Catalog,
    language: str,
    first_metric: FirstMetric,
) -> dict[str, Any]:
    """Return the report as strings and lists of strings, for one language.

    Args:
        reports: one per system instance, in any order; the worst is printed first.
        period: the window.
        procedure: ``weekly`` and so on; it names the title.
        catalog: the sentences.
        language: ``en`` or ``ja``.
        first_metric: gives the name of a kind's value.
    """
    ordered = sorted(
        reports,
        key=lambda report: (-SEVERITY[report.state], str(report.run.get("system")), str(report.run.get("host"))),
    )
    systems = [
        {
            **system_view(report, period, catalog, language, first_metric),
            "availability": _availability(report, catalog, language),
            "observed": _observed(report, catalog, language),
            "suggestions": suggestions(report, catalog, language),
        }
        for report in ordered
    ]
    counts = {state: sum(1 for report in ordered if report.state == state) for state in _STATES}
    separator = "、" if language == "ja" else ", "
    counted = separator.join(
        f"{text(catalog, 'states', state, language)} {count}" for state, count in counts.items() if count
    )
    return {
        "language": language,
        "language_name": LANGUAGE_NAMES.get(language, language),
        "title": text(catalog, "texts", f"{procedure}_title", language),
        "period": period_name(period, catalog, language),
        "zone": text(catalog, "texts", "times_in", language, zone=period.timezone),
        "summary": text(catalog, "texts", "fleet_line", language, systems=len(ordered), counts=counted),
        "state": ordered[0].state if ordered else "unknown",
        "counts": [
            {"state": state, "label": text(catalog, "states", state, language), "count": counts[state]}
            for state in _STATES
        ],
        "systems": systems,
        "labels": {name: in_language(entry, language) for name, entry in catalog.groups.get("texts", {}).items()},
    }


def _availability(report: SystemReport, catalog: Catalog, language: str) -> str:
    """Return the availability for the overview: the figure, or a dash when it was not measured."""
    if not _availability_stands(report) or report.availability.percent is None:
        return "—"
    return quantity_text(catalog, printed_percent(report.availability.percent), "percent", language)


def _observed(report: SystemReport, catalog: Catalog, language: str) -> str:
    """Return how much of the period the availability is about; without it 100 % of a minute looks like a week."""
    if not _availability_stands(report):
        return ""
    share = 100.0 * report.availability.observed_seconds / report.availability.window_seconds
    said = [text(catalog, "texts", "observed", language, share=share)]
    if report.availability.down_now:
        said.append(reason_text(catalog, {"id": "down_now"}, language))
    return ("、" if language == "ja" else ", ").join(said)


def _availability_stands(report: SystemReport) -> bool:
    contradicted: set[str] = {name for each in report.contradictions for name in each.figures}
    return report.availability.percent is not None and "availability" not in contradicted
