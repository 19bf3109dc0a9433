# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How sensitive the detection of a service is: what to write for it, and when to write it back (SBX-09, SBX-26)."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence, Tuple

from .errors import RunbooksError
from .models import dotted

FEWER, MORE = "fewer_alerts", "more_alerts"
#: An isolation forest takes no larger share.
_LARGEST = 0.5
Setting = Tuple[List[str], Any]


def settings_for(document: Any, request: Mapping[str, Any]) -> list[Setting]:
    """Return what has to be written into a configuration; pure. What is there already is left out.

    A higher contamination finds more: see docs/detection_sensitivity.md.

    Args:
        document: the parsed configuration.
        request: ``service``; ``contamination`` or None; ``contamination_key``, dotted key of the values of services;
            ``default_key``, dotted key of the value of all others; ``contamination_is_read``: the application uses it;
            ``goal``: ``fewer_alerts``, ``more_alerts`` or None; ``category`` or None, the last part of one of
            ``category_lists``, dotted keys of lists of services; ``new_service``: it may be in none of them.

    Raises:
        RunbooksError: it cannot be meant; says why.
    """
    service, settings = request["service"], []
    if request["category"] is not None:
        settings += _moved(document, request)
    elif not request["new_service"] and not _lists_with(document, request["category_lists"], service):
        raise RunbooksError(f"No category has a service {service}", "Name its category, and new_service for a new one")
    if request["contamination"] is not None:
        settings += _contamination(document, request)
    return settings


def contamination_of(document: Any, request: Mapping[str, Any]) -> float | None:
    """Return what a service has now: its own value, or that of all; None without one."""
    values = dotted(document, request["contamination_key"])
    own = values.get(request["service"]) if isinstance(values, dict) else None
    value = own if own is not None else dotted(document, request["default_key"])
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def due(changes: Sequence[Mapping[str, Any]], now: float) -> list[Mapping[str, Any]]:
    """Return the temporary changes whose time is over, the latest first: what was set last goes back first; pure."""
    over = [change for change in changes if change.get("until") is not None and change["until"] <= now]
    return sorted(over, key=lambda change: -float(change["made"]))


def backwards(document: Any, change: Mapping[str, Any]) -> list[Setting]:
    """Return what has to be written to undo a change, whatever else was changed since; pure.

    Args:
        document: the parsed configuration.
        change: with ``undo``: dotted keys and the values that were there; None where there was none, and ``default``
            is what had the same effect.

    Raises:
        RunbooksError: a value was changed by somebody else since.
    """
    settings: list[Setting] = []
    for step in change["undo"]:
        if "add" in step:
            names = dotted(document, step["key"]) or []
            kept = [name for name in names if name != change["service"]]
            wanted = [*kept, change["service"]] if step["add"] else kept
            if wanted != names:
                settings.append((step["key"].split("."), wanted))
            continue
        keys = [*step["key"].split("."), change["service"]]
        parent = dotted(document, step["key"])
        now = parent.get(change["service"]) if isinstance(parent, dict) else None
        before = step["before"] if step["before"] is not None else step["default"]
        if now is None or now == before:
            continue
        if now != step["after"]:
            raise RunbooksError(
                "{} of {} is {}, not the temporary {}".format(step["key"], change["service"], now, step["after"]),
                "Somebody changed it since; put it right by hand and remove the note",
            )
        if before is not None:
            settings.append((keys, before))
    return settings


def undo_steps(document: Any, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what :func:`backwards` needs to undo a request; pure, taken before it is written."""
    steps: list[dict[str, Any]] = []
    service = request["service"]
    if request["category"] is not None:
        for key in request["category_lists"]:
            has = service in (dotted(document, key) or [])
            if has or key.rpartition(".")[2] == request["category"]:
                steps.append({"key": key, "add": has})
    if request["contamination"] is not None:
        values = dotted(document, request["contamination_key"])
        own = values.get(service) if isinstance(values, dict) else None
        key, default = request["contamination_key"], dotted(document, request["default_key"])
        steps.append({"key": key, "before": own, "default": default, "after": request["contamination"]})
    return steps


def _contamination(document: Any, request: Mapping[str, Any]) -> list[Setting]:
    service, wanted = request["service"], request["contamination"]
    if not request["contamination_is_read"]:
        raise RunbooksError(
            "The application does not read contamination from its configuration",
            "Choose another category, or train on other data; see docs/detection_sensitivity.md",
        )
    if not 0 < wanted <= _LARGEST:
        raise RunbooksError(f"contamination is {wanted}; it has to be above 0 and at most {_LARGEST}")
    now = contamination_of(document, request)
    goal = request["goal"]
    if now is not None and ((goal == FEWER and wanted > now) or (goal == MORE and wanted < now)):
        way = "Lower" if goal == FEWER else "Raise"
        raise RunbooksError(
            f"contamination {wanted} instead of {now} does the opposite of {goal}",
            f"{way} it: a higher contamination finds more (docs/detection_sensitivity.md)",
        )
    values = dotted(document, request["contamination_key"])
    keys = request["contamination_key"].split(".")
    if not isinstance(values, dict):
        return [(keys, {service: wanted})]
    return [] if values.get(service) == wanted else [([*keys, service], wanted)]


def _moved(document: Any, request: Mapping[str, Any]) -> list[Setting]:
    service, lists = request["service"], request["category_lists"]
    target = [key for key in lists if key.rpartition(".")[2] == request["category"]]
    if not target:
        names = ", ".join(key.rpartition(".")[2] for key in lists)
        raise RunbooksError(f"There is no category {request['category']}", f"Categories: {names}")
    holding = _lists_with(document, lists, service)
    if not holding and not request["new_service"]:
        raise RunbooksError(f"No category has a service {service}", "new_service adds it")
    settings: list[Setting] = []
    for key in holding:
        if key != target[0]:
            settings.append((key.split("."), [name for name in dotted(document, key) if name != service]))
    if target[0] not in holding:
        settings.append((target[0].split("."), [*(dotted(document, target[0]) or []), service]))
    return settings


def _lists_with(document: Any, lists: Sequence[str], service: str) -> list[str]:
    return [key for key in lists if service in (dotted(document, key) or [])]
