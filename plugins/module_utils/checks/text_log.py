# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When something last really ran, how it ended and what it warned of, by the log's own records (SBX-03, SBX-13).

The time of a file says when somebody wrote or touched it, not that what should run has run.
"""

from __future__ import annotations

from typing import Any, Mapping

from ..errors import ProfileError
from ..logs.files import Reading
from ..logs.mixed_files import PARAMETERS as LOG_PARAMETERS
from ..logs.mixed_files import compiled, entries_of
from ..logs.outcomes import FAILURE, SUCCESS, Outcomes, Rule, outcomes
from ..logs.together import prepare
from ..logs.window import window_of
from ..model import CRITICAL, OK, Observation, Reason, Scalar
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    **LOG_PARAMETERS,
    "rules": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "description": "What to count; each rule's name becomes a metric.",
        "options": {
            "name": {"type": "str", "required": True, "description": "Name of the metric."},
            "pattern": {
                "type": "str",
                "description": "Regular expression searched in lines; its group subject names whom it is about.",
            },
            "levels": {
                "type": "list",
                "elements": "str",
                "default": [],
                "description": "Severities that a line must have one of.",
            },
            "document": {
                "type": "str",
                "choices": ["list", "object"],
                "description": "Count JSON documents: each list, or each object, those in a list as well.",
            },
            "keys": {
                "type": "dict",
                "default": {},
                "description": "Dotted keys that an object must have: a value, a list of values, or * for any.",
            },
            "without": {
                "type": "list",
                "elements": "str",
                "default": [],
                "description": "Dotted keys that an object must not have.",
            },
            "within": {
                "type": "str",
                "description": "Dotted key of texts in an object; the pattern is searched in each of them as well.",
            },
            "subject_key": {"type": "str", "description": "Dotted key of whom an object is about."},
            "outcome": {
                "type": "str",
                "choices": [SUCCESS, FAILURE],
                "description": "What a match says of the thing that the log is about.",
            },
        },
    },
    "step_pattern": {
        "type": "str",
        "description": "Regular expression of lines that begin a step; its first group names the step.",
    },
    "step_end_pattern": {"type": "str", "description": "Regular expression of the line that ends the last step."},
    "steps_expected": {
        "type": "bool",
        "default": True,
        "description": "Whether a level of longest_step_seconds is unknown for a log without steps. False for one that "
        "names them in verbose runs only: there it is said in the evidence.",
    },
    "failure_state": {
        "type": "str",
        "choices": ["warning", "critical"],
        "default": "critical",
        "description": "What it means that the last attempt failed.",
    },
    "value_metric": {
        "type": "str",
        "default": "last_success_age_seconds",
        "description": "Metric that is the result's value.",
    },
}
METRICS = {
    "last_success_age_seconds": "s",
    "last_failure_age_seconds": "s",
    "successes": "count",
    "failures": "count",
    "longest_step_seconds": "s",
    "entries": "count",
    "untimed": "count",
}
#: Every rule adds a metric of its own.
OPEN_METRICS = True
TOGETHER = prepare


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Read the window once.

    Raises:
        CheckError: as :func:`entries_of`.
        ProfileError: a rule cannot be used.
    """
    rules = rules_of(parameters["rules"])
    window = window_of(parameters["window"], context.now, context.timezone)
    step, step_end = (
        compiled(parameters[key], key) if parameters.get(key) else None for key in ("step_pattern", "step_end_pattern")
    )
    reading = Reading()
    found = outcomes(entries_of(parameters, window.start, context, reading), rules, window, step, step_end)
    return observe(found, rules, parameters, reading, context.now)


