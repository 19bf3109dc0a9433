# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a host said to what is recorded of it, and to the one line that a person reads."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .catalog import load_catalog, reason_text
from .incidents.classification import classify
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
        results=[*(look.get("results") or []), *(result for action in seen["actions"] for result in _measured(action))],
        actions=[_without_results(action) for action in seen["actions"]],
    )
    return run


def _measured(action: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the Results of an action that measures something, such as how long a restore takes."""
    return (action.get("detail") or {}).get("measured") or []


def _without_results(action: Mapping[str, Any]) -> dict[str, Any]:
    detail = {key: value for key, value in (action.get("detail") or {}).items() if key != "measured"}
    return {**action, "detail": detail}


def judged(run: Mapping[str, Any], derived: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return the Run record with its verdict.

    Args:
        run: what ``observed`` returned.
        derived: further Results, computed from the store.
    """
    if run.get("state") == "refused":
        return {**run, "counts": {}, "priority": None}
    results = [*run["results"], *derived]
    rules = (run.get("profile") or {}).get("priorities") or []
    return {
        **run,
        "results": results,
        **verdict(results, run["actions"], run["reachable"], run["failure"]),
        "priority": classify(results, rules, run["reachable"]).level,
    }


def not_run(
    example: Mapping[str, Any], host: str, system: str, reason: Mapping[str, Any] | None, now: datetime
) -> dict[str, Any]:
    """Return the Run record of a host that was planned and never begun: it says nothing about its system.

    Args:
        example: a run of the same play.
        host: inventory name.
        system: name of the system.
        reason: why the play was stopped, with ``id`` and ``fields``.
        now: the control side's clock, UTC.
    """
    kept = {key: example.get(key) for key in ("procedure", "operator", "controller", "job")}
    return {
        **kept,
        "id": "{}-{}-{}-{}".format(now.strftime("%Y%m%dT%H%M%SZ"), kept["procedure"], host, secrets.token_hex(3)),
        "system": system,
        "host": host,
        "started": now.isoformat(),
        "finished": now.isoformat(),
        "state": "not_run",
        "priority": None,
        "reachable": None,
        "failure": {
            "stage": "not_run",
            "message": reason_text(load_catalog(), reason, "en", "common"),
            "reason": dict(reason or {}),
        },
        "counts": {},
        "profile": {},
        "results": [],
        "actions": [],
    }


def headline(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the run must end in a failure, the line that says why, and whether its procedure is broken."""
    broken = run["failure"] is not None
    failed = run["state"] == "critical" or broken or bool(_failed(run))
    return {"failed": failed, "state": run["state"], "message": _message(run) if failed else "", "broken": broken}


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
        "action {}: {}".format(action["name"], action["detail"].get("message", "failed")) for action in _failed(run)
    ]
    return "{} is critical. {}".format(host, " ".join(parts))


def _failed(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the actions that failed and that no later step of the run has made good."""
    return [
        action
        for action in run["actions"]
        if action["state"] == "failed" and not (action.get("detail") or {}).get("made_good")
    ]
