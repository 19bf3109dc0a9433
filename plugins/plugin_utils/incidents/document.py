# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident report in the runbook's layout (EST-35): initial, update and final, in English and Japanese. Pure.

Everything in it was recorded; what nobody has recorded is said to be open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...module_utils.model import OK
from ..catalog import Catalog, in_language, load_catalog, quantity_text, reason_text, text
from ..report.period import time_text
from ..report.width import clean
from ..store.clock import wire_time
from .engine import RECOVERED
from .profile import IncidentSettings
from .timers import ESCALATION, RECOVERY

INITIAL, UPDATE, FINAL = "initial", "update", "final"
#: Which report a moment of the timers sends.
STAGE_OF_MOMENT = {ESCALATION: INITIAL, "update": UPDATE, RECOVERY: FINAL}
_GROUP = "incident"


def subject(incident: Mapping[str, Any], settings: IncidentSettings, stage: str, language: str) -> str:
    """Return the one line that a phone shows."""
    catalog = load_catalog()
    return text(
        catalog,
        _GROUP,
        "subject",
        language,
        level=incident["level"],
        system=in_language(settings.title, language),
        host=incident["host"],
        stage=text(catalog, _GROUP, f"stage_{stage}", language),
    )


def incident_report(
    incident: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    settings: IncidentSettings,
    stage: str,
    language: str,
) -> str:
    """Return the report.

    Args:
        incident: its record.
        events: its events in their order.
        settings: what the profile says of incidents.
        stage: ``initial``, ``update`` or ``final``.
        language: ``en`` or ``ja``.
    """
    page = _Page(replace(load_catalog(), zone=settings.timezone), language, settings)
    facts = incident["facts"] or {}
    over = incident["state"] == RECOVERED
    lines = [page.say("title", system=in_language(settings.title, language)), ""]
    lines += page.entry("level", page.say(incident["level"]))
    lines += page.entry("occurred", page.time(incident["opened"]))
    lines += page.entry("host", clean(incident["host"]))
    now = page.say("recovered_status") if over else in_language(facts.get("status"), language) or page.say("unclear")
    lines += page.entry("status", now)
    lines += page.entry("impact", in_language(facts.get("impact"), language) or page.say("under_investigation"))
    cause = in_language(facts.get("cause"), language)
    if stage != FINAL:
        lines += page.entry("cause", cause or page.say("under_investigation"))
    lines += page.listed("response", page.steps(events) or [page.say("nothing_yet")])
    if stage != INITIAL and facts.get("findings"):
        lines += page.listed("investigation", [page.finding(each) for each in facts["findings"]])
    if stage == FINAL:
        lines += _closing(page, incident, cause or "")
        lines += page.questions(facts)
        lines += page.corrective_actions(facts)
    else:
        lines += page.listed("next", page.next_steps(facts))
        lines += page.entry("estimate", in_language(facts.get("estimate"), language) or page.say("not_known"))
    if incident["acknowledged"]:
        when, who = page.time(incident["acknowledged"]), clean(incident["acknowledged_by"])
        lines += page.entry("acknowledged", page.say("acknowledged_by", when=when, who=who))
    if stage != INITIAL:
        lines += page.listed("timeline", page.timeline(events))
    lines += page.entry("reporter", clean(facts.get("reporter") or "aiops.runbooks"))
    lines += page.entry("identity", clean(incident["id"]))
    return "\n".join(lines).rstrip() + "\n"


def _closing(page: _Page, incident: Mapping[str, Any], cause: str) -> list[str]:
    facts = incident["facts"] or {}
    recovered, seconds = incident["recovered"], incident["recovered_seconds"]
    lines = page.entry("recovered", page.time(recovered) if recovered else page.say("not_known"))
    if seconds is not None:
        lines += page.entry("duration", page.duration(seconds))
    lines += page.entry("root_cause", cause or page.say("to_be_filled"))
    return lines + page.entry(
        "prevention", in_language(facts.get("prevention"), page.language) or page.say("to_be_filled")
    )


