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
    metric_label,
    reason_text,
    remedy_text,
    text,
)
from .document import Line, Section, SystemReport
from .figures import Figure, FirstMetric
from .notes import Finding, check_title
from .period import time_text
from .view_rows import action_view, check_view, worst_first
from .width import clean


def system_view(report: SystemReport, catalog: Catalog, language: str, first_metric: FirstMetric) -> dict[str, Any]:
    """Return a system's report as strings.

    Args:
        report: the report without a language.
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
        "actions": [action_view(action, catalog, language) for action in report.run.get("actions") or []],
        "unmeasured": _unmeasured(report, catalog, language, sections),
        "contradictions": [
            _contradiction({"id": each.id, "fields": each.fields}, report, catalog, language)
            for each in report.contradictions
        ],
    }


def anchor(run: Mapping[str, Any]) -> str:
    """Return an HTML id for a system instance."""
    name = f"{run.get('system')}-{run.get('host')}"
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in name)


def finding_text(finding: Finding, report: SystemReport, catalog: Catalog, language: str) -> str:
    """Return a fault in one line, named by its check."""
    parts = []
    if finding.check:
        parts.append(clean(in_language(check_title(report.run, finding.check), language)))
    if finding.stage:
        stage = text(catalog, "stages", finding.stage, language)
        parts.append(text(catalog, "texts", "failed", language, stage=stage))
    said = reason_text(catalog, finding.reason, language, finding.kind)
    parts.append(" ".join(piece for piece in (said, clean(finding.message)) if piece))
    return ": ".join(part for part in parts if part)


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
            lines += _list_lines(line.name, report, catalog, language)
        else:
            lines.append(
                {
                    "label": _label(line, report, catalog, language, first_metric),
                    "value": _value(line, line.figure, report, catalog, language),
                    "state": line.figure.state,
                    "measured": line.figure.value is not None,
                    "repeats": False,
                }
            )
    listed = any(line.figure is None for line in section.lines)
    return {"name": section.name, "title": clean(title), "lines": lines, "listed": listed}


def _label(line: Line, report: SystemReport, catalog: Catalog, language: str, first_metric: FirstMetric) -> str:
    """Return what a line is called: its own label, the figure's, or the check's title and the metric's label."""
    if line.stated.get("label"):
        return clean(in_language(line.stated["label"], language))
    if line.stated.get("figure"):
        return text(catalog, "figures", str(line.stated["figure"]), language)
    title = clean(in_language(check_title(report.run, str(line.stated.get("check"))), language))
    metric = line.stated.get("metric") or (first_metric(line.figure.kind) if line.figure else None)
    if not metric or not line.figure or metric not in catalog.metrics.get(line.figure.kind, {}):
        return title
    label = metric_label(catalog, line.figure.kind, str(metric), language)
    return f"{title}({label})" if language == "ja" else f"{title} ({label})"


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
    remarks = [reason_text(catalog, remark, language) for remark in figure.remarks]
    return _with_remarks(said, remarks, language)


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


def _list_lines(name: str, report: SystemReport, catalog: Catalog, language: str) -> list[dict[str, Any]]:
    """Return the sentences of notes, suggestions or actions; "None" when there are none."""
    if name == "notes":
        lines = [
            (finding.state, f"[{text(catalog, 'states', finding.state, language)}] {said}")
            for finding in report.findings
            if (said := finding_text(finding, report, catalog, language))
        ]
        lines += [("", said) for said in _history_texts(report, catalog, language)]
    elif name == "suggestions":
        lines = [("", said) for said in suggestions(report, catalog, language)]
    else:
        views = [action_view(action, catalog, language) for action in report.run.get("actions") or []]
        lines = [("", f"{view['state_label']}: {view['name']}") for view in views]
    if not lines:
        lines = [("", text(catalog, "texts", "none", language))]
    # A page that lists the faults above does not list them again under notes.
    return [
        {"label": "", "value": said, "state": state, "measured": True, "repeats": bool(state)} for state, said in lines
    ]


def _history_texts(report: SystemReport, catalog: Catalog, language: str) -> list[str]:
    said = []
    for past in report.history:
        title = clean(in_language(check_title(report.run, past["check"]), language)) if past["check"] else ""
        sentence = reason_text(catalog, past["reason"], language)
        said.append(f"{title}: {sentence}" if title else sentence)
    return said


def suggestions(report: SystemReport, catalog: Catalog, language: str) -> list[str]:
    """Return what to do about the faults, each remedy once and with the checks that ask for it."""
    by_remedy: dict[str, list[str]] = {}
    for finding in report.findings:
        remedy = remedy_text(catalog, finding.reason, language, finding.kind)
        if remedy:
            title = clean(in_language(check_title(report.run, finding.check), language)) if finding.check else ""
            by_remedy.setdefault(remedy, []).append(title)
    said = []
    for remedy, titles in by_remedy.items():
        named = ("、" if language == "ja" else ", ").join(title for title in titles if title)
        said.append(f"{named}: {remedy}" if named else remedy)
    return said


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
    for section, view in zip(report.sections, sections, strict=True):
        for line, shown in zip(section.lines, view["lines"], strict=False):
            if line.figure is None or shown["measured"] or line.name.rsplit(":", 1)[0] in explained:
                continue
            if not (line.figure.reason or {}).get("contradiction"):
                why = reason_text(catalog, line.figure.reason, language, line.figure.kind)
                labels_by_reason.setdefault(why, []).append(shown["label"])
    joint = "、" if language == "ja" else ", "
    return [{"label": joint.join(labels), "reason": why} for why, labels in labels_by_reason.items()]
