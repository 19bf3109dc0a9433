# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One system's report in one language: nothing but strings, ready for a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog import (
    Catalog,
    beside_levels,
    contradiction_text,
    in_language,
    quantity_text,
    reason_text,
    text,
)
from .document import SystemReport
from .figures import Figure, FirstMetric
from .lines import Line, Section
from .notes import check_title
from .period import Period, time_text
from .view_blocks import attestation_views, checklist_view, maintenance_views, trend_views
from .view_lists import finding_text, list_lines
from .view_rows import action_view, check_view, line_label, worst_first
from .width import clean


def system_view(
    report: SystemReport, period: Period, catalog: Catalog, language: str, first_metric: FirstMetric
) -> dict[str, Any]:
    """Return a system's report as strings.

    Args:
        report: the report without a language.
        period: its period.
        catalog: the sentences; its zone is the one that times are printed in.
        language: ``en`` or ``ja``.
        first_metric: gives the name of a kind's value.
    """
    run, profile = report.run, report.run.get("profile") or {}
    reasons = [finding_text(finding, report, catalog, language) for finding in report.findings]
    sections = [_section_view(section, report, catalog, language, first_metric) for section in report.sections]
    return {
        "anchor": anchor(run),
        "system": clean(run.get("system")),
        "title": clean(in_language(profile.get("title"), language) or run.get("system")),
        "host": clean(run.get("host")),
        "state": report.state,
        "state_label": text(catalog, "states", report.state, language),
        "priority": clean(run.get("priority") or ""),
        "counts": [
            {"state": state, "label": text(catalog, "states", state, language), "count": report.counts[state]}
            for state in ("critical", "unknown", "warning", "ok")
        ],
        "facts": _facts(report, catalog, language),
        "headline": reasons[0] if reasons else "",
        "findings": [
            {"state": finding.state, "label": text(catalog, "states", finding.state, language), "text": said}
            for finding, said in zip(report.findings, reasons, strict=True)
        ],
        "sections": sections,
        "checks": [check_view(result, report, catalog, language, first_metric) for result in worst_first(report)],
        "actions": [action_view(action, catalog, language) for action in report.actions],
        "unmeasured": _unmeasured(report, catalog, language, sections),
        "checklist": checklist_view(report, period, catalog, language),
        "attestations": attestation_views(report, catalog, language),
        "maintenance": maintenance_views(report, period, catalog, language),
        "trends": trend_views(report, catalog, language, first_metric),
        "contradictions": [
            _contradiction({"id": each.id, "fields": each.fields}, report, catalog, language)
            for each in report.contradictions
        ],
    }


def anchor(run: Mapping[str, Any]) -> str:
    """Return an HTML id for a system instance."""
    name = f"{run.get('system')}-{run.get('host')}"
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in name)


def _contradiction(contradiction: Mapping[str, Any], report: SystemReport, catalog: Catalog, language: str) -> str:
    """Return the sentence about figures that do not reconcile, naming the check by its title."""
    fields = dict(contradiction["fields"])
    if "check" in fields:
        fields["check"] = clean(in_language(check_title(report.run, str(fields["check"])), language))
    return contradiction_text(catalog, {"id": contradiction["id"], "fields": fields}, language)


def _facts(report: SystemReport, catalog: Catalog, language: str) -> list[dict[str, str]]:
    run, profile = report.run, report.run.get("profile") or {}
    facts = [
        ("looked_at", time_text(str(run.get("started") or ""), catalog.zone)),
        ("host", clean(run.get("host"))),
        ("system", clean(run.get("system"))),
        ("variant", clean(profile.get("variant") or "")),
        ("operator", clean(run.get("operator") or "")),
        ("controller", clean(run.get("controller") or "")),
        ("run", clean(run.get("id") or "")),
    ]
    return [{"label": text(catalog, "texts", name, language), "value": value} for name, value in facts if value]


