# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded runs that have found something bad, as events."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ..store import Store
from ..store.findings import bad_runs
from .event import FIRING, Event, EventError

ARGUMENTS = ("systems", "store_url", "every_seconds", "procedures", "position_file")
#: An incident's own runs are no events: they would call for themselves.
LEFT_OUT = frozenset({"incident"})
#: A run is recorded some time after the moment that it names as its end: so far back is looked again.
AGAIN = timedelta(minutes=10)
CHECKS_NAMED = 5


class Position:
    """How far the recorded runs were handed on.

    Args:
        first: when the source was first started: what ended before is not for it.
        until: newest end of a run that was handed on.
        known: runs that were handed on and are looked at again, with their ends.
    """

    def __init__(self, first: datetime, until: datetime, known: Mapping[str, datetime] | None = None) -> None:
        self.first = first
        self.until = until
        self.known = dict(known or {})

    def begin(self) -> datetime:
        """Return the moment from which runs are looked at."""
        return max(self.first, self.until - AGAIN)

    def note(self, run: Mapping[str, Any]) -> None:
        """Remember that a run was handed on."""
        self.known[run["id"]] = run["finished"]
        self.until = max(self.until, run["finished"])
        self.known = {identity: ended for identity, ended in self.known.items() if ended >= self.begin()}

    def to_text(self) -> str:
        """Return everything as one text."""
        known = {identity: ended.isoformat() for identity, ended in sorted(self.known.items())}
        return json.dumps({"first": self.first.isoformat(), "until": self.until.isoformat(), "known": known})


def position_of(text: str | None, now: datetime) -> Position:
    """Return the position that was written down; without one, or with an unreadable one, that of a first start now."""
    try:
        data = json.loads(text or "")
        known = {str(identity): _moment(ended) for identity, ended in data["known"].items()}
        return Position(_moment(data["first"]), _moment(data["until"]), known)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Position(now, now)


def procedures_of(stated: Any) -> list[str]:
    """Return the names of procedures that a source was given.

    Raises:
        EventError: it is no list of names.
    """
    if stated and (not isinstance(stated, list) or not all(isinstance(each, str) for each in stated)):
        raise EventError(f"procedures is {stated!r}, not a list of names")
    return stated or []


def new_runs(
    opened: Store, hosts: Collection[str], position: Position, procedures: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Return the runs that were not handed on yet, oldest first.

    Args:
        opened: the store.
        hosts: those that are looked after.
        position: how far they were handed on.
        procedures: only these; empty for all but incidents.
    """
    return [
        run
        for run in bad_runs(opened, hosts, position.begin())
        if run["id"] not in position.known
        and run["procedure"] not in LEFT_OUT
        and (not procedures or run["procedure"] in procedures)
    ]


def event_of(run: Mapping[str, Any]) -> Event:
    """Return the event of a run; it gives no level: the checks are looked at again, and they decide."""
    return Event(
        host=run["host"],
        source="runs",
        status=FIRING,
        key="run/{}".format(run["id"]),
        group="run/{}".format(run["host"]),
        what="{} run: {}".format(run["procedure"], _found(run["checks"], bool(run["reachable"]))),
    )


def _found(checks: Sequence[str], reachable: bool) -> str:
    if not reachable:
        return "not reachable"
    if not checks:
        return "needs attention"
    more = len(checks) - CHECKS_NAMED
    return ", ".join(checks[:CHECKS_NAMED]) + (f" and {more} more" if more > 0 else "")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
