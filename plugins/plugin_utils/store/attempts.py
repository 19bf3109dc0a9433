# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often something was already tried: the brake on an automation that would try for ever."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .clock import utc
from .requirements import sa
from .rows import chunks, fetch
from .schema import tables
from .transactions import Store, read

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Past attempts of each host and action, the oldest first.
Attempts = dict[tuple[str, str], list[datetime]]


def attempts_since(store: Store, hosts: Collection[str], since: datetime) -> Attempts:
    """Return when the actions of hosts were done or failed; what was refused or planned is no attempt.

    Args:
        store: an open store.
        hosts: inventory hosts.
        since: first moment, UTC, by the start of the run.
    """
    runs, actions = tables().runs, tables().actions
    since = utc(since, "since")
    chosen = (
        sa.select(runs.c.host, actions.c.name, runs.c.started, actions.c.detail)
        .where(actions.c.run_id == runs.c.id, runs.c.started >= since, actions.c.state.in_(("done", "failed")))
        .order_by(runs.c.started)
    )

    def work(connection: Connection) -> list[dict[str, Any]]:
        parts = chunks(sorted(hosts))
        return [row for part in parts for row in fetch(connection, chosen.where(runs.c.host.in_(part)))]

    found: Attempts = {}
    for row in read(store, work):
        if not (row["detail"] or {}).get("refused"):
            found.setdefault((row["host"], row["name"]), []).append(row["started"])
    return found


def refused_attempt(limits: Mapping[str, Any] | None, past: Sequence[datetime], now: datetime) -> str | None:
    """Return why an action may not be tried now, and when it may; None when it may.

    Args:
        limits: ``at_most``, ``within_hours`` and ``cool_down_minutes`` of the action; None sets no limit.
        past: earlier attempts, the oldest first, UTC.
        now: the present, UTC.
    """
    if not limits:
        return None
    window = timedelta(hours=limits["within_hours"])
    recent = [moment for moment in past if now - window < moment <= now]
    if len(recent) >= limits["at_most"]:
        again = recent[-limits["at_most"]] + window if limits["at_most"] > 0 else None
        return "tried {} times in {:g} hours, which is the limit; {}".format(
            len(recent),
            limits["within_hours"],
            f"possible again at {again:%Y-%m-%d %H:%M} UTC" if again else "the profile allows no attempt",
        )
    cooled = recent[-1] + timedelta(minutes=limits["cool_down_minutes"]) if recent else now
    if cooled > now:
        return f"tried at {recent[-1]:%H:%M} UTC and still cooling down; possible again at {cooled:%Y-%m-%d %H:%M} UTC"
    return None
