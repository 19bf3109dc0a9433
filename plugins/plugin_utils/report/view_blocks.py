# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checklist, attestations and trends of one system in one language, ready for a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..catalog import Catalog, beside_levels, in_language, quantity_text, reason_text, text
from .attestations import CLOSED, OVERDUE, Attestation
from .chart import HEIGHT, WIDTH
from .checklist import MARKS, Item
from .document import SystemReport
from .figures import FirstMetric, form_of_result, result_of
from .lines import Line
from .notes import check_title
from .period import Period, local_day, moment, seconds_of, time_text, zone_of
from .view_rows import line_label
from .width import clean

_PILLS = {CLOSED: "ok", OVERDUE: "critical"}


def period_name(period: Period, catalog: Catalog, language: str) -> str:
    """Return a period as the runbook names it: a day, two days, a month or a quarter."""
    if period.unit == "day":
        return period.last_day
    if period.unit == "week":
        return f"{period.first_day} ~ {period.last_day}"
    first = moment(period.started).astimezone(zone_of(period.timezone))
    month = text(catalog, "months", str(first.month), language)
    label = text(
        catalog,
        "periods",
        period.unit,
        language,
        month=month,
        year=str(first.year),
        quarter=str((first.month + 2) // 3),
    )
    return label if period.complete else text(catalog, "periods", "so_far", language, label=label, day=period.last_day)


def checklist_view(report: SystemReport, period: Period, catalog: Catalog, language: str) -> dict[str, Any] | None:
    """Return the checklist in the runbook's layout, filled; None when the system has none."""
    checklist = report.checklist
    if checklist is None:
        return None
    return {
        "title": text(catalog, "texts", f"{checklist.name}_checklist", language),
        "period_label": text(catalog, "periods", f"{period.unit}_label", language),
        "operator": clean(report.run.get("operator") or ""),
        "items": [
            {
                "mark": MARKS[item.state],
                "state": item.state,
                "state_label": text(catalog, "item_states", item.state, language),
                "text": clean(in_language(item.text, language)),
            }
            for item in checklist.items
        ],
        "notes": [said for item in checklist.items for said in _item_notes(item, report, catalog, language)],
    }


def _item_notes(item: Item, report: SystemReport, catalog: Catalog, language: str) -> list[str]:
    """Return what must be said about an item: why it needs attention, or why it is still open."""
    notes = []
    for result in item.faults:
        said = reason_text(catalog, result.get("reason"), language, str(result.get("kind") or "common"))
        notes.append(f"{_title(report, str(result.get('check')), language)}: {said}")
    name = clean(in_language(item.text, language))
    if item.missing:
        titles = ("、" if language == "ja" else ", ").join(_title(report, check, language) for check in item.missing)
        notes.append(text(catalog, "texts", "item_missing", language, item=name, checks=titles))
    if item.about_report:
        notes.append(text(catalog, "texts", "item_report", language, item=name))
    return notes


def attestation_views(report: SystemReport, catalog: Catalog, language: str) -> list[dict[str, Any]]:
    """Return what a person must look at, with its evidence and the command that closes it."""
    return [_attestation_view(item, report, catalog, language) for item in report.attestations]


def _attestation_view(item: Attestation, report: SystemReport, catalog: Catalog, language: str) -> dict[str, Any]:
    host = clean(report.run.get("host"))
    waits = item.state != CLOSED
    when = ""
    if waits:
        day = local_day(item.due, catalog.zone)
        when = text(catalog, "texts", "was_due" if item.state == OVERDUE else "due", language, day=day)
    done = ""
    if item.done is not None:
        done = text(
            catalog,
            "texts",
            "attested",
            language,
            when=time_text(str(item.done["attested"]), catalog.zone),
            who=item.done.get("operator"),
            note=item.done.get("note"),
        )
    command = f"ansible-playbook playbooks/attest.yml -l {host} -e attest_item={clean(item.name)} -e attest_note='...'"
    return {
        "title": clean(in_language(item.title, language)),
        "state": item.state,
        "pill": _PILLS.get(item.state, "warning"),
        "state_label": text(catalog, "attestation_states", item.state, language),
        "runbook": clean(item.runbook),
        "when": when,
        "done": clean(done),
        "evidence": _evidence(item, report, catalog, language) if waits else [],
        "command": command if waits else "",
    }


def maintenance_views(report: SystemReport, period: Period, catalog: Catalog, language: str) -> list[str]:
    """Return a sentence for each maintenance window of the period and for each that is to come."""
    return [
        clean(_maintenance(window, catalog, language))
        for window in report.maintenance
        if seconds_of(str(window["ends"])) > seconds_of(period.started)
    ]


def _maintenance(window: Mapping[str, Any], catalog: Catalog, language: str) -> str:
    begins, until = (time_text(str(window[name]), catalog.zone) for name in ("begins", "until"))
    said = {"begins": begins, "until": until, "reason": window["reason"], "who": window["operator"]}
    if not window.get("closed"):
        return text(catalog, "texts", "maintenance", language, **said)
    cancelled = seconds_of(str(window["until"])) <= seconds_of(str(window["begins"]))
    ends = time_text(str(window["ends"]), catalog.zone)
    name = "maintenance_cancelled" if cancelled else "maintenance_ended"
    return text(catalog, "texts", name, language, **said, ends=ends, by=window["closed_by"])


def _evidence(item: Attestation, report: SystemReport, catalog: Catalog, language: str) -> list[dict[str, Any]]:
    """Return the newest look at each of an item's checks in the period, with its lines.

    A missing one says so where it should have been looked at; other reports only remind of the item.
    """
    shown = []
    expected = report.run.get("procedure") in item.asked_by
    for check in item.checks:
        found = next((result for run in reversed(report.inside) if (result := result_of(run, check)) is not None), None)
        if found is None and not expected:
            continue
        if found is None:
            why = reason_text(catalog, {"id": "not_looked_at", "fields": {}}, language)
            said, lines = text(catalog, "texts", "not_measured", language, why=why), []
        else:
            said, lines = _value(found, catalog, language), [clean(line) for line in found.get("evidence") or []]
        shown.append({"label": _title(report, check, language), "value": said, "lines": lines})
    return shown


def _value(result: Mapping[str, Any], catalog: Catalog, language: str) -> str:
    state = text(catalog, "states", str(result.get("state")), language)
    if result.get("value") is None:
        return f"{state}: {reason_text(catalog, result.get('reason'), language, str(result.get('kind') or 'common'))}"
    form = form_of_result(result, None, lambda _kind: None)
    levels = (result.get("warning"), result.get("critical"))
    return f"{beside_levels(catalog, result['value'], levels, form, language)} ({state})"


def trend_views(
    report: SystemReport, catalog: Catalog, language: str, first_metric: FirstMetric
) -> list[dict[str, Any]]:
    """Return each trend with the coordinates of its picture and the words that say what is in it."""
    views = []
    for trend in report.trends:
        figures = {
            name: quantity_text(catalog, value, trend.form, language)
            for name, value in (
                ("lowest", trend.chart.lowest),
                ("highest", trend.chart.highest),
                ("last", trend.points[-1][1]),
            )
        }
        label = line_label(_single(trend.line), report, catalog, language, first_metric)
        days = {
            "first": local_day(trend.points[0][0], catalog.zone),
            "until": local_day(trend.points[-1][0], catalog.zone),
        }
        views.append(
            {
                "label": label,
                "description": text(
                    catalog, "texts", "trend", language, points=len(trend.points), label=label, **figures, **days
                ),
                **figures,
                **days,
                "points": len(trend.points),
                "chart": trend.chart,
                "width": WIDTH,
                "height": HEIGHT,
                "levels": [
                    {"state": name, "y": y, "label": quantity_text(catalog, level, trend.form, language)}
                    for (name, y), (_name, level) in zip(trend.chart.marks, trend.levels, strict=True)
                ],
            }
        )
    return views


def _single(line: Line) -> Line:
    """Return the line as it is called for a single measurement: the points of "average CPU usage" are no averages."""
    if str(line.stated.get("aggregate") or "last") == "last":
        return line
    return replace(line, stated={name: value for name, value in line.stated.items() if name != "label"})


def _title(report: SystemReport, check: str, language: str) -> str:
    return clean(in_language(check_title(report.run, check), language))
