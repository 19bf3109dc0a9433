# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single flight: one procedure at a time works on one instance of a system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .clock import utc
from .errors import StoreError
from .holder import Holder, process_started
from .jobs import Part, open_part
from .records import Row, profile_rows, run_row
from .requirements import sa
from .rows import chunks, fetch, insert_missing, lock_leases
from .schema import tables
from .staleness import Refusal, refusal, same_kernel, stale_reason
from .transactions import Store, read, write

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: A lease may vanish between the insert that meets it and the read that looks at it (its holder finished).
ROUNDS = 10

Run = Mapping[str, Any]
Key = tuple[str, str]


def begin(
    store: Store,
    runs: Sequence[Run],
    *,
    holder: Holder,
    now: datetime,
    lease_seconds: float,
    part: Part | None = None,
) -> dict[str, Refusal | None]:
    """Take the leases of a play's hosts and record its runs, all in one transaction.

    A host whose lease somebody else holds is refused and its run is recorded in state ``refused``; the others' runs
    are in state ``running``. The lease of a holder that is dead is taken over, and that holder's run becomes
    ``interrupted``. Repeating the call for the same run ids changes nothing.

    Args:
        store: an open store.
        runs: Run records (``id``, ``procedure``, ``system``, ``host``, ``started``; the rest is optional),
            one per host.
        holder: the process that lives as long as the play.
        now: the present, UTC.
        lease_seconds: how long the leases last.
        part: the play of a job that they belong to.

    Returns:
        For each host None, or who holds it.

    Raises:
        StoreError: the store cannot be written, or a record cannot be stored.
    """
    now, until = _period(now, lease_seconds)
    wanted = _by_key(runs)
    rows = {key: _lease_row(key, run, holder, now, until) for key, run in wanted.items()}
    started = {key: _run_row(run, holder) for key, run in wanted.items()}
    profiles = profile_rows(runs)

    def work(connection: Connection) -> dict[str, Refusal | None]:
        refused, interrupted = _take(connection, rows, holder, now)
        insert_missing(connection, tables().profiles, profiles)
        final = [_refused(row, refused[key], now) if key in refused else row for key, row in sorted(started.items())]
        insert_missing(connection, tables().runs, final)
        if part is not None:
            open_part(connection, part, now)
        for lease, reason in interrupted:
            _interrupt(connection, lease, reason, rows[lease["host"], lease["system"]]["run_id"], now)
        return {key[0]: refused.get(key) for key in sorted(wanted)}

    return write(store, work)


def refusals(store: Store, runs: Sequence[Run], *, holder: Holder, now: datetime) -> dict[str, Refusal | None]:
    """Return what ``begin`` would return, and write nothing (check mode)."""
    now = utc(now, "now")
    wanted = _by_key(runs)
    leases = tables().leases

    def work(connection: Connection) -> dict[str, Refusal | None]:
        answer: dict[str, Refusal | None] = {host: None for host, _system in sorted(wanted)}
        for hosts in chunks(sorted(answer)):
            for lease in fetch(connection, sa.select(leases).where(leases.c.host.in_(hosts))):
                run = wanted.get((lease["host"], lease["system"]))
                if run and run["id"] != lease["run_id"] and _stale(lease, holder, now) is None:
                    answer[lease["host"]] = refusal(lease)
        return answer

    return read(store, work)


def release(store: Store, run_ids: Sequence[str]) -> None:
    """Give the leases of these runs back, and nobody else's."""
    write(store, lambda connection: release_within(connection, run_ids))


def release_within(connection: Connection, run_ids: Sequence[str]) -> None:
    """Give the leases of these runs back, in the caller's transaction."""
    leases = tables().leases
    lock_leases(connection, leases, "run_id", list(set(run_ids)))
    for part in chunks(sorted(set(run_ids))):
        connection.execute(sa.delete(leases).where(leases.c.run_id.in_(part)))


def _period(now: datetime, lease_seconds: float) -> tuple[datetime, datetime]:
    if lease_seconds <= 0:
        raise StoreError(f"a lease of {lease_seconds} seconds", "Give more than 0.")
    now = utc(now, "now")
    return now, now + timedelta(seconds=lease_seconds)


def _by_key(runs: Sequence[Run]) -> dict[Key, Run]:
    hosts = [str(run.get("host")) for run in runs]
    twice = sorted({host for host in hosts if hosts.count(host) > 1})
    if twice:
        raise StoreError(f"the play has two runs for {', '.join(twice)}", "An inventory host is one instance.")
    return {(str(run.get("host")), str(run.get("system"))): run for run in runs}


def _lease_row(key: Key, run: Run, holder: Holder, now: datetime, until: datetime) -> Row:
    row = {"host": key[0], "system": key[1], "run_id": str(run.get("id")), "procedure": str(run.get("procedure"))}
    return {**row, "since": now, "until": until, **vars(holder)}


def _run_row(run: Run, holder: Holder) -> Row:
    named = {
        **run,
        "operator": run.get("operator") or holder.operator,
        "controller": run.get("controller") or holder.controller,
    }
    return run_row(named, "running")


def _refused(row: Row, by: Refusal, now: datetime) -> Row:
    failure = {"stage": "single_flight", "message": str(by)}
    extra = {**(row["extra"] or {}), "refused_by": dict(vars(by))}
    return {**row, "state": "refused", "finished": now, "failure": failure, "extra": extra}


def _take(
    connection: Connection, rows: Mapping[Key, Row], holder: Holder, now: datetime
) -> tuple[dict[Key, Refusal], list[tuple[Mapping[str, Any], str]]]:
    """Take every lease that is free or stale; return the refusals, and the stale leases with the reason."""
    refused: dict[Key, Refusal] = {}
    interrupted: list[tuple[Mapping[str, Any], str]] = []
    open_keys = set(rows)
    for _round in range(ROUNDS):
        insert_missing(connection, tables().leases, [rows[key] for key in sorted(open_keys)])
        found = lock_leases(connection, tables().leases, "host", [host for host, _system in open_keys])
        for lease in found:
            key = (lease["host"], lease["system"])
            if key not in open_keys:
                continue
            open_keys.remove(key)
            if lease["run_id"] == rows[key]["run_id"]:
                continue
            reason = _stale(lease, holder, now)
            if reason is None:
                refused[key] = refusal(lease)
            else:
                _replace(connection, rows[key])
                interrupted.append((lease, reason))
        if not open_keys:
            break
    else:
        raise StoreError(f"the leases of {', '.join(sorted(key[0] for key in open_keys))} kept changing", "Try again.")
    return refused, interrupted


def _stale(lease: Mapping[str, Any], holder: Holder, now: datetime) -> str | None:
    started = process_started(lease["pid"]) if same_kernel(lease, holder) else None
    return stale_reason(lease, holder, started, now)


def _replace(connection: Connection, row: Row) -> None:
    leases = tables().leases
    same = sa.and_(leases.c.host == row["host"], leases.c.system == row["system"])
    connection.execute(sa.update(leases).where(same).values(**row))


def _interrupt(connection: Connection, lease: Mapping[str, Any], reason: str, successor: str, now: datetime) -> None:
    runs = tables().runs
    failure = {"stage": "interrupted", "message": f"Never finished: {reason}; run {successor} took over."}
    connection.execute(
        sa.update(runs)
        .where(runs.c.id == lease["run_id"], runs.c.state == "running")
        .values(state="interrupted", finished=now, failure=failure)
    )
