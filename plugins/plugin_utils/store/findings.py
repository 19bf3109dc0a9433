# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which runs have found something bad: what may have to become an incident."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .queries import among
from .requirements import sa
from .rows import chunks, fetch
from .schema import tables
from .transactions import Store, read

if TYPE_CHECKING:
    from sqlalchemy import Connection

BAD = ("critical",)


def bad_runs(store: Store, hosts: Collection[str], since: datetime) -> list[dict[str, Any]]:
    """Return the finished runs with a priority, a critical check or an unreachable host, oldest end first.

    Args:
        store: an open store.
        hosts: inventory hosts.
        since: runs that ended before are left out, UTC.

    Returns:
        For each run ``id``, ``host``, ``procedure``, ``finished``, ``reachable`` and its critical ``checks``.
    """
    runs, results = tables().runs, tables().results

    def work(connection: Connection) -> list[dict[str, Any]]:
        bad = sa.or_(runs.c.priority.is_not(None), runs.c.state.in_(BAD), runs.c.reachable.is_(False))
        query = sa.select(runs.c.id, runs.c.host, runs.c.procedure, runs.c.finished, runs.c.reachable)
        query = query.where(runs.c.finished >= since, bad, *among(runs.c.host, hosts))
        found = [row for row in fetch(connection, query.order_by(runs.c.finished, runs.c.id)) if row["host"] in hosts]
        checks: dict[str, list[str]] = {row["id"]: [] for row in found}
        for part in chunks(list(checks)):
            names = sa.select(results.c.run_id, results.c.check).where(
                results.c.run_id.in_(part), results.c.state.in_(BAD)
            )
            for row in fetch(connection, names.order_by(results.c.run_id, results.c.position)):
                checks[row["run_id"]].append(row["check"])
        return [{**row, "reachable": row["reachable"] is not False, "checks": checks[row["id"]]} for row in found]

    return read(store, work)
