# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a role to what is sent where: contacts, their hours, their channels and their language. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from ..report.period import zone_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Address:
    """One way to one receiver.

    Args:
        role: the receiver's role.
        channel: name of the channel in the profile; what it is and its secrets stay there.
        to: the receiver on that channel, such as an e-mail address; empty where the channel says it.
        language: ``en`` or ``ja``.
    """

    role: str
    channel: str
    to: str
    language: str

    @property
    def key(self) -> str:
        """Return what tells this way from others of the same role."""
        return f"{self.role}/{self.channel}" + (f"/{self.to}" if self.to else "")


def addresses(
    roles: Sequence[str], contacts: Sequence[Mapping[str, Any]], wall: datetime, zone: str
) -> tuple[list[Address], list[str]]:
    """Return where a message to some roles goes, and the roles that nobody has.

    Somebody outside their hours is replaced by the role named in ``otherwise``; where there is none, or it leads
    round in a circle, they are told all the same: no message is dropped because of the time of day.

    Args:
        roles: who is to be told.
        contacts: the profile's ``system_contacts``.
        wall: the present, UTC.
        zone: zone in which hours are meant.
    """
    by_role: dict[str, list[Mapping[str, Any]]] = {}
    for contact in contacts:
        by_role.setdefault(contact["role"], []).append(contact)
    found: dict[str, Address] = {}
    missing = []
    for role in roles:
        chosen = _on_duty(role, by_role, wall.astimezone(zone_of(zone)))
        if not chosen:
            missing.append(role)
        for contact in chosen:
            for way in contact["channels"]:
                address = Address(
                    contact["role"], way["channel"], str(way.get("to") or ""), contact.get("language") or "en"
                )
                found.setdefault(address.key, address)
    return list(found.values()), missing


def _on_duty(role: str, by_role: Mapping[str, list[Mapping[str, Any]]], local: datetime) -> list[Mapping[str, Any]]:
    asked = role
    seen: set[str] = set()
    while asked in by_role and asked not in seen:
        seen.add(asked)
        present = [contact for contact in by_role[asked] if _is_present(contact.get("hours"), local)]
        if present:
            return present
        asked = next((each["otherwise"] for each in by_role[asked] if each.get("otherwise")), asked)
    return by_role.get(role, [])


def _is_present(hours: Mapping[str, Any] | None, local: datetime) -> bool:
    if not hours:
        return True
    if DAYS[local.weekday()] not in (hours.get("days") or DAYS):
        return False
    start = time.fromisoformat(str(hours.get("from") or "00:00"))
    end = time.fromisoformat(str(hours.get("until") or "23:59:59"))
    now = local.time()
    # Until is before from where the hours go past midnight.
    return start <= now < end if start <= end else now >= start or now < end
