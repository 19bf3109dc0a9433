# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance windows: time in which a system may be down without anybody missing it (EST-30).

A window is planned with an end and never removed. It may be closed before its end; one that was closed before it began
never was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .clock import utc, wire_time
from .errors import StoreError
from .queries import among
from .records import Row
from .requirements import sa
from .rows import chunks, fetch
from .schema import tables
from .transactions import Store, read, write
from .wire import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

REQUIRED = ("id", "system", "host", "begins", "ends", "reason", "operator", "controller", "planned")
_MOMENTS = ("begins", "ends", "planned", "closed")


def plan_maintenance(store: Store, records: Sequence[Mapping[str, Any]], *, apply: bool = True) -> list[Row]:
    """Record windows in one write, and return those that are new: one that is planned already is not planned twice.

    Args:
        store: an open store.
        records: ``id``, ``system``, ``host``, ``begins`` and ``ends`` (moments), ``reason``, ``operator``,
            ``controller`` and ``planned`` (a moment).
        apply: False only tells which would be new.

    Raises:
        StoreError: the store cannot be written, or a record is not complete or ends before it begins.
    """
    rows = [_row(record) for record in records]
    if not rows:
        return []

    def work(connection: Connection) -> list[Row]:
        table = tables().maintenance_windows
        query = sa.select(table).where(*among(table.c.host, {row["host"] for row in rows}), table.c.closed.is_(None))
        known = {_plan(row) for row in fetch(connection, query)}
        new = [row for row in rows if _plan(row) not in known]
        if new and apply:
            connection.execute(sa.insert(table), new)
        return new

    return [_wired(row) for row in (write if apply else read)(store, work)]


def close_maintenance(
    store: Store,
    hosts: Collection[str],
    now: datetime,
    operator: str,
    *,
    identities: Collection[str] | None = None,
    planned: bool = False,
    apply: bool = True,
) -> list[Row]:
    """End the windows of hosts that are not over yet, and return them as they are now.

    Args:
        store: an open store.
        hosts: inventory hosts.
        now: the moment from which they no longer hold.
        operator: who ends them.
        identities: only these windows; None is every one.
        planned: also cancel those that have not begun. Windows that are named are cancelled in any case.
        apply: False only tells which would be ended.
    """
    moment = utc(now, "the end of a maintenance window")
    table = tables().maintenance_windows

    def work(connection: Connection) -> list[Row]:
        query = sa.select(table).where(*among(table.c.host, hosts), table.c.closed.is_(None), table.c.ends > moment)
        chosen = [
            row
            for row in fetch(connection, query.order_by(table.c.begins, table.c.id))
            if row["host"] in hosts
            and (row["id"] in identities if identities is not None else planned or row["begins"] <= moment)
        ]
        ending = {"closed": moment, "closed_by": text(operator)}
        if apply:
            for part in chunks([row["id"] for row in chosen]):
                connection.execute(sa.update(table).where(table.c.id.in_(part)).values(**ending))
        return [{**row, **ending} for row in chosen]

    return [_wired(row) for row in (write if apply else read)(store, work)]


def maintenance_windows(store: Store, hosts: Collection[str] | None, start: datetime, end: datetime) -> list[Row]:
    """Return the windows that overlap [start, end), oldest first; cancelled ones, too.

    Besides what was recorded each has ``until``: when it really ends. A window whose ``until`` is not after its
    ``begins`` was cancelled.

    Args:
        store: an open store.
        hosts: inventory hosts; None for all.
        start: first moment, UTC.
        end: moment after the last, UTC.
    """
    table = tables().maintenance_windows
    query = (
        sa.select(table)
        .where(*among(table.c.host, hosts))
        .where(table.c.begins < utc(end, "end"), table.c.ends > utc(start, "start"))
        .order_by(table.c.begins, table.c.id)
    )
    found = read(store, lambda connection: fetch(connection, query))
    return [_wired(row) for row in found if hosts is None or row["host"] in hosts]


def maintenance_intervals(
    store: Store, hosts: Collection[str] | None, start: datetime, end: datetime
) -> dict[str, list[tuple[float, float]]]:
    """Return, per host, when its windows really held within [start, end), in seconds since the epoch."""
    return intervals_of(maintenance_windows(store, hosts, start, end))


def intervals_of(windows: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Return, per host, when windows really held, in seconds since the epoch."""
    found: dict[str, list[tuple[float, float]]] = {}
    for window in windows:
        begins, until = (utc(window[name], name).timestamp() for name in ("begins", "until"))
        if begins < until:
            found.setdefault(str(window["host"]), []).append((begins, until))
    return found


def _row(record: Mapping[str, Any]) -> Row:
    missing = [field for field in REQUIRED if not record.get(field)]
    if missing:
        raise StoreError(
            "maintenance window of {}: the record lacks {}".format(record.get("host", "?"), ", ".join(missing))
        )
    row: Row = {field: text(record[field]) for field in REQUIRED if field not in _MOMENTS}
    for field in ("begins", "ends", "planned"):
        row[field] = utc(record[field], f"maintenance window of {record['host']}: {field}")
    if row["ends"] <= row["begins"]:
        raise StoreError(f"maintenance window of {record['host']}: it ends before it begins")
    return {**row, "closed": None, "closed_by": None}


def _plan(row: Row) -> tuple[Any, ...]:
    return row["host"], row["system"], row["begins"], row["ends"], row["reason"]


def _wired(row: Row) -> Row:
    until = row["ends"] if row["closed"] is None else min(row["ends"], row["closed"])
    times = {field: None if row[field] is None else wire_time(row[field]) for field in _MOMENTS}
    return {**row, **times, "until": wire_time(until)}
