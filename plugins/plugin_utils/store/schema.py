# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables, as the newest version of this collection has them (older stores get there by migrations.py)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .columns import json_document, utc_datetime
from .requirements import sa
from .schema_incidents import approvals_table, incident_events_table, incidents_table, messages_table
from .schema_jobs import job_parts_table

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table


@dataclass(frozen=True)
class Tables:
    """The tables of the store, by name."""

    metadata: MetaData
    schema_version: Table
    profiles: Table
    runs: Table
    results: Table
    actions: Table
    leases: Table
    attestations: Table
    maintenance_windows: Table
    incidents: Table
    incident_events: Table
    messages: Table
    approvals: Table
    job_parts: Table


@functools.lru_cache(maxsize=1)
def tables() -> Tables:
    """Return the tables; a function, because defining them needs SQLAlchemy."""
    metadata = sa.MetaData()
    return Tables(
        metadata=metadata,
        schema_version=sa.Table(
            "schema_version", metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False)
        ),
        profiles=_profiles(metadata),
        runs=_runs(metadata),
        results=_results(metadata),
        actions=_actions(metadata),
        leases=_leases(metadata),
        attestations=_attestations(metadata),
        maintenance_windows=_maintenance_windows(metadata),
        incidents=incidents_table(metadata),
        incident_events=incident_events_table(metadata),
        messages=messages_table(metadata),
        approvals=approvals_table(metadata),
        job_parts=job_parts_table(metadata),
    )


def _profiles(metadata: MetaData) -> Table:
    # A snapshot hardly ever changes from one run to the next: it is kept once, under its digest.
    return sa.Table(
        "profiles",
        metadata,
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("content", json_document(), nullable=False),
    )


def _runs(metadata: MetaData) -> Table:
    moment = utc_datetime()
    return sa.Table(
        "runs",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("started", moment, nullable=False),
        sa.Column("finished", moment),
        sa.Column("operator", sa.Text),
        sa.Column("controller", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("priority", sa.Text),
        sa.Column("reachable", sa.Boolean),
        sa.Column("failure", json_document()),
        sa.Column("counts", json_document()),
        sa.Column("profile_digest", sa.String(64)),
        sa.Column("extra", json_document()),
        sa.Column("job", sa.Text),
        sa.Index("runs_system_host_started", "system", "host", "started"),
        sa.Index("runs_host_started", "host", "started"),
        sa.Index("runs_started", "started"),
        sa.Index("runs_job", "job"),
    )


def _results(metadata: MetaData) -> Table:
    return sa.Table(
        "results",
        metadata,
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("check", sa.Text, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("value", json_document()),
        sa.Column("unit", sa.Text),
        sa.Column("warning", sa.Text),
        sa.Column("critical", sa.Text),
        sa.Column("reason", json_document()),
        sa.Column("evidence", json_document()),
        sa.Column("coverage", sa.Float),
        sa.Column("runbook", sa.Text),
        sa.Column("started", utc_datetime(), nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("metrics", json_document()),
        sa.Column("source", sa.Text),
        sa.Column("extra", json_document()),
        sa.Index("results_system_host_started", "system", "host", "started"),
        sa.Index("results_host_check_started", "host", "check", "started"),
    )


def _actions(metadata: MetaData) -> Table:
    return sa.Table(
        "actions",
        metadata,
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text),
        sa.Column("for_check", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("changed", sa.Boolean),
        sa.Column("detail", json_document()),
        sa.Column("approved_by", sa.Text),
        sa.Column("runbook", sa.Text),
        sa.Column("seconds", sa.Float),
        sa.Column("extra", json_document()),
    )


def _leases(metadata: MetaData) -> Table:
    moment = utc_datetime()
    return sa.Table(
        "leases",
        metadata,
        sa.Column("host", sa.Text, primary_key=True),
        sa.Column("system", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text, nullable=False, index=True),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("controller", sa.Text, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("pid_namespace", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process_started", sa.BigInteger),
    )


def _attestations(metadata: MetaData) -> Table:
    return sa.Table(
        "attestations",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("attested", utc_datetime(), nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("controller", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("evidence_run_id", sa.Text),
        sa.Index("attestations_host_item_attested", "host", "item", "attested"),
    )


def _maintenance_windows(metadata: MetaData) -> Table:
    moment = utc_datetime()
    return sa.Table(
        "maintenance_windows",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("begins", moment, nullable=False),
        sa.Column("ends", moment, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("controller", sa.Text, nullable=False),
        sa.Column("planned", moment, nullable=False),
        sa.Column("closed", moment),
        sa.Column("closed_by", sa.Text),
        sa.Index("maintenance_windows_host_ends", "host", "ends"),
    )
