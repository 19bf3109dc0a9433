# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: one order on many systems, in batches or in slices, and what has become of each of its hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .clock import wire_time
from .errors import StoreError
from .queries import runs_where
from .records import Row
from .requirements import sa
from .rows import fetch, insert_missing
from .schema import tables
from .transactions import Store, read

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: State of a run that was planned and never begun; it says nothing about its system.
NOT_RUN = "not_run"
#: Verdicts with which a host needs no second attempt.
DONE = ("ok", "warning")
#: The word for the newest job of a procedure.
LAST = "last"


@dataclass(frozen=True)
class Part:
    """One play of a job.

    Args:
        job: the job; slices of one order have it in common.
        name: the play, unique.
        procedure: what it does.
        hosts: inventory names of all its hosts, those of later batches included.
    """

    job: str
    name: str
    procedure: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Stand:
    """How far a job is when one of its parts ends.

    Args:
        parts: how many parts have begun.
        running: how many of them have not ended.
    """

    parts: int
    running: int


def open_part(connection: Connection, part: Part, now: datetime) -> None:
    """Note that a part has begun, in the caller's transaction; repeating it changes nothing."""
    row = {"job": part.job, "part": part.name, "procedure": part.procedure, "hosts": list(part.hosts), "started": now}
    insert_missing(connection, tables().job_parts, [row])


def close_part(connection: Connection, part: Part, now: datetime, stopped: Mapping[str, Any] | None) -> Stand:
    """Note that a part has ended, in the caller's transaction, and return how the job stands.

    The parts are locked before they are read: of two that end at the same moment, one sees that the other has.

    Args:
        connection: a connection in a write transaction.
        part: the part.
        now: the present, UTC.
        stopped: why its remaining hosts were not run, None when it came to its end.
    """
    parts = tables().job_parts
    own = sa.and_(parts.c.job == part.job, parts.c.part == part.name)
    fetch(connection, sa.select(parts.c.part).where(parts.c.job == part.job).order_by(parts.c.part).with_for_update())
    open_part(connection, part, now)
    connection.execute(sa.update(parts).where(own).values(finished=now, stopped=dict(stopped) if stopped else None))
    found = fetch(connection, sa.select(parts.c.part, parts.c.finished).where(parts.c.job == part.job))
    return Stand(len(found), sum(row["finished"] is None for row in found))


def job_parts(store: Store, job: str) -> list[Row]:
    """Return the parts of a job in the order in which they began, with their ``hosts`` and why one was ``stopped``."""
    parts = tables().job_parts
    query = sa.select(parts).where(parts.c.job == job).order_by(parts.c.started, parts.c.part)
    found = read(store, lambda connection: fetch(connection, query))
    return [
        {
            **row,
            "started": wire_time(row["started"]),
            "finished": wire_time(row["finished"]) if row["finished"] else None,
        }
        for row in found
    ]


def job_runs(store: Store, job: str) -> list[Row]:
    """Return the newest Run record of each host of a job, also of those that were refused or not run."""
    found = runs_where(store, tables().runs.c.job == job)
    return list({(run["system"], run["host"]): run for run in found}.values())


def unfinished_hosts(store: Store, job: str, procedure: str) -> tuple[str, list[str]]:
    """Return a job's name and its hosts that have to be done yet: what failed first, then what was not run.

    A host that a dead controller never began stands only in the plan of its part; it is among them, too.

    Args:
        store: an open store.
        job: its name, or ``last`` for the newest of the procedure.
        procedure: what the job must be about.

    Raises:
        StoreError: there is no such job, or it is about another procedure.
    """
    name = (_newest(store, procedure) or "") if job == LAST else job
    parts = job_parts(store, name)
    if not parts:
        what = f"no job of {procedure}" if job == LAST else f"no job {job}"
        raise StoreError(f"{store.location.shown}: there is {what}", "Name its store, or the hosts with --limit.")
    other = next((part["procedure"] for part in parts if part["procedure"] != procedure), None)
    if other:
        raise StoreError(f"job {name} is one of {other}, not of {procedure}", f"Resume it with the playbook {other}.")
    states = {run["host"]: run["state"] for run in job_runs(store, name)}
    planned = dict.fromkeys(host for part in parts for host in part["hosts"])
    open_hosts = [host for host in planned if states.get(host) not in DONE]
    return name, sorted(open_hosts, key=lambda host: states.get(host, NOT_RUN) == NOT_RUN)


def _newest(store: Store, procedure: str) -> str | None:
    parts = tables().job_parts
    query = sa.select(parts.c.job).where(parts.c.procedure == procedure)
    query = query.order_by(parts.c.started.desc(), parts.c.job.desc()).limit(1)
    found = read(store, lambda connection: fetch(connection, query))
    return str(found[0]["job"]) if found else None
