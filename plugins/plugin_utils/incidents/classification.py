# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Results to a level, P1 to P4, by the rules of a profile (EST-25, DIY-26, DIY-27, SBX-31, AIMO-25..27). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.judge import judge, parse_level
from ansible_collections.aiops.runbooks.plugins.module_utils.model import CRITICAL

from .timers import LEVELS

#: What is critical and has no rule: somebody looks within hours, nobody is woken up.
UNRULED = "P3"


@dataclass(frozen=True)
class Classification:
    """What the rules say of a look.

    Args:
        level: the worst level of the rules that apply; None when none does.
        categories: those of all rules that apply.
        rules: names of the rules that apply, in the order of their levels.
        checks: the checks that made them apply.
        status, impact: what the worst rule says of them, by language; empty when it says nothing.
    """

    level: str | None
    categories: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    status: Mapping[str, str] = field(default_factory=dict)
    impact: Mapping[str, str] = field(default_factory=dict)


def classify(
    results: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]], reachable: bool = True
) -> Classification:
    """Return the level of an incident that the results make.

    A profile without rules has no levels. With rules, a critical result that no rule looks at is a P3, so that nothing
    critical is passed over because nobody has thought of it.

    Args:
        results: Result records.
        rules: the profile's ``system_priorities``.
        reachable: False for a host that could not be reached: only rules that say so apply, otherwise it is a P1.
    """
    if not rules:
        return Classification(None)
    found = [(rule, checks) for rule in rules if (checks := _applies(rule, results, reachable)) is not None]
    found.sort(key=lambda each: LEVELS.index(each[0]["level"]))
    if not found:
        return _unruled(results, reachable)
    worst = found[0][0]
    return Classification(
        level=worst["level"],
        categories=_distinct(name for rule, _checks in found for name in rule.get("categories") or ()),
        rules=tuple(rule["name"] for rule, _checks in found),
        checks=_distinct(check for _rule, checks in found for check in checks),
        status=worst.get("status") or {},
        impact=worst.get("impact") or {},
    )


def _unruled(results: Sequence[Mapping[str, Any]], reachable: bool) -> Classification:
    if not reachable:
        return Classification(LEVELS[0])
    checks = _distinct(result["check"] for result in results if result["state"] == CRITICAL)
    return Classification(UNRULED, checks=checks) if checks else Classification(None)


def _applies(rule: Mapping[str, Any], results: Sequence[Mapping[str, Any]], reachable: bool) -> list[str] | None:
    """Return the checks that make a rule apply; None when it does not."""
    if not reachable:
        return [] if rule.get("unreachable") else None
    asked = rule.get("checks") or []
    hits = [result["check"] for result in results if result["check"] in asked and _hits(rule, result)]
    needed = len(asked) if rule.get("match") == "all" else 1
    return hits if hits and len(hits) >= needed else None


def _hits(rule: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    level = parse_level(rule.get("value"), "rule {}, key value".format(rule["name"]))
    if level is not None:
        metric = rule.get("metric")
        figure = (result.get("metrics") or {}).get(metric) if metric else result.get("value")
        if judge(figure, None, level)[0] != CRITICAL:
            return False
        # A figure has its own level here, whatever the check's levels make of it; the state counts where it is named.
        states = rule.get("states") or ("ok", "warning", CRITICAL)
    else:
        states = rule.get("states") or (CRITICAL,)
    reasons = rule.get("reasons")
    reason = (result.get("reason") or {}).get("id")
    return result["state"] in states and (not reasons or reason in reasons)


def _distinct(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
