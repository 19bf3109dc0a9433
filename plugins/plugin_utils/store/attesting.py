# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person has attested: who looked at which evidence, when, and what they say about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .clock import utc, wire_time
from .errors import StoreError
from .queries import NAMES_IN_STATEMENT
from .records import Row
from .requirements import sa
from .rows import fetch
from .schema import tables
from .transactions import Store, read, write
from .wire import text

REQUIRED = ("id", "system", "host", "item", "attested", "operator", "controller", "note")


@dataclass(frozen=True)
class Asked:
    """A finished run, as far as attestations need it.

    Args:
        run_id: the run.
        system, host: the system instance.
        procedure: its procedure.
        started: ISO 8601 UTC.
    """

    run_id: str
    system: str
    host: str
    procedure: str
    started: str


def attest(store: Store, records: Sequence[Mapping[str, Any]]) -> None:
    """Record attestations in one write; nothing of what was recorded before is changed.

    Args:
        store: an open store.
        records: ``id``, ``system``, ``host``, ``item``, ``attested`` (a moment), ``operator``, ``controller``,
            ``note`` and ``evidence_run_id`` (or None).

    Raises:
        StoreError: the store cannot be written, or a record is not complete.
    """
    rows = [_row(record) for record in records]
    if rows:
        write(store, lambda connection: connection.execute(sa.insert(tables().attestations), rows))


def attestations(store: Store, hosts: Collection[str] | None = None) -> list[Row]:
    """Return what was attested, oldest first, as it was given.

    Args:
        store: an open store.
        hosts: inventory hosts; None for all.
    """
    table = tables().attestations
    query = sa.select(table).order_by(table.c.attested, table.c.id)
    if hosts is not None and len(hosts) <= NAMES_IN_STATEMENT:
        query = query.where(table.c.host.in_(sorted(hosts)))
    found = read(store, lambda connection: fetch(connection, query))
    return [{**row, "attested": wire_time(row["attested"])} for row in found if hosts is None or row["host"] in hosts]


def runs_asking(
    store: Store, hosts: Collection[str] | None, procedures: Collection[str], start: datetime, end: datetime
) -> list[Asked]:
    """Return the finished runs of some procedures that started in [start, end), oldest first, without their results.

    Args:
        store: an open store.
        hosts: inventory hosts; None for all.
        procedures: names of procedures.
        start: first moment, UTC.
        end: moment after the last, UTC.
    """
    runs = tables().runs
    query = (
        sa.select(runs.c.id, runs.c.system, runs.c.host, runs.c.procedure, runs.c.started)
        .where(runs.c.procedure.in_(sorted(procedures)), runs.c.state.in_(STATES))
        .where(runs.c.started >= utc(start, "start"), runs.c.started < utc(end, "end"))
        .order_by(runs.c.started, runs.c.id)
    )
    if hosts is not None and len(hosts) <= NAMES_IN_STATEMENT:
        query = query.where(runs.c.host.in_(sorted(hosts)))
    return [
        Asked(row["id"], row["system"], row["host"], row["procedure"], wire_time(row["started"]))
        for row in read(store, lambda connection: fetch(connection, query))
        if hosts is None or row["host"] in hosts
    ]


def _row(record: Mapping[str, Any]) -> Row:
    missing = [field for field in REQUIRED if not record.get(field)]
    if missing:
        raise StoreError("attestation of {}: the record lacks {}".format(record.get("item", "?"), ", ".join(missing)))
    row: Row = {field: text(record[field]) for field in REQUIRED if field != "attested"}
    evidence = record.get("evidence_run_id")
    row["attested"] = utc(record["attested"], f"attestation of {record['item']}: attested")
    return {**row, "evidence_run_id": None if evidence is None else text(evidence)}