class _Page:
    """What every part of the report needs: catalogue, language, settings."""

    def __init__(self, catalog: Catalog, language: str, settings: IncidentSettings) -> None:
        self.catalog = catalog
        self.language = language
        self.settings = settings

    def say(self, entry: str, **fields: Any) -> str:
        return text(self.catalog, _GROUP, entry, self.language, **fields)

    def time(self, moment: Any) -> str:
        return time_text(moment if isinstance(moment, str) else wire_time(moment), self.settings.timezone)

    def duration(self, seconds: float) -> str:
        number, unit = (seconds, "seconds") if seconds < 120 else (seconds / 60, "minutes")
        return quantity_text(self.catalog, round(number), unit, self.language)

    def entry(self, name: str, value: str) -> list[str]:
        return [f"■ {self.say(name)}: {value}", ""]

    def listed(self, name: str, values: Sequence[str]) -> list[str]:
        return [f"■ {self.say(name)}:", *(f"- {value}" for value in values), ""]

    def finding(self, result: Mapping[str, Any]) -> str:
        name = str(result.get("check"))
        label = in_language(self.settings.checks.get(name), self.language) or clean(name)
        return f"{label}: {reason_text(self.catalog, result.get('reason'), self.language, str(result.get('kind')))}"

    def steps(self, events: Sequence[Mapping[str, Any]]) -> list[str]:
        return [self.step(event["detail"]) for event in events if event["kind"] == "rung"]

    def step(self, detail: Mapping[str, Any]) -> str:
        name = in_language(detail.get("title"), self.language) or clean(detail.get("name"))
        outcome = self.say(f"outcome_{detail.get('outcome')}", message=clean(detail.get("message") or ""))
        return self.say("step", step=name, outcome=outcome)

    def next_steps(self, facts: Mapping[str, Any]) -> list[str]:
        stated = facts.get("next") or {"id": "next_climb"}
        step = in_language(stated.get("title"), self.language) or clean(stated.get("name") or "")
        return [self.say(stated["id"], step=step, key=clean(stated.get("name") or ""))]

    def timeline(self, events: Sequence[Mapping[str, Any]]) -> list[str]:
        return [f"{self.time(event['at'])} {said}" for event in events if (said := self.event(event))]

    def event(self, event: Mapping[str, Any]) -> str:
        kind, detail = event["kind"], event["detail"] or {}
        if kind == "rung":
            return self.step(detail)
        if kind == "told":
            return self.told(detail)
        if kind == "detected":
            found = [self.finding(each) for each in detail.get("findings") or []]
            return self.say("event_detected", what="; ".join(found) or self.say("unclear"))
        fields = {
            "who": clean(detail.get("by") or ""),
            "what": clean(detail.get("what") or ""),
            "sections": len(detail.get("sections") or ()),
        }
        return self.say(f"event_{kind}", **fields)

    def told(self, detail: Mapping[str, Any]) -> str:
        missing = set(detail.get("missing") or ())
        said = []
        roles = [self.role(role) for role in detail.get("roles") or () if role not in missing]
        if roles:
            why = self.say(f"why_{detail.get('moment')}")
            said.append(self.say("event_told", who=", ".join(roles), why=why))
        if missing:
            said.append(self.say("event_missing", who=", ".join(self.role(role) for role in sorted(missing))))
        return "; ".join(said)

    def role(self, role: str) -> str:
        titles = [contact.get("title") for contact in self.settings.contacts if contact["role"] == role]
        return in_language(titles[0], self.language) if titles and titles[0] else clean(role)

    def questions(self, facts: Mapping[str, Any]) -> list[str]:
        if not self.settings.questions:
            return []
        seen = {str(result.get("check")): result for result in facts.get("seen") or []}
        answers = []
        for question in self.settings.questions:
            known = [seen[name] for name in question.get("checks") or [] if name in seen]
            answer = "; ".join(self.finding(result) for result in known) or self.say("open_question")
            answers.append(f"{in_language(question['text'], self.language)} {answer}")
        return self.listed("questions", answers)

    def corrective_actions(self, facts: Mapping[str, Any]) -> list[str]:
        """Return those that a finding calls for, with it, and those that only a person can call for (SBX-25)."""
        bad = {str(each.get("check")): each for each in facts.get("seen") or [] if each.get("state") not in (None, OK)}
        stated = []
        for action in self.settings.corrective_actions:
            called_for = [bad[name] for name in action.get("checks") or [] if name in bad]
            if called_for or not action.get("checks"):
                why = "; ".join(self.finding(result).rstrip(".。") for result in called_for) or self.say("to_consider")
                stated.append(f"{in_language(action['text'], self.language)} ({why})")
        return self.listed("corrective_actions", stated) if stated else []
