# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record a play's outcome: the runs, their results and actions in one batched write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .errors import StoreError
from .jobs import NOT_RUN, Part, Stand, close_part
from .leases import release_within
from .records import Row, action_rows, profile_rows, result_rows, run_row
from .requirements import sa
from .rows import chunks, conflict_insert, insert_missing
from .schema import tables
from .transactions import Store, write

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: What ``begin`` knew and the finished record may leave out.
KEPT_FROM_BEGIN = ("operator", "controller", "profile_digest", "job")


@dataclass(frozen=True)
class Ended:
    """The end of one play of a job.

    Args:
        part: the play.
        moment: when, UTC.
        stopped: why hosts of it were not run; None when all were.
    """

    part: Part
    moment: datetime
    stopped: Mapping[str, Any] | None = None


def finish(store: Store, runs: Sequence[Mapping[str, Any]], ended: Ended | None = None) -> Stand | None:
    """Record finished runs with their results and actions, and give their leases back, in one transaction.

    May be repeated: the same run ids give the same rows. A run that ``begin`` could not record (its store was out of
    reach) is inserted; one that ``begin`` refused stays refused.

    Args:
        store: an open store.
        runs: complete Run records of the whole play, ``state`` being the verdict; runs in state ``refused`` are
            passed over. Those in state ``not_run`` are recorded as planned and never begun.
        ended: the play that comes to its end with them; None while batches of it follow.

    Returns:
        How the job stands when a play of it has ended.

    Raises:
        StoreError: the store cannot be written, or a record cannot be stored.
    """
    done = [run for run in runs if run.get("state") not in ("refused", NOT_RUN)]
    left_out = [run_row(run, NOT_RUN) for run in runs if run.get("state") == NOT_RUN]
    for run in done:
        if run.get("state") not in STATES:
            raise StoreError(f"run {run.get('id')} of {run.get('host')}: its state {run.get('state')!r} is no verdict")
    rows = {row["id"]: row for row in (run_row(run, run["state"]) for run in done)}
    results = [row for run in done for row in result_rows(run)]
    actions = [row for run in done for row in action_rows(run)]
    profiles = profile_rows(done)

    def work(connection: Connection) -> Stand | None:
        release_within(connection, sorted(rows))
        refused = _refused(connection, sorted(rows))
        kept = sorted(set(rows) - refused)
        insert_missing(connection, tables().profiles, profiles)
        _upsert_runs(connection, [rows[run_id] for run_id in kept])
        for table, given in ((tables().results, results), (tables().actions, actions)):
            for part in chunks(kept):
                connection.execute(sa.delete(table).where(table.c.run_id.in_(part)))
            wanted = [row for row in given if row["run_id"] not in refused]
            if wanted:
                connection.execute(sa.insert(table), wanted)
        insert_missing(connection, tables().runs, left_out)
        return close_part(connection, ended.part, ended.moment, ended.stopped) if ended else None

    return write(store, work)


def _refused(connection: Connection, run_ids: Sequence[str]) -> set[str]:
    runs = tables().runs
    found: set[str] = set()
    for part in chunks(run_ids):
        found.update(connection.scalars(sa.select(runs.c.id).where(runs.c.id.in_(part), runs.c.state == "refused")))
    return found


def _upsert_runs(connection: Connection, rows: Sequence[Row]) -> None:
    if not rows:
        return
    runs = tables().runs
    insert: Any = conflict_insert(connection, runs)
    new = insert.excluded
    changes = {
        column.name: sa.func.coalesce(new[column.name], column) if column.name in KEPT_FROM_BEGIN else new[column.name]
        for column in runs.c
        if column.name != "id"
    }
    connection.execute(insert.on_conflict_do_update(index_elements=[runs.c.id], set_=changes), list(rows))
