# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person must know about a system: its faults in order of importance, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..store import NOT_RUN
from .availability import decides_availability
from .figures import Run
from .period import seconds_of

SEVERITY = {"critical": 3, "unknown": 2, "warning": 1, "ok": 0}


@dataclass(frozen=True)
class Finding:
    """One fault.

    Args:
        state: its state.
        check: name of the check; empty when it is about the run itself.
        kind: check kind, for the catalogue.
        reason: id and fields; None when only a message is known.
        message: what a failed run said, as it said it.
        stage: where a failed run stopped.
    """

    state: str
    check: str
    kind: str = "common"
    reason: Mapping[str, Any] | None = None
    message: str = ""
    stage: str = ""


def findings(run: Run) -> list[Finding]:
    """Return the faults of a run, the most important first.

    A host that is down comes before everything; among equal states a check that decides availability comes first,
    then the order of the profile.
    """
    found: list[Finding] = []
    failure = run.get("failure") or {}
    if run.get("reachable") is False:
        message = str(failure.get("message") or "")
        found.append(Finding("critical", "", reason={"id": "unreachable", "fields": {}}, message=message))
    elif run.get("state") == NOT_RUN:
        found.append(Finding("unknown", "", reason=failure.get("reason"), message="", stage=""))
    elif failure:
        stage, message = str(failure.get("stage") or ""), str(failure.get("message") or "")
        # A run that was refused says nothing about its system.
        state = "critical" if run.get("state") == "critical" else "unknown"
        found.append(Finding(state, "", reason=None, message=message, stage=stage))
    faults = [result for result in run.get("results") or [] if result.get("state") != "ok"]
    faults.sort(
        key=lambda result: (
            -SEVERITY.get(str(result.get("state")), 2),
            not decides_availability(run, str(result.get("check"))),
        )
    )
    for result in faults:
        found.append(
            Finding(
                str(result.get("state")),
                str(result.get("check")),
                str(result.get("kind") or "common"),
                result.get("reason"),
            )
        )
    for action in run.get("actions") or []:
        if action.get("state") == "failed":
            message = str((action.get("detail") or {}).get("message") or action.get("name") or "")
            found.append(Finding("critical", "", message=message, stage="actions"))
    return found


def history(runs: Sequence[Run], started: str) -> list[dict[str, Any]]:
    """Return what happened earlier in the window and is over now.

    Args:
        runs: runs of one system instance, oldest first; the last one is the report's own.
        started: ISO 8601 UTC beginning of the window.

    Returns:
        ``{"check", "reason"}`` per check that was critical and is not any more, and per kind of lost look.
    """
    earlier = [run for run in runs[:-1] if seconds_of(str(run["started"])) >= seconds_of(started)]
    found = _recovered_checks(earlier, runs[-1])
    lost = [run for run in earlier if run.get("reachable") is False]
    if lost and runs[-1].get("reachable") is not False:
        found.append({"check": "", "reason": _times("was_unreachable", lost)})
    failed = [run for run in earlier if run.get("failure") and run.get("reachable") is not False]
    if failed and not runs[-1].get("failure"):
        reason = _times("run_failed_before", failed)
        reason["fields"]["message"] = str((failed[-1]["failure"] or {}).get("message") or "")
        found.append({"check": "", "reason": reason})
    return found


def _recovered_checks(earlier: Sequence[Run], newest: Run) -> list[dict[str, Any]]:
    critical: dict[str, list[Run]] = {}
    last_state: dict[str, str] = {}
    for run in [*earlier, newest]:
        for result in run.get("results") or []:
            check = str(result.get("check"))
            last_state[check] = str(result.get("state"))
            if result.get("state") == "critical":
                critical.setdefault(check, []).append(run)
    return [
        {"check": check, "reason": _times("recovered", seen)}
        for check, seen in critical.items()
        if last_state[check] == "ok"
    ]


def _times(identity: str, runs: Sequence[Run]) -> dict[str, Any]:
    return {"id": identity, "fields": {"times": len(runs), "when": str(runs[-1]["started"])}}


def check_title(run: Run, check: str) -> Any:
    """Return a check's title by language, or its name."""
    checks = (run.get("profile") or {}).get("checks") or {}
    return (checks.get(check) or {}).get("title") or check
