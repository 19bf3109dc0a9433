# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of incidents, their events, approvals, and of messages on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .columns import json_document, utc_datetime
from .requirements import sa

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table


def incidents_table(metadata: MetaData) -> Table:
    """Return the table of incidents; ``open_key`` is unique, and null once an incident is over."""
    moment = utc_datetime()
    return sa.Table(
        "incidents",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("open_key", sa.Text, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("levels", json_document(), nullable=False),
        sa.Column("categories", json_document(), nullable=False),
        sa.Column("facts", json_document(), nullable=False),
        sa.Column("opened", moment, nullable=False),
        sa.Column("elapsed_seconds", sa.Float, nullable=False),
        sa.Column("wall", moment, nullable=False),
        sa.Column("clocks", json_document(), nullable=False),
        sa.Column("acknowledged", moment),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("acknowledged_seconds", sa.Float),
        sa.Column("recovered", moment),
        sa.Column("recovered_seconds", sa.Float),
        sa.Index("incidents_host_opened", "host", "opened"),
    )


def incident_events_table(metadata: MetaData) -> Table:
    """Return the table of what happened in incidents; a key happens once in its incident."""
    return sa.Table(
        "incident_events",
        metadata,
        sa.Column("incident_id", sa.Text, sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", utc_datetime(), nullable=False),
        sa.Column("elapsed_seconds", sa.Float, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("detail", json_document(), nullable=False),
        sa.UniqueConstraint("incident_id", "key", name="incident_events_key"),
    )


def messages_table(metadata: MetaData) -> Table:
    """Return the table of messages: the outbox. What a channel is, and its secrets, are not in the store."""
    moment = utc_datetime()
    return sa.Table(
        "messages",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("incident_id", sa.Text),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("attachments", json_document()),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created", moment, nullable=False),
        sa.Column("due", moment, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("parts_done", sa.Integer, nullable=False),
        sa.Column("claim", json_document()),
        sa.Column("delivered", moment),
        sa.Column("error", sa.Text),
        sa.Index("messages_state_created", "state", "created"),
        sa.Index("messages_incident", "incident_id"),
    )


def approvals_table(metadata: MetaData) -> Table:
    """Return the table of approvals: who allowed which step on which host, until when, and which run used it."""
    moment = utc_datetime()
    return sa.Table(
        "approvals",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("approved", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("used", moment),
        sa.Column("used_by", sa.Text),
        sa.Index("approvals_host_step", "host", "step"),
    )


def add_incidents(connection: Connection) -> None:
    """Migrate: incidents, their events, messages and approvals."""
    moment, number, document = (
        ("TIMESTAMP WITH TIME ZONE", "FLOAT", "JSONB")
        if connection.dialect.name == "postgresql"
        else ("VARCHAR(27)", "FLOAT", "JSON")
    )
    for statement in (
        "CREATE TABLE incidents (id TEXT NOT NULL PRIMARY KEY, system TEXT NOT NULL, host TEXT NOT NULL,"
        " open_key TEXT UNIQUE, state TEXT NOT NULL, level TEXT NOT NULL,"
        f" levels {document} NOT NULL, categories {document} NOT NULL, facts {document} NOT NULL,"
        f" opened {moment} NOT NULL, elapsed_seconds {number} NOT NULL, wall {moment} NOT NULL,"
        f" clocks {document} NOT NULL, acknowledged {moment}, acknowledged_by TEXT, acknowledged_seconds {number},"
        f" recovered {moment}, recovered_seconds {number})",
        "CREATE INDEX incidents_host_opened ON incidents (host, opened)",
        "CREATE TABLE incident_events (incident_id TEXT NOT NULL REFERENCES incidents (id), position INTEGER NOT NULL,"
        f" at {moment} NOT NULL, elapsed_seconds {number} NOT NULL, kind TEXT NOT NULL, key TEXT,"
        f" detail {document} NOT NULL, PRIMARY KEY (incident_id, position),"
        " CONSTRAINT incident_events_key UNIQUE (incident_id, key))",
        "CREATE TABLE messages (id TEXT NOT NULL PRIMARY KEY, incident_id TEXT, host TEXT NOT NULL,"
        " role TEXT NOT NULL, channel TEXT NOT NULL, receiver TEXT NOT NULL, language TEXT NOT NULL,"
        f" subject TEXT NOT NULL, body TEXT NOT NULL, attachments {document}, state TEXT NOT NULL,"
        f" created {moment} NOT NULL, due {moment} NOT NULL, attempts INTEGER NOT NULL, parts_done INTEGER NOT NULL,"
        f" claim {document}, delivered {moment}, error TEXT)",
        "CREATE INDEX messages_state_created ON messages (state, created)",
        "CREATE INDEX messages_incident ON messages (incident_id)",
        "CREATE TABLE approvals (id TEXT NOT NULL PRIMARY KEY, host TEXT NOT NULL, system TEXT NOT NULL,"
        " step TEXT NOT NULL, operator TEXT NOT NULL, note TEXT NOT NULL,"
        f" approved {moment} NOT NULL, until {moment} NOT NULL, used {moment}, used_by TEXT)",
        "CREATE INDEX approvals_host_step ON approvals (host, step)",
    ):
        connection.exec_driver_sql(statement)
