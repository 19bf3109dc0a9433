# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of the schema: a new store is created as the newest one, an older store is brought forward step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import StoreError
from .requirements import sa
from .schema import tables
from .schema_incidents import add_incidents
from .schema_jobs import add_jobs

if TYPE_CHECKING:
    from sqlalchemy import Connection


def _add_attestations(connection: Connection) -> None:
    """Version 2: what a person has attested (who, when, note, the run whose evidence it was)."""
    moment = "TIMESTAMP WITH TIME ZONE" if connection.dialect.name == "postgresql" else "VARCHAR(27)"
    connection.exec_driver_sql(
        "CREATE TABLE attestations (id TEXT NOT NULL PRIMARY KEY, system TEXT NOT NULL, host TEXT NOT NULL,"
        f" item TEXT NOT NULL, attested {moment} NOT NULL, operator TEXT NOT NULL, controller TEXT NOT NULL,"
        " note TEXT NOT NULL, evidence_run_id TEXT)"
    )
    connection.exec_driver_sql("CREATE INDEX attestations_host_item_attested ON attestations (host, item, attested)")


def _add_maintenance_windows(connection: Connection) -> None:
    """Version 3: when a system may be down, who planned it, and who ended it early."""
    moment = "TIMESTAMP WITH TIME ZONE" if connection.dialect.name == "postgresql" else "VARCHAR(27)"
    connection.exec_driver_sql(
        "CREATE TABLE maintenance_windows (id TEXT NOT NULL PRIMARY KEY, system TEXT NOT NULL, host TEXT NOT NULL,"
        f" begins {moment} NOT NULL, ends {moment} NOT NULL, reason TEXT NOT NULL, operator TEXT NOT NULL,"
        f" controller TEXT NOT NULL, planned {moment} NOT NULL, closed {moment}, closed_by TEXT)"
    )
    connection.exec_driver_sql("CREATE INDEX maintenance_windows_host_ends ON maintenance_windows (host, ends)")


#: Step n (from 0) brings a store from version n + 1 to n + 2. A step is written once and never changed: it speaks
#: SQL of its own time, not of the tables of today.
STEPS: tuple[Callable[[Connection], None], ...] = (_add_attestations, _add_maintenance_windows, add_incidents, add_jobs)

#: Any number that other users of the same PostgreSQL database do not take for an advisory lock.
ADVISORY_LOCK = 5_230_964_117


def newest_version() -> int:
    """Return the version that this code writes."""
    return 1 + len(STEPS)


def stored_version(connection: Connection, shown: str) -> int:
    """Return the version of a store, 0 where there is none yet.

    Raises:
        StoreError: the database belongs to something else, or to a newer version of the collection.
    """
    present = set(sa.inspect(connection).get_table_names())
    if "schema_version" not in present:
        # A SQLite file is ours or it is not; a PostgreSQL schema may be shared as long as no name collides.
        foreign = present if connection.dialect.name == "sqlite" else present & set(tables().metadata.tables)
        if foreign:
            raise StoreError(
                f"{shown}: this is the database of something else, it holds the table {min(foreign)!r}",
                "Name a new file, or a PostgreSQL database of its own.",
            )
        return 0
    version = connection.execute(sa.select(sa.func.max(tables().schema_version.c.version))).scalar() or 0
    if version > newest_version():
        raise StoreError(
            f"{shown}: its schema is version {version}, newer than the {newest_version()} that this collection knows",
            "Upgrade aiops.runbooks on this controller.",
        )
    return int(version)


def bring_up_to_date(connection: Connection, shown: str) -> None:
    """Create the tables or migrate them, in the caller's write transaction; two callers at once wait for each other."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
    version = stored_version(connection, shown)
    if version == 0:
        tables().metadata.create_all(connection)
        version = newest_version()
        connection.execute(sa.insert(tables().schema_version).values(version=version))
    for step in STEPS[version - 1 :]:
        step(connection)
        version += 1
        connection.execute(sa.insert(tables().schema_version).values(version=version))
