# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is due to the messages about it: who, where, in which language, with which words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..store.incidents import Planned, Planner
from .contacts import addresses
from .document import STAGE_OF_MOMENT, incident_report, subject
from .engine import Record, situation_of
from .profile import IncidentSettings
from .timers import Moment, due, rules_of


def planner(settings: IncidentSettings) -> Planner:
    """Return what plans the messages of a system's incidents."""
    rules = rules_of(settings.escalation)

    def plan(incident: Record, events: Sequence[Record]) -> list[Planned]:
        moments = due(situation_of(incident, events), rules, settings.update_minutes * 60)
        return [_planned(incident, events, moment, settings) for moment in moments]

    return plan


def _planned(incident: Record, events: Sequence[Record], moment: Moment, settings: IncidentSettings) -> Planned:
    ways, missing = addresses(moment.tell, settings.contacts, incident["wall"], settings.timezone)
    reachable = {way.role for way in ways}
    silent = [contact["role"] for contact in settings.contacts if not contact["channels"]]
    missing += [role for role in moment.tell if role in silent and role not in reachable]
    stage = STAGE_OF_MOMENT[moment.kind]
    messages: list[dict[str, Any]] = []
    for way in ways:
        messages.append(
            {
                "id": "{}/{}/{}".format(incident["id"], moment.key, way.key),
                "role": way.role,
                "channel": way.channel,
                "receiver": way.to,
                "language": way.language,
                "subject": subject(incident, settings, stage, way.language),
                "body": incident_report(incident, events, settings, stage, way.language),
            }
        )
    return Planned(moment, messages, missing)
