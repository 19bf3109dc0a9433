# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that are old enough to go.

What the store still needs stays, however old it is: the newest finished run of each procedure on each system, and
newer ones that did not finish; what is running; the evidence of an attestation that stays; the newest attestation of
each item; incidents that are open or have messages on their way; windows and approvals that are not over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .clock import utc
from .outbox import PENDING
from .requirements import sa
from .rows import CHUNK
from .schema import Tables, tables
from .transactions import Store, read, write

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, FromClause, Table

#: The order in which records go: what refers to others goes before them.
KINDS = ("attestations", "runs", "profiles", "job_parts", "messages", "incidents", "maintenance_windows", "approvals")


def expired(store: Store, before: datetime) -> dict[str, int]:
    """Return how many records of each kind :func:`expire` would remove."""
    before = utc(before, "before")

    def work(connection: Connection) -> dict[str, int]:
        return {kind: _count(connection, *_going(tables(), kind, before)) for kind in KINDS}

    return read(store, work)


def expire(store: Store, before: datetime) -> dict[str, int]:
    """Remove the records that are older than a moment and that nothing needs any more.

    Each transaction is a short one, so that nobody waits long; whoever is killed between two has removed less.

    Args:
        store: an open store.
        before: the moment, UTC.

    Returns:
        How many records of each kind went.

    Raises:
        StoreError: the store cannot be written.
    """
    before = utc(before, "before")
    gone = dict.fromkeys(KINDS, 0)
    for kind in KINDS:
        while removed := write(store, _removal(kind, before)):
            gone[kind] += removed
    return gone


def _removal(kind: str, before: datetime) -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        there = tables()
        if kind == "profiles" and connection.dialect.name == "postgresql":
            # Whoever begins a run finds its profile or writes it anew, not one that is about to go.
            connection.exec_driver_sql("LOCK TABLE profiles IN EXCLUSIVE MODE")
        table, condition = _going(there, kind, before)
        (key, *further) = table.primary_key.columns
        chosen = list(connection.scalars(sa.select(key).where(condition).distinct().limit(CHUNK)))
        if not chosen:
            return 0
        for dependent, column in _dependents(there, kind):
            connection.execute(sa.delete(dependent).where(column.in_(chosen)))
        # Of a job only some parts may be old enough.
        rest = [condition] if further else []
        return int(connection.execute(sa.delete(table).where(key.in_(chosen), *rest)).rowcount)

    return work


def _count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return int(connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0)


def _dependents(there: Tables, kind: str) -> list[tuple[Table, ColumnElement[Any]]]:
    if kind == "runs":
        return [(table, table.c.run_id) for table in (there.results, there.actions)]
    if kind == "incidents":
        return [(there.incident_events, there.incident_events.c.incident_id)]
    return []


def _going(there: Tables, kind: str, before: datetime) -> tuple[Table, ColumnElement[bool]]:
    """Return the table of a kind, and what is true of those of its rows that go."""
    conditions = {
        "attestations": _attestation_goes,
        "runs": _run_goes,
        "profiles": _profile_goes,
        "job_parts": _part_goes,
        "messages": _message_goes,
        "incidents": _incident_goes,
        "maintenance_windows": _window_goes,
        "approvals": _approval_goes,
    }
    table: Table = getattr(there, kind)
    return table, conditions[kind](there, table, before)


def _attestation_goes(there: Tables, one: FromClause, before: datetime) -> ColumnElement[bool]:
    newer = there.attestations.alias()
    same = [newer.c[name] == one.c[name] for name in ("system", "host", "item")]
    return sa.and_(one.c.attested < before, sa.exists().where(*same, newer.c.attested > one.c.attested))


def _run_goes(there: Tables, one: FromClause, before: datetime) -> ColumnElement[bool]:
    newer, leases, attestations = there.runs.alias(), there.leases, there.attestations.alias()
    same = [newer.c[name] == one.c[name] for name in ("system", "host", "procedure")]
    stays = sa.not_(_attestation_goes(there, attestations, before))
    return sa.and_(
        one.c.started < before,
        sa.exists().where(*same, newer.c.started > one.c.started, newer.c.state.in_(STATES)),
        sa.not_(sa.exists().where(leases.c.run_id == one.c.id)),
        sa.not_(sa.exists().where(attestations.c.evidence_run_id == one.c.id, stays)),
    )


def _profile_goes(there: Tables, one: FromClause, before: datetime) -> ColumnElement[bool]:
    runs = there.runs.alias()
    return sa.not_(sa.exists().where(runs.c.profile_digest == one.c.digest, sa.not_(_run_goes(there, runs, before))))


def _part_goes(there: Tables, one: FromClause, before: datetime) -> ColumnElement[bool]:
    runs = there.runs.alias()
    stays = sa.exists().where(runs.c.job == one.c.job, sa.not_(_run_goes(there, runs, before)))
    return sa.and_(one.c.started < before, sa.not_(stays))


def _message_goes(there: Tables, one: FromClause, before: datetime) -> ColumnElement[bool]:
    incidents = there.incidents.alias()
    of_one_that_stays = sa.exists().where(
        incidents.c.id == one.c.incident_id, sa.not_(_incident_goes(there, incidents, before))
    )
    return sa.and_(one.c.created < before, one.c.state != PENDING, sa.not_(of_one_that_stays))


def _incident_goes(there: Tables, one: FromClause, before: datetime) -> ColumnElement[bool]:
    messages = there.messages.alias()
    # One that is on its way, or was made long after the incident.
    waiting = sa.or_(messages.c.state == PENDING, messages.c.created >= before)
    return sa.and_(
        one.c.open_key.is_(None),
        one.c.recovered < before,
        sa.not_(sa.exists().where(messages.c.incident_id == one.c.id, waiting)),
    )


def _window_goes(there: Tables, one: FromClause, before: datetime) -> ColumnElement[bool]:
    return sa.and_(one.c.ends < before, sa.or_(one.c.closed.is_(None), one.c.closed < before))


def _approval_goes(there: Tables, one: FromClause, before: datetime) -> ColumnElement[bool]:
    return sa.and_(one.c.until < before, sa.or_(one.c.used.is_(None), one.c.used < before))
