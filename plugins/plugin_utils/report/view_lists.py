# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a report that are sentences: notes, suggestions, actions, incidents, improvements and plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..catalog import Catalog, in_language, quantity_text, reason_text, remedy_text, text
from .attestations import OPEN, OVERDUE
from .document import SystemReport
from .episodes import Episode
from .notes import Finding, check_title
from .period import local_day, time_text
from .view_rows import action_name, action_view
from .width import clean

_Said = tuple[str, str]


def list_lines(name: str, report: SystemReport, catalog: Catalog, language: str) -> list[dict[str, Any]]:
    """Return the sentences of one of the lists; "None" when there are none."""
    if name == "incident_summary":
        lines = [
            _line_view("", said, mark=f"{number}.", details=_incident_details(episode, report, catalog, language))
            for number, episode in enumerate(report.episodes, 1)
            for said in [_incident_text(episode, report, catalog, language)]
        ]
    else:
        lines = [_line_view(state, said) for state, said in _LISTS[name](report, catalog, language)]
    return lines or [_line_view("", text(catalog, "texts", "none", language))]


def _line_view(state: str, said: str, mark: str = "-", details: Sequence[str] = ()) -> dict[str, Any]:
    # A page that lists the faults above does not list them again under notes.
    return {
        "label": "",
        "value": said,
        "state": state,
        "measured": True,
        "repeats": bool(state),
        "mark": mark,
        "details": list(details),
        "check": "",
        "why": "",
    }


def finding_text(finding: Finding, report: SystemReport, catalog: Catalog, language: str) -> str:
    """Return a fault in one line, named by its check."""
    parts = []
    if finding.check:
        parts.append(_title(report, finding.check, language))
    if finding.stage:
        stage = text(catalog, "stages", finding.stage, language)
        parts.append(text(catalog, "texts", "failed", language, stage=stage))
    said = reason_text(catalog, finding.reason, language, finding.kind)
    parts.append(" ".join(piece for piece in (said, clean(finding.message)) if piece))
    return ": ".join(part for part in parts if part)


def suggestions(report: SystemReport, catalog: Catalog, language: str) -> list[str]:
    """Return what to do about the faults, each remedy once and with the checks that ask for it."""
    by_remedy: dict[str, list[str]] = {}
    for finding in report.findings:
        remedy = remedy_text(catalog, finding.reason, language, finding.kind)
        if remedy:
            title = _title(report, finding.check, language) if finding.check else ""
            by_remedy.setdefault(remedy, []).append(title)
    said = []
    for remedy, titles in by_remedy.items():
        named = ("、" if language == "ja" else ", ").join(title for title in titles if title)
        said.append(f"{named}: {remedy}" if named else remedy)
    return said


def _notes(report: SystemReport, catalog: Catalog, language: str) -> list[_Said]:
    lines = [
        (finding.state, f"[{text(catalog, 'states', finding.state, language)}] {said}")
        for finding in report.findings
        if (said := finding_text(finding, report, catalog, language))
    ]
    for past in report.history:
        title = _title(report, past["check"], language) if past["check"] else ""
        sentence = reason_text(catalog, past["reason"], language)
        lines.append(("", f"{title}: {sentence}" if title else sentence))
    return lines


def _suggestions(report: SystemReport, catalog: Catalog, language: str) -> list[_Said]:
    return [("", said) for said in suggestions(report, catalog, language)]


def _actions(report: SystemReport, catalog: Catalog, language: str) -> list[_Said]:
    views = [action_view(action, catalog, language) for action in report.actions]
    return [("", f"{view['state_label']}: {view['name']}") for view in views]


def _improvements(report: SystemReport, catalog: Catalog, language: str) -> list[_Said]:
    """Return what was done in the period, each action once with how often (EST-24)."""
    done: dict[str, list[str]] = {}
    for run in report.inside:
        for action in run.get("actions") or []:
            if action.get("state") == "done":
                day = local_day(str(run["started"]), catalog.zone)
                done.setdefault(action_name(action, catalog, language), []).append(day)
    return [
        ("", text(catalog, "texts", "done_times", language, action=name, times=len(days), day=days[-1]))
        for name, days in done.items()
    ]


def _plans(report: SystemReport, catalog: Catalog, language: str) -> list[_Said]:
    """Return what is left to do: actions that were only planned, what a person has to look at, remedies of faults."""
    lines = [
        action_name(action, catalog, language)
        for action in report.run.get("actions") or []
        if action.get("state") == "planned"
    ]
    for item in report.attestations:
        if item.state in (OPEN, OVERDUE):
            title, day = clean(in_language(item.title, language)), local_day(item.due, catalog.zone)
            lines.append(text(catalog, "texts", "plan_attest", language, title=title, day=day))
    return [("", said) for said in [*lines, *suggestions(report, catalog, language)]]


_LISTS: Mapping[str, Callable[[SystemReport, Catalog, str], list[_Said]]] = {
    "notes": _notes,
    "suggestions": _suggestions,
    "actions": _actions,
    "improvements": _improvements,
    "plans": _plans,
}


def _incident_text(episode: Episode, report: SystemReport, catalog: Catalog, language: str) -> str:
    """Return an incident as the runbook heads it: moment, what, and how long it was seen."""
    what = _title(report, episode.check, language) if episode.check else text(catalog, "texts", "whole_host", language)
    if episode.seconds is None:
        length = text(catalog, "texts", "not_over", language)
    else:
        length = quantity_text(catalog, round(episode.seconds / 60), "minutes", language)
    return f"{time_text(episode.began, catalog.zone)}: {what} ({length})"


def _incident_details(episode: Episode, report: SystemReport, catalog: Catalog, language: str) -> list[str]:
    cause = reason_text(catalog, episode.reason, language, episode.kind) or text(catalog, "texts", "no_cause", language)
    done = [action_name(action, catalog, language) for action in episode.resolved_by]
    if episode.ended:
        done.append(text(catalog, "texts", "normal_again", language, when=time_text(episode.ended, catalog.zone)))
    remedy = remedy_text(catalog, episode.reason, language, episode.kind)
    said = {
        "cause": cause,
        "resolution": ("、" if language == "ja" else ", ").join(done) or text(catalog, "texts", "not_over", language),
        "prevention": ("" if language == "ja" else " ").join(
            part for part in (text(catalog, "texts", "no_record", language), remedy) if part
        ),
    }
    return [f"{text(catalog, 'texts', name, language)}: {sentence}" for name, sentence in said.items()]


def _title(report: SystemReport, check: str, language: str) -> str:
    return clean(in_language(check_title(report.run, check), language))
