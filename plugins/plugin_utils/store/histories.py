# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures and sightings over time, which trends and availability are computed from; many hosts in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .queries import among, oldest_first, profiles_of, within
from .requirements import sa
from .schema import tables
from .transactions import Store, read

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class Point:
    """One measured figure of a check.

    Args:
        at: when the check looked, UTC.
        value: the figure.
        state: state of the result that it comes from.
        run_id: the run.
    """

    at: datetime
    value: float
    state: str
    run_id: str


@dataclass(frozen=True)
class Sample:
    """What one look of a check measured.

    Args:
        at: when the check looked, UTC.
        value: the result's value.
        metrics: its other figures.
        state: state of the result.
    """

    at: datetime
    value: Any
    metrics: Mapping[str, Any]
    state: str


@dataclass(frozen=True)
class Sighting:
    """What one finished run says about a system being up.

    Args:
        at: when the run started, UTC.
        finished: when it was over, UTC.
        reachable: whether the host answered.
        checks: state of each check that the profile marks with ``availability``.
        procedure: the run's procedure.
        run_id: the run.
        failed: the run did not get to its end.
    """

    at: datetime
    finished: datetime | None
    reachable: bool
    checks: Mapping[str, str]
    procedure: str
    run_id: str
    failed: bool = False


def samples_of(
    store: Store, hosts: Collection[str], checks: Collection[str], start: datetime, end: datetime
) -> dict[tuple[str, str], list[Sample]]:
    """Return what checks of many hosts measured over [start, end), by host and check, oldest first.

    Args:
        store: an open store.
        hosts: inventory hosts.
        checks: names of the checks.
        start: first moment, UTC.
        end: moment after the last, UTC.
    """
    results = tables().results
    query = (
        sa.select(
            results.c.host, results.c.check, results.c.started, results.c.value, results.c.metrics, results.c.state
        )
        .where(*among(results.c.host, hosts), *among(results.c.check, checks))
        .where(*within(results.c.started, start, end))
        .order_by(results.c.started, results.c.run_id)
    )
    found: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for row in read(store, lambda connection: connection.execute(query).all()):
        if row.host in hosts and row.check in checks:
            sample = Sample(at=row.started, value=row.value, metrics=row.metrics or {}, state=row.state)
            found[row.host, row.check].append(sample)
    return dict(found)


def series(store: Store, host: str, check: str, metric: str | None, start: datetime, end: datetime) -> list[Point]:
    """Return a figure of a check over [start, end), oldest first, only where it was measured as a number.

    Args:
        store: an open store.
        host: inventory host.
        check: name of the check.
        metric: one of its ``metrics``; None for the result's ``value``.
        start: first moment, UTC.
        end: moment after the last, UTC.
    """
    results = tables().results
    column = results.c.value if metric is None else results.c.metrics
    query = (
        sa.select(results.c.started, column.label("figure"), results.c.state, results.c.run_id)
        .where(results.c.host == host, results.c.check == check, *within(results.c.started, start, end))
        .order_by(results.c.started, results.c.run_id)
    )
    points = []
    for row in read(store, lambda connection: connection.execute(query).all()):
        figure = row.figure if metric is None else (row.figure or {}).get(metric)
        if isinstance(figure, (int, float)) and not isinstance(figure, bool):
            points.append(Point(at=row.started, value=figure, state=row.state, run_id=row.run_id))
    return points


def observations(store: Store, host: str, start: datetime, end: datetime) -> list[Sighting]:
    """Return what every finished run that started in [start, end) says about a host being up, oldest first."""
    return observations_of(store, [host], start, end).get(host, [])


def observations_of(store: Store, hosts: Collection[str], start: datetime, end: datetime) -> dict[str, list[Sighting]]:
    """Return ``observations`` of many hosts at once; hosts without any are left out."""
    runs, results = tables().runs, tables().results
    conditions = [*among(runs.c.host, hosts), runs.c.state.in_(STATES), *within(runs.c.started, start, end)]
    chosen = sa.select(runs.c.id).where(*conditions)

    def work(connection: Connection) -> tuple[Sequence[Any], Sequence[Any], dict[str, Any]]:
        profiles = profiles_of(connection, chosen)
        names = {check for profile in profiles.values() for check in _deciding(profile)}
        query = sa.select(runs).where(*conditions).order_by(*oldest_first(runs))
        states = sa.select(results.c.run_id, results.c.check, results.c.state).where(
            results.c.run_id.in_(chosen), *among(results.c.check, names)
        )
        return connection.execute(query).all(), connection.execute(states).all(), profiles

    found, checked, profiles = read(store, work)
    states_of: dict[str, dict[str, str]] = defaultdict(dict)
    for row in checked:
        states_of[row.run_id][row.check] = row.state
    seen: dict[str, list[Sighting]] = defaultdict(list)
    for run in found:
        if run.host not in hosts:
            continue
        deciding = _deciding(profiles.get(run.profile_digest))
        seen[run.host].append(
            Sighting(
                at=run.started,
                finished=run.finished,
                reachable=run.reachable is not False,
                checks={name: state for name, state in states_of[run.id].items() if name in deciding},
                procedure=run.procedure,
                run_id=run.id,
                failed=run.failure is not None,
            )
        )
    return dict(seen)


def _deciding(profile: Any) -> set[str]:
    """Return the names of the checks that a profile lets decide between up and down."""
    checks = (profile or {}).get("checks") or {}
    return {name for name, check in checks.items() if (check or {}).get("availability")}
