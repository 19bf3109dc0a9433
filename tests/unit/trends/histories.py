# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Months of runs in a store, from the few characters with which a case describes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.profile import Profile, resolve
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.derive import derived_results

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CHECKS = [
    {"name": "web", "kind": "http", "availability": True, "parameters": {"url": "http://127.0.0.1:1/"}},
    {"name": "disk", "kind": "disk", "parameters": {"path": "/"}},
    {"name": "process", "kind": "process_usage", "parameters": {"unit": "wiki.service"}},
    {
        "name": "traffic",
        "kind": "access_log",
        "parameters": {"path": "/access_log", "log_format": "common", "window": "week", "slo_seconds": 5},
    },
]
#: What a look found, by its letter: up, warned, down, not told, not reached, failed before it looked.
LOOKS = {"u": "ok", "w": "warning", "d": "critical", "?": "unknown"}


def profile(host: str = "wiki-1", procedure: str = "monthly", **keys: Any) -> Profile:
    """Resolve the profile of a system with four checks and the given objectives and trends."""
    variables = {"system_name": "wiki", "system_checks": CHECKS, "system_timezone": "UTC", **keys}
    return resolve(host, variables, variables, procedure)


def run(days_ago: float, known: Profile, host: str = "wiki-1", **changes: Any) -> dict[str, Any]:
    """Return a finished run without results."""
    started = (NOW - timedelta(days=days_ago)).isoformat()
    return {
        "id": f"{host}-{days_ago}",
        "procedure": "daily",
        "system": "wiki",
        "host": host,
        "started": started,
        "finished": started,
        "state": "ok",
        "reachable": True,
        "failure": None,
        "profile": known.snapshot,
        "results": [],
        "actions": [],
        **changes,
    }


def result(check: str, days_ago: float, figures: Any) -> dict[str, Any]:
    """Return a Result whose value, or whose value, state and metrics, are the figures."""
    given = figures if isinstance(figures, dict) else {"value": figures}
    metrics = {name: value for name, value in given.items() if name not in ("value", "state")}
    return {
        "check": check,
        "kind": next(each["kind"] for each in CHECKS if each["name"] == check),
        "state": given.get("state", "ok"),
        "value": given.get("value"),
        "metrics": metrics,
        "started": (NOW - timedelta(days=days_ago)).isoformat(),
    }


def runs_of(history: dict[str, Any], known: Profile, host: str = "wiki-1") -> list[dict[str, Any]]:
    """Return the runs that a case describes, oldest first; the last one is of now.

    Args:
        history: per check ``every_days`` and ``figures``, oldest first, the last one of now; for ``web`` the figures
            are letters: ``u`` up, ``w`` warned, ``d`` down, ``?`` unknown, ``x`` unreachable, ``f`` failed, ``.``
            no run.
        known: the profile.
        host: inventory host.
    """
    runs: dict[float, dict[str, Any]] = {0.0: run(0.0, known, host)}
    for check, described in history.items():
        figures = described["figures"]
        for number, figure in enumerate(figures):
            days_ago = float((len(figures) - 1 - number) * described["every_days"])
            if figure == ".":
                continue
            found = runs.setdefault(days_ago, run(days_ago, known, host))
            if figure == "x":
                found["reachable"] = False
            elif figure == "f":
                found["failure"] = {"stage": "look", "message": "no Python"}
            elif check == "web":
                found["results"].append(result(check, days_ago, {"state": LOOKS[figure]}))
            elif figure is not None:
                found["results"].append(result(check, days_ago, figure))
    return [runs[days_ago] for days_ago in sorted(runs, reverse=True)]


def answered(directory: Path, history: dict[str, Any], **keys: Any) -> list[dict[str, Any]]:
    """Record a history, all but its last run, and return what the store then tells that run."""
    known = profile(**keys)
    *recorded, current = runs_of(history, known)
    opened = store.open_store(f"sqlite:///{directory}/store.sqlite")
    store.finish(opened, recorded)
    return derived_results(opened, [current], {"wiki-1": known.questions}, NOW)["wiki-1"]
