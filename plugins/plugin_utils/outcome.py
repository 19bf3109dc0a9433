# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a host said to what is recorded of it, and to the one line that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .catalog import load_catalog, reason_text
from .store.verdict import verdict


def observed(begun: Mapping[str, Any], seen: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Complete the Run record of one host, but for its verdict.

    Args:
        begun: the host's entry of ``run_begin``.
        seen: ``look`` (what ``checks_info`` returned, or None), ``actions``, ``failure``.
        now: the control side's clock.
    """
    run = dict(begun["run"])
    look = seen["look"] or {}
    failure = run.get("failure") or seen["failure"]
    if begun["go"] and failure is None and not isinstance(look.get("results"), list):
        stage = "unreachable" if look.get("unreachable") or not look else "look"
        failure = {"stage": stage, "message": str(look.get("msg") or "the host left the play before it was looked at")}
    run.update(
        finished=now.isoformat(),
        failure=failure,
        reachable=(failure or {}).get("stage") != "unreachable",
        results=look.get("results") or [],
        actions=seen["actions"],
    )
    return run


def judged(run: Mapping[str, Any], derived: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return the Run record with its verdict.

    Args:
        run: what ``observed`` returned.
        derived: further Results, computed from the store.
    """
    if run.get("state") == "refused":
        return {**run, "counts": {}, "priority": None}
    results = [*run["results"], *derived]
    return {**run, "results": results, **verdict(results, run["actions"], run["reachable"], run["failure"])}


def headline(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the run must end in a failure, and the line that says why."""
    failed = run["state"] == "critical" or run["failure"] is not None
    failed = failed or any(action["state"] == "failed" for action in run["actions"])
    return {"failed": failed, "state": run["state"], "message": _message(run) if failed else ""}


def _message(run: Mapping[str, Any]) -> str:
    host, failure = run["host"], run["failure"]
    if failure is not None:
        return "{}: {} failed at {}: {}".format(host, run["procedure"], failure["stage"], failure["message"])
    catalog = load_catalog()
    parts = [
        "{}: {}".format(result["check"], reason_text(catalog, result["reason"], "en", result["kind"]))
        for result in run["results"]
        if result["state"] == "critical"
    ]
    parts += [
        "action {}: {}".format(action["name"], action["detail"].get("message", "failed"))
        for action in run["actions"]
        if action["state"] == "failed"
    ]
    return "{} is critical. {}".format(host, " ".join(parts))
