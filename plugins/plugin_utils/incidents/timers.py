# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due in an incident: who is told now, at which of its moments (EST-34). Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LEVELS = ("P1", "P2", "P3", "P4")
UPDATE_SECONDS = 15 * 60.0

ESCALATION, UPDATE, RECOVERY = "escalation", "update", "recovery"


@dataclass(frozen=True)
class Rule:
    """When somebody is told.

    Args:
        name: name of the rule in the profile.
        tell: roles.
        after_seconds: how long after the incident reached one of the levels or was put into one of the categories.
        levels: the levels that it is for.
        categories: the categories (``security``, ``data_loss``, ...) that it is for.
        unless_acknowledged: somebody who has taken the incident on keeps this rule from telling anybody.
    """

    name: str
    tell: Sequence[str]
    after_seconds: float = 0.0
    levels: Sequence[str] = ()
    categories: Sequence[str] = ()
    unless_acknowledged: bool = False


@dataclass(frozen=True)
class Situation:
    """An incident as its timers see it.

    Args:
        elapsed_seconds: how far its time has come.
        level: P1 to P4, as it stands.
        levels: when it reached each level that it has had.
        categories: when it was put into each category.
        acknowledged: somebody has taken it on.
        recovered: it is over.
        told: roles that have been told about it.
        planned: keys of the moments that are planned already.
    """

    elapsed_seconds: float
    level: str
    levels: Mapping[str, float] = field(default_factory=dict)
    categories: Mapping[str, float] = field(default_factory=dict)
    acknowledged: bool = False
    recovered: bool = False
    told: Collection[str] = ()
    planned: Collection[str] = ()


@dataclass(frozen=True)
class Moment:
    """Something that is due.

    Args:
        key: the same for the same moment of an incident, however often it is computed.
        kind: ``escalation``, ``update`` or ``recovery``.
        tell: roles that are told.
        due_seconds: when it was due, in the incident's own time.
        rule: name of the rule, None for updates and the recovery.
    """

    key: str
    kind: str
    tell: tuple[str, ...]
    due_seconds: float
    rule: str | None = None


def rules_of(stated: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Return the rules of a profile's ``system_escalation``."""
    return [
        Rule(
            name=each["name"],
            tell=tuple(each["tell"]),
            after_seconds=float(each.get("after_minutes") or 0) * 60,
            levels=tuple(each.get("levels") or ()),
            categories=tuple(each.get("categories") or ()),
            unless_acknowledged=bool(each.get("unless_acknowledged")),
        )
        for each in stated
    ]


def due(situation: Situation, rules: Sequence[Rule], update_seconds: float = UPDATE_SECONDS) -> list[Moment]:
    """Return what is due and not planned yet, in the order in which it was due.

    After a pause in which nobody computed anything, every rule that has become due is returned, but of the updates
    only the newest: one says how things stand now.

    Args:
        situation: the incident.
        rules: who is told when.
        update_seconds: how often everybody who has been told hears how it stands; 0 for never.
    """
    moments = [] if situation.recovered else _escalations(situation, rules)
    told = {*situation.told, *(role for moment in moments for role in moment.tell)}
    if situation.recovered:
        if told:
            moments.append(Moment("recovery", RECOVERY, tuple(sorted(told)), situation.elapsed_seconds))
    elif update_seconds > 0 and situation.told:
        number = int(situation.elapsed_seconds // update_seconds)
        if number >= 1:
            moments.append(Moment(f"update:{number}", UPDATE, tuple(sorted(situation.told)), number * update_seconds))
    new = [moment for moment in moments if moment.key not in situation.planned]
    return sorted(new, key=lambda moment: (moment.due_seconds, moment.key))


def _escalations(situation: Situation, rules: Sequence[Rule]) -> list[Moment]:
    moments = []
    for rule in rules:
        if rule.unless_acknowledged and situation.acknowledged:
            continue
        for scope, since in _scopes(situation, rule):
            due_seconds = since + rule.after_seconds
            if situation.elapsed_seconds >= due_seconds:
                key = f"{rule.name}:{scope}"
                moments.append(Moment(key, ESCALATION, tuple(rule.tell), due_seconds, rule.name))
    return moments


def _scopes(situation: Situation, rule: Rule) -> list[tuple[str, float]]:
    """Return why a rule applies now, and since when."""
    scopes = [(name, since) for name, since in sorted(situation.categories.items()) if name in rule.categories]
    if situation.level in rule.levels:
        scopes.append((situation.level, situation.levels.get(situation.level, 0.0)))
    return scopes
