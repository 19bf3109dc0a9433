# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person must look at: opened by a procedure with its evidence, closed by whoever looked (AIMO-17, DIY-28).

A procedure that an item belongs to opens it, once in each of its own periods: a weekly run opens it once a week,
however often the week's run is repeated. From then on it is open, and after its days overdue, until somebody attests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .period import moment, period_of, seconds_of, timestamp, zone_of
from .procedures import PROCEDURES, first_of

CLOSED = "closed"
OPEN = "open"
OVERDUE = "overdue"
#: No procedure has asked for it yet.
NOT_DUE = "not_due"
DUE_DAYS = 7


@dataclass(frozen=True)
class Attestation:
    """One item of a profile as it stands.

    Args:
        name: its name in the profile.
        title: what is to be looked at, by language.
        state: `OPEN`, `OVERDUE`, `CLOSED` or `NOT_DUE`.
        runbook: item of the runbook.
        checks: whose results are the evidence.
        asked_by: procedures that open it.
        opened: ISO 8601 UTC timestamp of the run that opened it; empty unless it is open.
        due: when it becomes overdue; empty unless it is open.
        done: the newest record of it: ``attested``, ``operator``, ``note``, ``evidence_run_id``; None without one.
    """

    name: str
    title: Any
    state: str
    runbook: str = ""
    checks: Sequence[str] = ()
    asked_by: Sequence[str] = ()
    opened: str = ""
    due: str = ""
    done: Mapping[str, Any] | None = None


def attestations_of(
    stated: Sequence[Mapping[str, Any]],
    recorded: Sequence[Mapping[str, Any]],
    asked: Sequence[tuple[str, str]],
    now: str,
    timezone: str,
) -> list[Attestation]:
    """Return a profile's items as they stand, the most urgent first.

    Args:
        stated: ``system_attestations`` of the profile.
        recorded: what was attested of this system instance, any order.
        asked: procedure and ISO 8601 start of its runs, any order.
        now: ISO 8601 UTC; what came later is left out.
        timezone: IANA name of the zone whose weeks and months count.
    """
    found = [_attestation(item, recorded, asked, now, timezone) for item in stated if isinstance(item, Mapping)]
    return sorted(found, key=lambda each: (OVERDUE, OPEN, CLOSED, NOT_DUE).index(each.state))


def _attestation(
    item: Mapping[str, Any],
    recorded: Sequence[Mapping[str, Any]],
    asked: Sequence[tuple[str, str]],
    now: str,
    timezone: str,
) -> Attestation:
    name = str(item.get("name"))
    done = max(
        (each for each in recorded if each.get("item") == name and _until(str(each["attested"]), now)),
        key=lambda each: seconds_of(str(each["attested"])),
        default=None,
    )
    opened = min(
        (
            started
            for procedure, started in asked
            if procedure in (item.get("every") or PROCEDURES)
            and _until(started, now)
            and (done is None or _asks_again(item, procedure, started, str(done["attested"]), timezone))
        ),
        key=seconds_of,
        default="",
    )
    due_days = item.get("due_days")
    due = timestamp(moment(opened) + timedelta(days=DUE_DAYS if due_days is None else due_days)) if opened else ""
    if opened:
        state = OVERDUE if seconds_of(now) > seconds_of(due) else OPEN
    else:
        state = CLOSED if done is not None else NOT_DUE
    return Attestation(
        name=name,
        title=item.get("title") or name,
        state=state,
        runbook=str(item.get("runbook") or ""),
        checks=[str(check) for check in item.get("checks") or []],
        asked_by=list(item.get("every") or PROCEDURES),
        opened=opened,
        due=due,
        done=done,
    )


def _until(when: str, now: str) -> bool:
    return seconds_of(when) <= seconds_of(now)


def _asks_again(item: Mapping[str, Any], procedure: str, started: str, attested: str, timezone: str) -> bool:
    """Tell whether a run asks for more than was attested: later, in a later period, and after the item's own rest."""
    if seconds_of(started) <= seconds_of(attested):
        return False
    rest_days = item.get("interval_days") or 0
    if seconds_of(started) - seconds_of(attested) < rest_days * 86400:
        return False
    return _beginning(procedure, started, timezone) != _beginning(procedure, attested, timezone)


def _beginning(procedure: str, when: str, timezone: str) -> str:
    """Return when the calendar's day, week (from Monday), month or quarter that a moment is in began."""
    unit = PROCEDURES[procedure].unit if procedure in PROCEDURES else "day"
    local = moment(when).astimezone(zone_of(timezone))
    if unit in ("month", "quarter"):
        return timestamp(first_of(local, 1 if unit == "month" else 3))
    return period_of(when, timezone, 1 if unit == "day" else local.weekday() + 1).started
