# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in an incident, and what it makes of the incident's record. Pure: record in, record out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .progress import Progress, Reading, advanced, begun
from .timers import LEVELS, Situation

Record = dict[str, Any]

OPEN, ACKNOWLEDGED, RECOVERED = "open", "acknowledged", "recovered"
#: Kinds of events that change the record; every other kind is only kept.
DETECTED, ACKNOWLEDGEMENT, RECOVERY_SEEN = "detected", "acknowledged", "recovered"
#: The kind under which a planned moment of the timers is kept.
TOLD = "told"


@dataclass(frozen=True)
class Happening:
    """Something that happened in an incident.

    Args:
        kind: ``detected``, ``acknowledged``, ``recovered``, ``evidence``, ``rung``, ``told``, ``note`` ...
        key: the same for the same happening: the second one with it changes nothing. None is always new.
        detail: what is kept of it, as plain JSON values, already redacted.
        level: for ``detected``, the level that the checks give.
        categories: what the incident is from now on, such as ``security``.
        by: for ``acknowledged``, who.
        facts: what the reports say from now on (``impact``, ``cause``, ``next`` ...).
    """

    kind: str
    key: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    level: str | None = None
    categories: Sequence[str] = ()
    by: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def new_incident(identity: str, system: str, host: str, reading: Reading) -> Record:
    """Return the record of an incident that is opened now; a happening gives it its level."""
    return {
        "id": identity,
        "system": system,
        "host": host,
        "state": OPEN,
        "level": LEVELS[-1],
        "levels": {},
        "categories": {},
        "facts": {},
        "opened": reading.wall,
        **with_progress(begun(reading)),
        "acknowledged": None,
        "acknowledged_by": None,
        "acknowledged_seconds": None,
        "recovered": None,
        "recovered_seconds": None,
    }


def progress_of(incident: Mapping[str, Any]) -> Progress:
    """Return how far an incident's time has come."""
    return Progress(incident["elapsed_seconds"], incident["wall"], incident["clocks"] or {})


def with_progress(progress: Progress) -> Record:
    """Return the fields of the record that keep the progress."""
    return {
        "elapsed_seconds": progress.elapsed_seconds,
        "wall": progress.wall,
        "clocks": {name: dict(each) for name, each in progress.clocks.items()},
    }


def at(incident: Mapping[str, Any], reading: Reading) -> Record:
    """Return the incident at a later reading; the time of one that is over does not pass."""
    if incident["state"] == RECOVERED:
        return dict(incident)
    return {**incident, **with_progress(advanced(progress_of(incident), reading))}


def happened(incident: Mapping[str, Any], happening: Happening, wall: datetime) -> Record:
    """Return the record after a happening.

    The level only rises while the incident is open: a check that is well for a moment calls nobody off. What happens
    after the recovery is kept, and changes nothing but the facts.
    """
    record: Record = {**incident, "facts": {**(incident["facts"] or {}), **happening.facts}}
    if incident["state"] == RECOVERED:
        return record
    seconds = incident["elapsed_seconds"]
    new = {name: seconds for name in happening.categories if name not in incident["categories"]}
    record["categories"] = {**incident["categories"], **new}
    if happening.kind == DETECTED:
        level = min(filter(None, (happening.level, incident["level"])), key=LEVELS.index)
        record["level"] = level
        record["levels"] = {**incident["levels"], **({level: seconds} if level not in incident["levels"] else {})}
    elif happening.kind == ACKNOWLEDGEMENT and incident["acknowledged"] is None:
        record.update(state=ACKNOWLEDGED, acknowledged=wall, acknowledged_by=happening.by, acknowledged_seconds=seconds)
    elif happening.kind == RECOVERY_SEEN:
        record.update(state=RECOVERED, recovered=wall, recovered_seconds=seconds)
    return record


def situation_of(incident: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Situation:
    """Return an incident as its timers see it.

    Args:
        incident: its record.
        events: its events; those of the kind ``told`` say which moments are planned and who has been told.
    """
    planned = [event for event in events if event["kind"] == TOLD]
    return Situation(
        elapsed_seconds=incident["elapsed_seconds"],
        level=incident["level"],
        levels=incident["levels"] or {},
        categories=incident["categories"] or {},
        acknowledged=incident["acknowledged"] is not None,
        recovered=incident["state"] == RECOVERED,
        told={role for event in planned for role in event["detail"].get("roles", [])},
        planned={event["key"] for event in planned},
    )


def figures(incidents: Sequence[Mapping[str, Any]]) -> dict[str, float | int | None]:
    """Return the figures of some incidents: how many, mean times to acknowledge and to recover, in seconds.

    They are taken from the incidents' own time: a clock that was set in between does not change them.
    """
    acknowledged = [each["acknowledged_seconds"] for each in incidents if each["acknowledged_seconds"] is not None]
    recovered = [each["recovered_seconds"] for each in incidents if each["recovered_seconds"] is not None]
    return {
        "incidents": len(incidents),
        "open": sum(1 for each in incidents if each["state"] != RECOVERED),
        "mtta_seconds": sum(acknowledged) / len(acknowledged) if acknowledged else None,
        "mttr_seconds": sum(recovered) / len(recovered) if recovered else None,
    }
