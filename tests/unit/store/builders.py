# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records and holders for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import Holder, Refusal, Store, begin, runs_between

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE_SECONDS = 600.0
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
#: A controller that is not this machine: nobody can look its processes up.
ELSEWHERE = Holder("mika", "far.example", "m1", "b1", "pid:[1]", 4711, 99)

PROFILE = {
    "title": {"en": "Estimator", "ja": "見積"},
    "checks": {"web": {"availability": True}, "disk": {"availability": False}},
}


def run(run_id: str, host: str = "est1", **changes: Any) -> dict[str, Any]:
    """Return a Run record as a play begins it."""
    return {
        "id": run_id,
        "procedure": "weekly",
        "system": "estimator",
        "host": host,
        "started": "2026-11-21T12:00:00Z",
        "profile": PROFILE,
        **changes,
    }


def attested(identity: str, **changes: Any) -> dict[str, Any]:
    """Return the record of an attestation."""
    return {
        "id": identity,
        "system": "aimo",
        "host": "aimo1",
        "item": "needs_review",
        "attested": "2026-11-21T12:00:00Z",
        "operator": "sato",
        "controller": "control-1",
        "note": "確認済み: twelve entries, none new",
        "evidence_run_id": "r1",
        **changes,
    }


def maintenance(identity: str, **changes: Any) -> dict[str, Any]:
    """Return the record of a maintenance window, from noon for an hour."""
    return {
        "id": identity,
        "system": "aimo",
        "host": "aimo1",
        "begins": "2026-11-21T12:00:00Z",
        "ends": "2026-11-21T13:00:00Z",
        "reason": "新しいディスク",
        "operator": "sato",
        "controller": "control-1",
        "planned": "2026-11-20T09:00:00Z",
        **changes,
    }


def result(check: str = "web", state: str = "ok", **changes: Any) -> dict[str, Any]:
    """Return a Result record."""
    return {
        "system": "estimator",
        "check": check,
        "kind": "http",
        "state": state,
        "value": 0.25,
        "unit": "s",
        "warning": "> 1",
        "critical": None,
        "reason": {"id": "ok", "fields": {}},
        "evidence": ["HTTP/1.1 200 OK"],
        "coverage": None,
        "runbook": "EST-11",
        "started": "2026-11-21T12:00:01.500000Z",
        "seconds": 0.3,
        "metrics": {"status": 200, "title": "見積", "nothing": None},
        "source": None,
        **changes,
    }


def action(name: str = "rotate", **changes: Any) -> dict[str, Any]:
    """Return an Action record."""
    return {
        "name": name,
        "type": "log_rotation",
        "for_check": "log_size",
        "state": "done",
        "changed": True,
        "detail": {"files": ["/var/log/app.log"]},
        "approved_by": None,
        "runbook": "EST-15",
        "seconds": 1.0,
        **changes,
    }


def finished(run_id: str, host: str = "est1", **changes: Any) -> dict[str, Any]:
    """Return a complete Run record."""
    complete = {
        "finished": "2026-11-21T12:05:00Z",
        "operator": "aki",
        "controller": "ctl1",
        "state": "ok",
        "priority": None,
        "reachable": True,
        "failure": None,
        "counts": {"ok": 2, "warning": 0, "unknown": 0, "critical": 0},
        "results": [result("web"), result("disk", kind="disk", value=81, unit="%")],
        "actions": [action()],
    }
    return run(run_id, host, **{**complete, **changes})


def states(store: Store) -> dict[str, str]:
    """Return the state of every run in the store by its id."""
    return {record["id"]: record["state"] for record in runs_between(store, None, None, *EVER)}


def take(
    store: Store, runs: list[dict[str, Any]], holder: Holder = ELSEWHERE, now: datetime = NOON
) -> dict[str, Refusal | None]:
    """Begin the runs."""
    return begin(store, runs, holder=holder, now=now, lease_seconds=LEASE_SECONDS)


def holding_run(answer: dict[str, Refusal | None], host: str = "est1") -> str | None:
    """Return the run that kept another one from beginning."""
    held = answer[host]
    return held.run_id if held else None
