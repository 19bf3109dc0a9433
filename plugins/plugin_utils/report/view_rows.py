# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a report's tables in one language: every check, every action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog import (
    Catalog,
    beside_levels,
    in_language,
    level_text,
    metric_label,
    quantity_text,
    reason_text,
    text,
)
from .document import SystemReport
from .figures import FirstMetric, form_of_result
from .lines import Line
from .notes import SEVERITY, check_title
from .numbers import format_of, is_number
from .period import time_text
from .width import clean


def worst_first(report: SystemReport) -> list[Mapping[str, Any]]:
    """Return the results in the order in which they want to be read; equal ones as the profile has them."""
    results: list[Mapping[str, Any]] = list(report.run.get("results") or [])
    return sorted(results, key=lambda result: -SEVERITY.get(str(result.get("state")), SEVERITY["unknown"]))


def check_view(
    result: Mapping[str, Any], report: SystemReport, catalog: Catalog, language: str, first_metric: FirstMetric
) -> dict[str, Any]:
    """Return one row of the table of all checks."""
    kind, state = str(result.get("kind") or "common"), str(result.get("state"))
    form = form_of_result(result, None, first_metric)
    levels = [
        text(catalog, "texts", f"level_{name}", language, limit=level_text(catalog, result[name], form, language))
        for name in ("warning", "critical")
        if result.get(name)
    ]
    coverage = result.get("coverage")
    own = any(result is each for each in report.own)
    title = clean(in_language(check_title(report.run, str(result.get("check"))), language))
    sources = _sources(str(result.get("source") or ""))
    reason = reason_text(catalog, result.get("reason"), language, kind)
    return {
        "check": title,
        "name": clean(result.get("check")),
        "kind": kind,
        "state": state,
        "state_label": text(catalog, "states", state, language),
        "value": "—"
        if result.get("value") is None
        else beside_levels(catalog, result["value"], (result.get("warning"), result.get("critical")), form, language),
        "levels": "; ".join(levels),
        # "Within its levels" under every healthy check would bury the sentences that matter.
        "reason": "" if (result.get("reason") or {}).get("id") == "within_levels" else reason,
        "metric": _metric_said(result, title, catalog, language, first_metric),
        "source": _short_source(sources),
        "sources": sources if len(sources) > 1 else [],
        "evidence": [clean(line) for line in result.get("evidence") or []],
        "runbook": clean(result.get("runbook") or ""),
        "looked": ""
        if own
        else text(
            catalog,
            "texts",
            "looked_earlier",
            language,
            when=time_text(str(result.get("started") or ""), catalog.zone),
        ),
        "last_good": _last_good(result, catalog, language),
        "figures": [
            {
                "label": metric_label(catalog, kind, name, language),
                "value": quantity_text(catalog, value, format_of(name, None), language),
            }
            for name, value in (result.get("metrics") or {}).items()
            if value is not None
        ],
        "coverage": ""
        if coverage is None or coverage == 1
        else text(
            catalog, "texts", "coverage", language, share=quantity_text(catalog, coverage * 100, "percent", language)
        ),
        "seconds": quantity_text(catalog, result.get("seconds"), "seconds", language),
    }


def _last_good(result: Mapping[str, Any], catalog: Catalog, language: str) -> str:
    """Return what was measured last where nothing could be measured now."""
    good = result.get("last_good")
    if not isinstance(good, Mapping):
        return ""
    form = form_of_result({**result, **good}, None, lambda _kind: None)
    return text(
        catalog,
        "texts",
        "last_good",
        language,
        value=quantity_text(catalog, good.get("value"), form, language),
        state=text(catalog, "states", str(good.get("state")), language),
        when=time_text(str(good.get("started") or ""), catalog.zone),
        age=quantity_text(catalog, good.get("age_seconds"), "seconds", language),
    )


def _metric_said(
    result: Mapping[str, Any], title: str, catalog: Catalog, language: str, first_metric: FirstMetric
) -> str:
    """Return what the value is, such as "database size"; empty when the title or the value already says it."""
    kind = str(result.get("kind") or "common")
    metric = first_metric(kind)
    if not is_number(result.get("value")) or metric is None or metric not in catalog.metrics.get(kind, {}):
        return ""
    label = metric_label(catalog, kind, metric, language)
    return "" if label.lower() in title.lower() else label


def _sources(source: str) -> list[str]:
    """Return the files of a source that is a list of files; any other source in one piece."""
    parts = [clean(part) for part in source.split(", ")]
    return parts if all(part.startswith("/") for part in parts) else [clean(source)]


def _short_source(sources: Sequence[str]) -> str:
    return sources[0] if len(sources) == 1 else f"{sources[0]} (+{len(sources) - 1})"


def action_view(action: Mapping[str, Any], catalog: Catalog, language: str) -> dict[str, Any]:
    """Return one row of the table of actions: what was done, or what would have been."""
    state = str(action.get("state"))
    detail = action.get("detail") or {}
    shown = "; ".join(f"{clean(key)}: {_plain(value)}" for key, value in detail.items() if value not in (None, "", []))
    who = action.get("approved_by")
    return {
        "name": action_name(action, catalog, language),
        "type": clean(action.get("type") or ""),
        "for_check": clean(action.get("for_check") or ""),
        "state": state,
        "pill": {"failed": "critical", "done": "ok"}.get(state, "warning"),
        "state_label": text(catalog, "action_states", state, language),
        "detail": shown,
        "approved": text(catalog, "texts", "approved_by", language, who=who) if who else "",
        "runbook": clean(action.get("runbook") or ""),
    }


def action_name(action: Mapping[str, Any], catalog: Catalog, language: str) -> str:
    """Return what an action does, and the name that the profile gives it."""
    name, kind = clean(action.get("name")), str(action.get("type") or "")
    if kind not in catalog.groups.get("action_types", {}):
        return name
    return f"{text(catalog, 'action_types', kind, language)} ({name})"


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(key)} {_plain(item)}" for key, item in value.items())
    return clean(value)


def line_label(line: Line, report: SystemReport, catalog: Catalog, language: str, first_metric: FirstMetric) -> str:
    """Return what a line is called: its own label, the figure's, or the check's title and the metric's label."""
    if line.stated.get("label"):
        return clean(in_language(line.stated["label"], language))
    if line.stated.get("figure"):
        return text(catalog, "figures", str(line.stated["figure"]), language)
    title = clean(in_language(check_title(report.run, str(line.stated.get("check"))), language))
    if line.figure is None or line.figure.form == "state":
        return title
    metric = line.stated.get("metric") or first_metric(line.figure.kind)
    if not metric or metric not in catalog.metrics.get(line.figure.kind, {}):
        return title
    label = metric_label(catalog, line.figure.kind, str(metric), language)
    return f"{title}({label})" if language == "ja" else f"{title} ({label})"