def _section_view(
    section: Section, report: SystemReport, catalog: Catalog, language: str, first_metric: FirstMetric
) -> dict[str, Any]:
    title = in_language(section.title, language) or text(catalog, "sections", section.name, language)
    lines: list[dict[str, Any]] = []
    for line in section.lines:
        if line.figure is None:
            lines += list_lines(line.name, report, catalog, language)
        else:
            missing = line.figure.value is None and not (line.figure.reason or {}).get("contradiction")
            why = reason_text(catalog, line.figure.reason, language, line.figure.kind) if missing else ""
            lines.append(
                {
                    "label": line_label(line, report, catalog, language, first_metric),
                    "value": _value(line, line.figure, report, catalog, language),
                    "state": line.figure.state,
                    "measured": line.figure.value is not None,
                    "repeats": False,
                    "mark": "-",
                    "details": [],
                    "check": str(line.stated.get("check") or line.name),
                    "why": why,
                }
            )
    listed = any(line.figure is None for line in section.lines)
    return {"name": section.name, "title": clean(title), "lines": lines, "listed": listed}


def _value(line: Line, figure: Figure, report: SystemReport, catalog: Catalog, language: str) -> str:
    """Return a line's figure with its unit and remarks, or why there is none."""
    if figure.value is None:
        reason = figure.reason or {}
        if reason.get("contradiction"):
            why = _contradiction(reason, report, catalog, language)
            return text(catalog, "texts", "contradicts", language, why=why)
        why = reason_text(catalog, reason, language, figure.kind).rstrip(".。")
        return text(catalog, "texts", "not_measured", language, why=why)
    if figure.form == "updates":
        return _updates_value(figure, catalog, language)
    prefix, suffix = _own(line.stated.get("prefix"), language), _own(line.stated.get("suffix"), language)
    form = "number" if figure.form == "count" and line.stated.get("suffix") is not None else figure.form
    said = beside_levels(catalog, figure.value, figure.levels, form, language)
    joint = " " if suffix[:1].isascii() and suffix[:1].isalpha() else ""
    said = f"{clean(prefix)}{said}{joint}{clean(suffix)}"
    return _with_remarks(said, [_remark(remark, catalog, language) for remark in figure.remarks], language)


def _remark(remark: Mapping[str, Any], catalog: Catalog, language: str) -> str:
    """Return a remark; an amount in it is printed as the figure beside it is."""
    fields = dict(remark.get("fields") or {})
    if "form" in fields:
        fields["amount"] = quantity_text(catalog, fields["amount"], fields["form"], language)
    return reason_text(catalog, {**remark, "fields": fields}, language)


def _own(entry: Any, language: str) -> str:
    """Return a prefix or suffix of exactly this language: a language without one has none."""
    return str(entry.get(language) or "") if isinstance(entry, Mapping) else str(entry or "")


def _updates_value(figure: Figure, catalog: Catalog, language: str) -> str:
    pending = figure.value["pending"]
    name = "updates_applied" if pending == 0 else "updates_pending"
    said = text(catalog, "texts", name, language, pending=pending)
    remarks = [text(catalog, "texts", "updates_reboot", language)] if figure.value["reboot"] else []
    return _with_remarks(said, remarks, language)


def _with_remarks(said: str, remarks: Sequence[str], language: str) -> str:
    if not remarks:
        return said
    return f"{said}({'、'.join(remarks)})" if language == "ja" else f"{said} ({'; '.join(remarks)})"


def _unmeasured(
    report: SystemReport, catalog: Catalog, language: str, sections: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Return what could not be measured and why: unknown checks, lines without a figure, or everything."""
    run = report.run
    if run.get("reachable") is False or (run.get("failure") and not run.get("results")):
        whole = text(catalog, "texts", "whole_system", language)
        return [{"label": whole, "reason": finding_text(report.findings[0], report, catalog, language)}]
    labels_by_reason: dict[str, list[str]] = {}
    explained = set()
    for result in run.get("results") or []:
        if result.get("state") == "unknown":
            explained.add(str(result.get("check")))
            why = reason_text(catalog, result.get("reason"), language, str(result.get("kind") or "common"))
            title = clean(in_language(check_title(run, str(result.get("check"))), language))
            labels_by_reason.setdefault(why, []).append(title)
    for line in (line for section in sections for line in section["lines"]):
        if line["why"] and line["check"] not in explained:
            labels_by_reason.setdefault(line["why"], []).append(line["label"])
    joint = "、" if language == "ja" else ", "
    return [{"label": joint.join(labels), "reason": why} for why, labels in labels_by_reason.items()]
