# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of check kinds ask: one observation judged by the engine, or one whole look at this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine, registry
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context


def judged(kind: str, observe: Callable[[], Observation], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the Result of an observation under the levels of a case.

    Args:
        kind: name of the check kind, for its metrics.
        observe: makes the observation, or raises.
        arguments: of the case; ``levels`` and ``limits`` are taken out of them.
    """
    levels, limits = arguments.pop("levels", {}), arguments.pop("limits", {})
    check = engine.Check(name=kind, kind=kind, limits=limits, **levels)
    acting = SimpleNamespace(METRICS=registry.load(kind).METRICS, look=lambda parameters, context: observe())
    context = Context(now=0.0, deadline=time.monotonic() + 60)
    return engine.answer("wiki", check, acting, context, "2026-11-21T00:00:00Z").to_dict()


def differences(result: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return where a Result differs from what a case states; keys that the case leaves out are not compared."""
    found: dict[str, Any] = {}
    for key, wanted in expected.items():
        if key == "evidence_contains":
            seen: Any = wanted if any(wanted in line for line in result["evidence"]) else result["evidence"]
        elif key == "reason":
            seen = result["reason"]["id"]
        elif key in ("fields", "metrics"):
            holder = result["reason"]["fields"] if key == "fields" else result["metrics"]
            seen = {name: holder.get(name, "not there") for name in wanted}
        else:
            seen = result[key]
        if seen != wanted:
            found[key] = {"expected": wanted, "seen": seen}
    return found


def look(kind: str, timeout_seconds: float = 60.0, timezone: str = "UTC", **keys: Any) -> dict[str, Any]:
    """Ask one real check through the engine and return its Result.

    The engine waits for as long as it takes until a kind says that its own time is over. How long it really waits is a
    matter of the engine's tests, and on a busy machine of chance.

    Args:
        kind: name of the check kind.
        timeout_seconds: limit of the check.
        timezone: of the system.
        keys: parameters of the kind; ``warning``, ``critical`` and ``limits`` are levels.
    """
    levels: dict[str, Any] = {key: keys.pop(key) for key in ("warning", "critical", "limits") if key in keys}
    data: dict[str, Any] = {
        "name": kind,
        "kind": kind,
        "timeout_seconds": timeout_seconds,
        "parameters": keys,
        **levels,
    }
    with mock.patch.object(engine, "_GRACE_SECONDS", 60.0):
        (result,) = engine.look("wiki", [engine.parse_check(data, registry.load)], registry.load, timezone)
    return result
