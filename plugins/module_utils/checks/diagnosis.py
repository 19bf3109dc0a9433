# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which one of the known causes a symptom has: each cause is tried by a check of its own, in the profile's order.

The first whose evidence holds is named (SBX-06, SBX-10, SBX-11). Nothing found is said as that, and so is a cause that
could not be looked at.
"""

from __future__ import annotations

import time
from typing import Any, Iterator, Mapping, Sequence

from ..errors import ProfileError
from ..model import CRITICAL, OK, STATES, UNKNOWN, WARNING, Observation, Reason, worst
from ..probe import Context
from . import engine
from .registry import load

_PROBE = {
    "kind": {"type": "str", "required": True, "description": "Kind of check."},
    "parameters": {"type": "dict", "default": {}, "description": "Its parameters."},
    "warning": {"type": "str", "description": "Level of its value."},
    "critical": {"type": "str", "description": "Level of its value."},
    "limits": {"type": "dict", "default": {}, "description": "Levels of its other metrics."},
    "states": {
        "type": "list",
        "elements": "str",
        "choices": list(STATES),
        "default": [WARNING, CRITICAL],
        "description": "States that are the evidence.",
    },
    "reasons": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Reasons of the result that are the evidence; any when empty.",
    },
    "timeout_seconds": {"type": "float", "default": 5, "description": "Its own time limit, in seconds."},
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "symptom": {
        "type": "dict",
        "options": _PROBE,
        "description": "A check that tells whether there is anything to explain; without it causes are always tried.",
    },
    "causes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "description": "What can be the cause, the surest first.",
        "options": {
            "cause": {
                "type": "dict",
                "required": True,
                "options": {
                    "en": {"type": "str", "required": True, "description": "In English."},
                    "ja": {"type": "str", "required": True, "description": "In Japanese."},
                },
                "description": "The cause in words.",
            },
            **_PROBE,
        },
    },
    "no_cause_state": {
        "type": "str",
        "choices": ["ok", "warning", "unknown", "critical"],
        "default": "unknown",
        "description": "What it means that there is a symptom and none of the causes holds.",
    },
}
METRICS = {"causes_found": "count", "causes_tried": "count", "causes_unknown": "count"}
_CHECK_KEYS = ("kind", "parameters", "warning", "critical", "limits", "timeout_seconds")


def probes(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every check that a diagnosis may ask, as a profile states one.

    Args:
        parameters: of the diagnosis, validated or not.
    """
    symptom = parameters.get("symptom")
    entries = [("symptom", symptom)] if isinstance(symptom, dict) else []
    causes = parameters.get("causes")
    for cause in causes if isinstance(causes, (list, tuple)) else []:
        if isinstance(cause, dict):
            entries.append((_name(cause), cause))
    for name, entry in entries:
        yield {"name": name, **{key: entry[key] for key in _CHECK_KEYS if entry.get(key) is not None}}


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Try the symptom, then one cause after the other until one holds."""
    symptom = None
    if parameters.get("symptom"):
        symptom = _ask("symptom", parameters["symptom"], context)
        if not _holds(symptom, parameters["symptom"]):
            return observe(symptom, [], parameters)
    tried: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []
    for cause in parameters["causes"]:
        result = _ask(_name(cause), cause, context)
        tried.append((cause, result))
        if _holds(result, cause):
            break
    return observe(symptom, tried, parameters)


def observe(
    symptom: Mapping[str, Any] | None,
    tried: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    parameters: Mapping[str, Any],
) -> Observation:
    """Name the cause; pure.

    Args:
        symptom: Result of the symptom's check; None when there is none.
        tried: each cause with the Result of its check, in order; a cause that holds is the last.
        parameters: symptom and no_cause_state of the diagnosis.
    """
    if symptom is not None and not _holds(symptom, parameters["symptom"]):
        if symptom["state"] == UNKNOWN:
            said = [f"symptom: {_said(symptom)}", *symptom["evidence"]]
            return _observation(UNKNOWN, Reason("diagnosis_symptom_unknown", {}), said, 0, tried)
        return _observation(OK, Reason("diagnosis_not_needed", {}), [], 0, tried)
    evidence = [f"symptom: {_said(symptom)}"] if symptom is not None else []
    unknown = [(cause, result) for cause, result in tried if result["state"] == UNKNOWN and not _holds(result, cause)]
    for cause, result in tried:
        if _holds(result, cause):
            # A fine state can be the evidence as well; a cause is as bad as what it causes.
            found = WARNING if result["state"] == OK else str(result["state"])
            state = found if symptom is None else worst([found, str(symptom["state"])])
            evidence += [f"cause: {_name(cause)}: {_said(result)}", *result["evidence"]]
            return _observation(state, Reason("diagnosis_cause", {"cause": cause["cause"]}), evidence, 1, tried)
    evidence += [f"{_name(cause)}: {_said(result)}" for cause, result in tried]
    if unknown:
        fields = {"causes": [cause["cause"] for cause, _result in unknown]}
        return _observation(UNKNOWN, Reason("diagnosis_incomplete", fields), evidence, 0, tried)
    if symptom is None:
        return _observation(OK, Reason("diagnosis_no_cause", {"tried": len(tried)}), evidence, 0, tried)
    reason = Reason("diagnosis_unexplained", {"tried": len(tried)})
    return _observation(parameters["no_cause_state"], reason, evidence, 0, tried)


def _observation(
    state: str, reason: Reason, evidence: list[str], found: int, tried: Sequence[tuple[Any, Mapping[str, Any]]]
) -> Observation:
    return Observation(
        value=found,
        state=state,
        reason=reason,
        metrics={
            "causes_tried": len(tried),
            "causes_unknown": sum(result["state"] == UNKNOWN for _cause, result in tried),
        },
        evidence=evidence,
    )


def _holds(result: Mapping[str, Any], probe: Mapping[str, Any]) -> bool:
    reasons = probe.get("reasons") or []
    return result["state"] in probe["states"] and (not reasons or result["reason"]["id"] in reasons)


def _name(cause: Mapping[str, Any]) -> str:
    words = cause.get("cause")
    return str(words.get("en")) if isinstance(words, dict) else "a cause"


def _said(result: Mapping[str, Any] | None) -> str:
    if result is None:
        return ""
    fields = ", ".join(f"{name} {value}" for name, value in result["reason"]["fields"].items() if value is not None)
    return f"{result['kind']} is {result['state']}, {result['reason']['id']}{' (' + fields + ')' if fields else ''}"


def _ask(name: str, probe: Mapping[str, Any], context: Context) -> dict[str, Any]:
    data = next(iter(probes({"symptom": probe})))
    check = engine.parse_check({**data, "name": name}, load)
    if check.kind == "diagnosis":
        raise ProfileError(f"{name}: a diagnosis cannot be the evidence of another one", "Name a check that looks")
    deadline = min(context.deadline, time.monotonic() + check.timeout_seconds)
    limited = Context(now=context.now, deadline=deadline, timezone=context.timezone)
    return engine.answer("", check, load(check.kind), limited, "").to_dict()
