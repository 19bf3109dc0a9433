# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of jobs: which plays belong to one job, and on which hosts each of them was started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .columns import json_document, utc_datetime
from .requirements import sa

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table


def job_parts_table(metadata: MetaData) -> Table:
    """Return the table of the parts of jobs: one for each play, several where a job is sliced."""
    moment = utc_datetime()
    return sa.Table(
        "job_parts",
        metadata,
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("hosts", json_document(), nullable=False),
        sa.Column("started", moment, nullable=False),
        sa.Column("finished", moment),
        sa.Column("stopped", json_document()),
        sa.Index("job_parts_started", "started"),
    )


def add_jobs(connection: Connection) -> None:
    """Version 5: the job of a run, and the plays that a job consists of."""
    postgresql = connection.dialect.name == "postgresql"
    moment = "TIMESTAMP WITH TIME ZONE" if postgresql else "VARCHAR(27)"
    document = "JSONB" if postgresql else "JSON"
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN job TEXT")
    connection.exec_driver_sql("CREATE INDEX runs_job ON runs (job)")
    connection.exec_driver_sql(
        "CREATE TABLE job_parts (job TEXT NOT NULL, part TEXT NOT NULL, procedure TEXT NOT NULL,"
        f" hosts {document} NOT NULL, started {moment} NOT NULL, finished {moment}, stopped {document},"
        " PRIMARY KEY (job, part))"
    )
    connection.exec_driver_sql("CREATE INDEX job_parts_started ON job_parts (started)")
