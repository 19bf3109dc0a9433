# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident settings of a profile: refused when they name what there is not, and ready to use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import did_you_mean
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.judge import parse_level


@dataclass(frozen=True)
class IncidentSettings:
    """What a profile says of incidents.

    Args:
        title: the system's name by language.
        timezone: IANA name.
        priorities, ladders, contacts, channels, escalation: the lists of the profile; channels hold secrets.
        update_minutes: how often everybody who has been told hears how it stands.
        report_to: roles that get the reports of other procedures.
        evidence: what is gathered before anything is touched.
        questions: what is asked afterwards.
        corrective_actions: what may keep it from happening again, each with the checks that call for it.
        checks: titles of the checks by name.
    """

    title: Mapping[str, str]
    timezone: str
    priorities: Sequence[Mapping[str, Any]] = ()
    ladders: Sequence[Mapping[str, Any]] = ()
    contacts: Sequence[Mapping[str, Any]] = ()
    channels: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    escalation: Sequence[Mapping[str, Any]] = ()
    update_minutes: float = 15.0
    report_to: Sequence[str] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    questions: Sequence[Mapping[str, Any]] = ()
    corrective_actions: Sequence[Mapping[str, Any]] = ()
    checks: Mapping[str, Any] = field(default_factory=dict)


def incident_settings(settings: Mapping[str, Any], checks: Iterable[Mapping[str, Any]]) -> IncidentSettings:
    """Return the incident settings of a validated profile."""
    further = settings.get("system_incident") or {}
    lists = {
        key: settings.get(f"system_{key}") or []
        for key in ("priorities", "ladders", "contacts", "channels", "escalation")
    }
    minutes = further.get("update_minutes")
    return IncidentSettings(
        title=settings.get("system_title") or {"en": settings["system_name"], "ja": settings["system_name"]},
        timezone=settings["system_timezone"],
        **lists,
        update_minutes=15.0 if minutes is None else float(minutes),
        report_to=further.get("report_to") or [],
        evidence=further.get("evidence") or {},
        questions=further.get("questions") or [],
        corrective_actions=further.get("corrective_actions") or [],
        checks={check["name"]: check.get("title") or {} for check in checks},
    )


def checks_of(settings: Mapping[str, Any]) -> set[str]:
    """Return the names of the checks that an incident looks at."""
    rules = settings.get("system_priorities") or []
    asked = [*rules, *_asked_afterwards(settings)]
    return {name for each in asked for name in each.get("checks") or ()} | set(
        settings.get("system_verification") or ()
    )


def _asked_afterwards(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    further = settings.get("system_incident") or {}
    return [*(further.get("questions") or []), *(further.get("corrective_actions") or [])]


def refuse_wrong_incident(host: str, settings: Mapping[str, Any], checks: Sequence[str]) -> None:
    """Refuse incident settings that name what the profile does not have.

    Raises:
        ProfileError: names the host, the key and the way out.
    """
    priorities = settings.get("system_priorities") or []
    rules = _names(host, "system_priorities", priorities)
    for rule in priorities:
        where = "system_priorities names, in {}, the check".format(rule["name"])
        _refuse_missing(host, where, rule.get("checks") or (), checks, "Checks")
        parse_level(rule.get("value"), "{}: rule {}, key value".format(host, rule["name"]))
    own = [each["name"] for each in settings.get("system_actions") or [] if "incident" in (each.get("every") or ())]
    for ladder in settings.get("system_ladders") or []:
        for rung in ladder["rungs"]:
            asked = [rung["action"]] if rung.get("action") else []
            _refuse_missing(host, "system_ladders names the action", asked, own, "Actions of incident")
            _refuse_missing(host, "system_ladders names the rule", rung.get("rules") or (), rules, "Rules")
    contacts = settings.get("system_contacts") or []
    channels = _names(host, "system_channels", settings.get("system_channels") or [])
    roles = [contact["role"] for contact in contacts]
    for contact in contacts:
        used = [way["channel"] for way in contact["channels"]]
        _refuse_missing(host, "system_contacts names the channel", used, channels, "Channels")
        _refuse_missing(
            host, "system_contacts names the role", filter(None, [contact.get("otherwise")]), roles, "Roles"
        )
        _refuse_wrong_hours(host, contact)
    _names(host, "system_escalation", settings.get("system_escalation") or [])
    for rule in settings.get("system_escalation") or []:
        _refuse_missing(host, "system_escalation names the role", rule["tell"], roles, "Roles")
    further = settings.get("system_incident") or {}
    _refuse_missing(host, "system_incident names the role", further.get("report_to") or (), roles, "Roles")
    for afterwards in _asked_afterwards(settings):
        _refuse_missing(host, "system_incident names the check", afterwards.get("checks") or (), checks, "Checks")


def _names(host: str, key: str, stated: Iterable[Mapping[str, Any]]) -> list[str]:
    names = [each["name"] for each in stated]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ProfileError(f"{host}: two entries of {key} are named {twice}", "Rename one of them")
    return names


def _refuse_missing(host: str, where: str, used: Iterable[str], known: Sequence[str], what: str) -> None:
    for name in used:
        if name not in known:
            raise ProfileError(
                f"{host}: {where} {name}, which there is not{did_you_mean(name, known)}",
                "{}: {}".format(what, ", ".join(known) or "none"),
            )


def _refuse_wrong_hours(host: str, contact: Mapping[str, Any]) -> None:
    for key in ("from", "until"):
        stated = (contact.get("hours") or {}).get(key)
        try:
            time.fromisoformat(stated or "00:00")
        except ValueError:
            raise ProfileError(
                "{}: system_contacts, hours of {}: {} is {!r}, which is no time of day".format(
                    host, contact["role"], key, stated
                ),
                'Write it with quotes, such as "09:00"',
            ) from None
