# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole records out of the store: always a fixed number of statements, however many runs there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .clock import utc
from .records import Row, action_record, result_record, run_record
from .requirements import sa
from .rows import fetch
from .schema import tables
from .transactions import Store, read

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select, Table

#: More names than this are compared in Python: a statement takes a bounded number of parameters.
NAMES_IN_STATEMENT = 400
#: States of a Result that has figures.
_MEASURED = ("ok", "warning", "critical")


def runs_between(
    store: Store,
    hosts: Collection[str] | None,
    procedures: Collection[str] | None,
    start: datetime,
    end: datetime,
    *,
    states: Collection[str] | None = None,
) -> list[Row]:
    """Return the Run records that started in [start, end), oldest first, with results, actions and profile.

    Args:
        store: an open store.
        hosts: inventory hosts; None for all.
        procedures: procedures; None for all.
        start: first moment, UTC.
        end: moment after the last, UTC.
        states: only runs in these states; None also gives ``running``, ``interrupted`` and ``refused`` ones.
    """
    runs = tables().runs
    conditions = within(runs.c.started, start, end)
    conditions += among(runs.c.host, hosts) + among(runs.c.procedure, procedures) + among(runs.c.state, states)
    chosen = sa.select(runs.c.id).where(*conditions)
    found = read(store, lambda connection: _complete(connection, chosen))
    return [run for run in found if hosts is None or run["host"] in hosts]


def runs_where(store: Store, *conditions: ColumnElement[bool]) -> list[Row]:
    """Return the Run records that meet conditions on the table of runs, oldest first, complete."""
    chosen = sa.select(tables().runs.c.id).where(*conditions)
    return read(store, lambda connection: _complete(connection, chosen))


def last_run(
    store: Store,
    host: str,
    procedure: str | None = None,
    *,
    before: datetime | None = None,
    states: Collection[str] | None = STATES,
) -> Row | None:
    """Return the newest Run record of a host, a finished one unless ``states`` says otherwise, or None."""
    return last_runs(store, [host], procedure, before=before, states=states).get(host)


def last_runs(
    store: Store,
    hosts: Collection[str] | None,
    procedure: str | None = None,
    *,
    before: datetime | None = None,
    states: Collection[str] | None = STATES,
) -> dict[str, Row]:
    """Return the newest Run record of each host that has one; ``before`` leaves out what started then or later."""
    runs = tables().runs
    conditions = among(runs.c.host, hosts) + among(runs.c.state, states)
    if procedure is not None:
        conditions.append(runs.c.procedure == procedure)
    if before is not None:
        conditions.append(runs.c.started < utc(before, "before"))
    newest_first = sa.func.row_number().over(
        partition_by=runs.c.host, order_by=(runs.c.started.desc(), runs.c.id.desc())
    )
    ranked = sa.select(runs.c.id, newest_first.label("place")).where(*conditions).subquery()
    chosen = sa.select(ranked.c.id).where(ranked.c.place == 1)
    found = read(store, lambda connection: _complete(connection, chosen))
    return {run["host"]: run for run in found if hosts is None or run["host"] in hosts}


def last_runs_by_procedure(store: Store, hosts: Collection[str] | None) -> list[Row]:
    """Return the newest finished Run record of each procedure of each host, oldest first."""
    runs = tables().runs
    newest_first = sa.func.row_number().over(
        partition_by=(runs.c.host, runs.c.procedure), order_by=(runs.c.started.desc(), runs.c.id.desc())
    )
    conditions = among(runs.c.host, hosts) + among(runs.c.state, STATES)
    ranked = sa.select(runs.c.id, newest_first.label("place")).where(*conditions).subquery()
    chosen = sa.select(ranked.c.id).where(ranked.c.place == 1)
    found = read(store, lambda connection: _complete(connection, chosen))
    return [run for run in found if hosts is None or run["host"] in hosts]


def last_results(store: Store, wanted: Collection[tuple[str, str]], *, before: datetime) -> dict[tuple[str, str], Row]:
    """Return the newest Result with a figure of each wanted host and check, in one statement.

    Args:
        store: an open store.
        wanted: pairs of host and check.
        before: what started then or later is left out.
    """
    if not wanted:
        return {}
    results = tables().results
    hosts, checks = {host for host, _check in wanted}, {check for _host, check in wanted}
    newest_first = sa.func.row_number().over(
        partition_by=(results.c.host, results.c.check), order_by=results.c.started.desc()
    )
    ranked = (
        sa.select(results.c.run_id, results.c.position, newest_first.label("place"))
        .where(*among(results.c.host, hosts), *among(results.c.check, checks))
        .where(results.c.started < utc(before, "before"), results.c.value.is_not(None))
        .where(results.c.state.in_(_MEASURED))
        .subquery()
    )
    query = sa.select(results).join(
        ranked, (results.c.run_id == ranked.c.run_id) & (results.c.position == ranked.c.position)
    )
    found = read(store, lambda connection: fetch(connection, query.where(ranked.c.place == 1)))
    return {
        (row["host"], row["check"]): {**result_record(row), "run_id": row["run_id"]}
        for row in found
        if (row["host"], row["check"]) in wanted
    }


def within(column: ColumnElement[Any], start: datetime, end: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions that a moment is in [start, end)."""
    return [column >= utc(start, "start"), column < utc(end, "end")]


def among(column: ColumnElement[Any], names: Collection[str] | None) -> list[ColumnElement[bool]]:
    """Return the condition that a column is one of the names; none for None, and none for very many names.

    Whoever asks compares the rows with the names once more.
    """
    if names is None or len(names) > NAMES_IN_STATEMENT:
        return []
    return [column.in_(sorted(names))]


def oldest_first(runs: Table) -> tuple[ColumnElement[Any], ...]:
    """Return the order of runs in every answer."""
    return runs.c.started, runs.c.host, runs.c.id


def _complete(connection: Connection, chosen: Select[Any]) -> list[Row]:
    """Return the chosen runs with everything that belongs to them, in four statements."""
    runs, results, actions = tables().runs, tables().results, tables().actions
    rows = fetch(connection, sa.select(runs).where(runs.c.id.in_(chosen)).order_by(*oldest_first(runs)))
    profiles = profiles_of(connection, chosen)
    parts: dict[str, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for place, table, record in ((0, results, result_record), (1, actions, action_record)):
        query = sa.select(table).where(table.c.run_id.in_(chosen)).order_by(table.c.run_id, table.c.position)
        for row in fetch(connection, query):
            parts[row["run_id"]][place].append(record(row))
    return [run_record(row, profiles.get(row["profile_digest"]), *parts[row["id"]]) for row in rows]


def profiles_of(connection: Connection, chosen: Select[Any]) -> dict[str, Any]:
    """Return the profile snapshots of the chosen runs by their digests."""
    runs, profiles = tables().runs, tables().profiles
    digests = sa.select(runs.c.profile_digest).where(runs.c.id.in_(chosen))
    query = sa.select(profiles.c.digest, profiles.c.content).where(profiles.c.digest.in_(digests))
    return {row.digest: row.content for row in connection.execute(query)}
