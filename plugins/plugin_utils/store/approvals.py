# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals: who allowed which step on which host, until when; each of them is used once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .clock import utc
from .requirements import sa
from .rows import fetch
from .schema import tables
from .transactions import Store, read, write
from .wire import text

if TYPE_CHECKING:
    from sqlalchemy import Connection


def approve(store: Store, record: Mapping[str, Any]) -> None:
    """Record an approval.

    Args:
        store: an open store.
        record: ``id``, ``host``, ``system``, ``step``, ``operator``, ``note``, ``approved`` and ``until`` (moments).
    """
    row: dict[str, Any] = {key: text(record[key]) for key in ("id", "host", "system", "step", "operator", "note")}
    row.update(approved=utc(record["approved"], "approved"), until=utc(record["until"], "until"))
    write(store, lambda connection: connection.execute(sa.insert(tables().approvals), [row]))


def approvals_of(store: Store, host: str, now: datetime) -> dict[str, str]:
    """Return by step who has approved it on a host; used and expired approvals do not count."""
    table = tables().approvals
    query = (
        sa.select(table.c.step, table.c.operator)
        .where(table.c.host == host, table.c.used.is_(None), table.c.until > utc(now, "now"))
        .order_by(table.c.approved)
    )
    return {row["step"]: row["operator"] for row in read(store, lambda connection: fetch(connection, query))}


def use_approval(store: Store, host: str, step: str, run_id: str, now: datetime) -> str | None:
    """Use the oldest approval of a step up, and return who gave it; None when there is none, or somebody was faster."""
    moment = utc(now, "now")

    def work(connection: Connection) -> str | None:
        table = tables().approvals
        query = (
            sa.select(table)
            .where(table.c.host == host, table.c.step == step, table.c.used.is_(None), table.c.until > moment)
            .order_by(table.c.approved, table.c.id)
            .limit(1)
        )
        found = fetch(connection, query.with_for_update())
        if not found:
            return None
        mine = sa.update(table).where(table.c.id == found[0]["id"], table.c.used.is_(None))
        connection.execute(mine.values(used=moment, used_by=text(run_id)))
        return str(found[0]["operator"])

    return write(store, work)
