# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents in the store: one transaction for what happened, what is due because of it, and the messages about it.

Whoever is killed leaves either all of it or nothing, and whoever does the same again changes nothing: an open incident
is unique by system and host, a happening by its key, a message by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..incidents import engine
from ..incidents.engine import Happening, Record
from ..incidents.progress import Reading
from ..incidents.timers import Moment
from .clock import utc, wire_time
from .errors import StoreError
from .outbox import message_rows
from .requirements import sa
from .rows import chunks, fetch, insert_missing
from .schema import tables
from .transactions import Store, read, write
from .wire import redacted, storable, text

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

#: How often an incident may be closed by somebody else while it is being opened.
ROUNDS = 5
MOMENTS = ("opened", "wall", "acknowledged", "recovered")


@dataclass(frozen=True)
class Planned:
    """A moment of the timers with what is sent because of it.

    Args:
        moment: what is due.
        messages: each with ``id``, ``role``, ``channel``, ``receiver``, ``language``, ``subject`` and ``body``.
        missing: roles that nobody has.
    """

    moment: Moment
    messages: Sequence[Mapping[str, Any]] = ()
    missing: Sequence[str] = ()


#: Says what is due in an incident as it stands: gets its record and its events.
Planner = Callable[[Record, Sequence[Record]], Sequence[Planned]]


def open_incident(
    store: Store,
    system: str,
    host: str,
    identity: str,
    reading: Reading,
    happenings: Sequence[Happening],
    plan: Planner,
) -> tuple[Record, bool]:
    """Open an incident, or join the open one of this system and host.

    Args:
        store: an open store.
        system: name of the system.
        host: inventory host.
        identity: id of a new incident.
        reading: the clocks now.
        happenings: what was detected; the first gives a new incident its level.
        plan: says who is told.

    Returns:
        The incident, and whether it is a new one.

    Raises:
        StoreError: the store cannot be written.
    """
    new = {**engine.new_incident(identity, system, host, reading), "open_key": open_key(system, host)}

    def work(connection: Connection) -> tuple[Record, bool]:
        table = tables().incidents
        for _round in range(ROUNDS):
            insert_missing(connection, table, [new])
            found = _locked(connection, table.c.open_key == new["open_key"])
            if found is not None:
                changed = _advance(connection, found, reading, happenings, plan)
                return changed, found["id"] == identity
        raise StoreError(f"{host}: its incident kept being closed", "Try again.")

    return write(store, work)


def happen(
    store: Store, identity: str, reading: Reading, happenings: Sequence[Happening], plan: Planner
) -> Record | None:
    """Record what happened in an incident and plan what is due; without happenings only the latter.

    What became due before the happenings is planned before them: a recovery in the 31st minute does not swallow the
    escalation of the 30th.

    Returns:
        The incident afterwards; None when there is none of that id.
    """

    def work(connection: Connection) -> Record | None:
        found = _locked(connection, tables().incidents.c.id == identity)
        return None if found is None else _advance(connection, found, reading, happenings, plan)

    return write(store, work)


def incidents(
    store: Store, hosts: Collection[str] | None = None, *, open_only: bool = False, identities: Collection[str] = ()
) -> list[Record]:
    """Return incidents, oldest first.

    Args:
        store: an open store.
        hosts: inventory hosts; None for all.
        open_only: leave out those that are over.
        identities: only these; empty for all.
    """
    table = tables().incidents
    query = sa.select(table).order_by(table.c.opened, table.c.id)
    if open_only:
        query = query.where(table.c.open_key.is_not(None))
    if identities:
        query = query.where(table.c.id.in_(sorted(identities)))
    found = read(store, lambda connection: fetch(connection, query))
    return [row for row in found if hosts is None or row["host"] in hosts]


def incident_events(store: Store, identities: Sequence[str]) -> dict[str, list[Record]]:
    """Return the events of incidents in the order in which they happened."""

    def work(connection: Connection) -> dict[str, list[Record]]:
        return {identity: events for part in chunks(list(identities)) for identity, events in _events(connection, part)}

    return read(store, work)