def rules_of(given: list[dict[str, Any]]) -> list[Rule]:
    """Return the rules that the parameters state.

    Raises:
        ProfileError: a name is taken, or a rule matches nothing by what it says.
    """
    rules: list[Rule] = []
    for entry in given:
        name = entry["name"]
        if name in METRICS or name in [rule.name for rule in rules]:
            raise ProfileError(f"rules: the name {name!r} is taken", "Choose another name")
        if not entry.get("pattern") and not entry.get("document"):
            raise ProfileError(f"rules: {name} has neither pattern nor document", "State one of them")
        rules.append(
            Rule(
                name=name,
                pattern=compiled(entry["pattern"], f"rules: {name}") if entry.get("pattern") else None,
                levels=entry["levels"],
                document=entry.get("document"),
                keys=entry["keys"] or {},
                without=entry["without"],
                within=entry.get("within"),
                subject_key=entry.get("subject_key"),
                outcome=entry.get("outcome") or "",
            )
        )
    return rules


def observe(
    found: Outcomes, rules: list[Rule], parameters: Mapping[str, Any], reading: Reading, now: float
) -> Observation:
    """Turn what the log holds into an Observation; pure.

    Args:
        found: counts and last entries.
        rules: those that were counted.
        parameters: value_metric, failure_state and window of the check.
        reading: what was read.
        now: seconds since the epoch.

    Raises:
        ProfileError: there is no metric of that name.
    """
    metrics: dict[str, Scalar] = {
        "last_success_age_seconds": _age(found, rules, SUCCESS, now),
        "last_failure_age_seconds": _age(found, rules, FAILURE, now),
        "successes": sum(found.counts[rule.name] for rule in rules if rule.outcome == SUCCESS),
        "failures": sum(found.counts[rule.name] for rule in rules if rule.outcome == FAILURE),
        "longest_step_seconds": round(max(found.steps.values()), 1) if found.steps else None,
        "entries": found.entries,
        "untimed": found.untimed,
        **{rule.name: found.counts[rule.name] for rule in rules},
    }
    name = parameters["value_metric"]
    if name not in metrics:
        raise ProfileError(f"There is no metric {name!r}", "Metrics: {}".format(", ".join(metrics)))
    state, reason = OK, None
    outcome = {rule.name: rule.outcome for rule in rules}
    if found.newest is not None and outcome[found.newest.rule] == FAILURE:
        state = parameters["failure_state"]
        reason = Reason("log_last_attempt_failed", {"what": found.newest.rule, "text": found.newest.text})
    elif SUCCESS in outcome.values() and not metrics["successes"]:
        state, reason = CRITICAL, Reason("log_without_success", {"window": parameters["window"]})
    total = found.entries + reading.lost
    no_steps = not found.steps and parameters.get("step_pattern") and not parameters["steps_expected"]
    evidence = _evidence(found, reading, now)
    if no_steps:
        evidence.append("no line begins a step, as verbose runs write them: how long steps take is not measured")
    return Observation(
        value=metrics[name],
        unit=METRICS.get(name, "count"),
        state=state,
        reason=reason,
        metrics=metrics,
        evidence=evidence,
        coverage=round(found.entries / total, 4) if total else 1.0,
        source=", ".join(reading.paths) or None,
        nothing_to_measure=bool(no_steps),
    )


def _age(found: Outcomes, rules: list[Rule], outcome: str, now: float) -> float | None:
    times = [found.last[rule.name].time for rule in rules if rule.outcome == outcome and rule.name in found.last]
    return round(max(0.0, now - max(times)), 1) if times else None


def _evidence(found: Outcomes, reading: Reading, now: float) -> list[str]:
    lines = []
    for name, last in sorted(found.last.items(), key=lambda item: -item[1].time):
        about = "" if last.own_time else " at the latest; the record has no time of its own"
        lines.append(f"{found.counts[name]} x {name}, last {max(0.0, now - last.time):.0f} s ago{about}: {last.text}")
    lines = lines[:8]
    lines += [f"{count} x {name} of {subject}" for (name, subject), count in found.subjects.most_common(6)]
    longest = sorted(found.steps.items(), key=lambda item: -item[1])[:3]
    lines += [f"step {name}: {seconds:.0f} s" for name, seconds in longest]
    return lines + reading.notes[:3]