def had_key(store: Store, host: str, key: str, since: datetime) -> bool:
    """Tell whether an incident of a host that was over at a moment or later had an event with this key."""
    table, events = tables().incidents, tables().incident_events
    query = (
        sa.select(events.c.incident_id)
        .join(table, table.c.id == events.c.incident_id)
        .where(table.c.host == text(host), events.c.key == text(key), table.c.recovered >= utc(since, "since"))
    )
    return bool(read(store, lambda connection: fetch(connection, query.limit(1))))


def wire_incident(incident: Mapping[str, Any]) -> dict[str, Any]:
    """Return an incident as plain values: moments as ISO text, without what only the timers need."""
    kept = {key: value for key, value in incident.items() if key not in ("clocks", "open_key")}
    return {key: wire_time(value) if key in MOMENTS and value else value for key, value in kept.items()}


def open_key(system: str, host: str) -> str:
    """Return what an open incident is unique by."""
    return f"{system}/{host}"


def _locked(connection: Connection, condition: ColumnElement[bool]) -> Record | None:
    # On SQLite the transaction already holds the only write lock.
    found = fetch(connection, sa.select(tables().incidents).where(condition).with_for_update())
    return found[0] if found else None


def _advance(
    connection: Connection, found: Record, reading: Reading, happenings: Sequence[Happening], plan: Planner
) -> Record:
    events = dict(_events(connection, [found["id"]]))[found["id"]]
    before = len(events)
    record = engine.at(found, reading)
    # A new incident is planned once it has its level.
    messages = _planned(record, events, reading, plan) if events else []
    known = {event["key"] for event in events if event["key"]}
    for happening in map(_masked, happenings):
        if happening.key is not None and happening.key in known:
            continue
        known.add(happening.key)
        record = engine.happened(record, happening, reading.wall)
        events.append(_event(record, reading, len(events), happening.kind, happening.key, happening.detail))
    messages += _planned(record, events, reading, plan)
    if record["state"] == engine.RECOVERED:
        record["open_key"] = None
    changes = {key: value for key, value in record.items() if key != "id"}
    table = tables().incidents
    connection.execute(sa.update(table).where(table.c.id == record["id"]).values(**changes))
    if events[before:]:
        connection.execute(sa.insert(tables().incident_events), events[before:])
    insert_missing(connection, tables().messages, message_rows(messages, record["host"], record["id"], reading.wall))
    return record


def _masked(happening: Happening) -> Happening:
    """Return a happening without secrets: people and senders of events write what they like."""
    return replace(happening, detail=redacted(happening.detail), facts=redacted(happening.facts))


def _planned(record: Record, events: list[Record], reading: Reading, plan: Planner) -> list[Mapping[str, Any]]:
    messages: list[Mapping[str, Any]] = []
    for planned in plan(record, events):
        detail = {
            "moment": planned.moment.kind,
            "rule": planned.moment.rule,
            "roles": list(planned.moment.tell),
            "missing": list(planned.missing),
        }
        events.append(_event(record, reading, len(events), engine.TOLD, planned.moment.key, detail))
        messages += planned.messages
    return messages


def _event(
    record: Record, reading: Reading, position: int, kind: str, key: str | None, detail: Mapping[str, Any]
) -> Record:
    return {
        "incident_id": record["id"],
        "position": position,
        "at": reading.wall,
        "elapsed_seconds": record["elapsed_seconds"],
        "kind": kind,
        "key": None if key is None else text(key),
        "detail": storable(detail),
    }


def _events(connection: Connection, identities: Sequence[str]) -> list[tuple[str, list[Record]]]:
    table = tables().incident_events
    query = sa.select(table).where(table.c.incident_id.in_(identities)).order_by(table.c.incident_id, table.c.position)
    found: dict[str, list[Record]] = {identity: [] for identity in identities}
    for row in fetch(connection, query):
        found[row["incident_id"]].append(row)
    return list(found.items())
