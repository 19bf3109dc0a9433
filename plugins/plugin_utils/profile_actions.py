# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of a profile: refused when they are wrong, cut down to one procedure, with what a run needs to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import did_you_mean
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.judge import parse_level

from .specification import action_types, specification

#: Procedures that look, and act where a check asks for it.
CADENCES = ("daily", "evening", "weekly", "monthly", "quarterly")


def acts(procedure: str) -> bool:
    """Tell whether a procedure is one that an operator asks for in order to have something done."""
    return procedure not in (*CADENCES, "check")


def actions_of(actions: Iterable[Mapping[str, Any]], procedure: str) -> list[dict[str, Any]]:
    """Return the actions that a procedure consists of, in the order of the profile.

    What an operator asks for by the procedure's name is allowed unless the profile says otherwise; what a look would
    do by itself is allowed only where the profile says so.

    Args:
        actions: ``system_actions`` of the profile, validated.
        procedure: a cadence, or the word of a playbook such as ``backup``.
    """
    chosen = []
    for action in actions:
        if procedure in (action.get("every") or CADENCES):
            allowed = action.get("apply")
            chosen.append({**action, "apply": acts(procedure) if allowed is None else allowed})
    return chosen


def refuse_wrong_actions(host: str, actions: Iterable[Mapping[str, Any]], checks: Sequence[str]) -> None:
    """Refuse an action that names what there is not.

    Args:
        host: inventory name, for errors.
        actions: ``system_actions`` of the profile.
        checks: names of the profile's checks.

    Raises:
        ProfileError: names the host, the action, the key and the way out.
    """
    seen: set[str] = set()
    for action in actions:
        where = "{}: action {}".format(host, action["name"])
        if action["name"] in seen:
            raise ProfileError("{}: two actions are named {}".format(host, action["name"]), "Rename one of them")
        seen.add(action["name"])
        if action["type"] not in action_types():
            raise ProfileError(
                "{} has no type {}{}".format(where, action["type"], did_you_mean(action["type"], action_types())),
                "Types: {}".format(", ".join(action_types())),
            )
        _refuse_wrong_trigger(where, action, checks)
        prefix = action["type"] + "_"
        known = [name[len(prefix) :] for name in specification(action["type"], prefix)]
        for key in action.get("parameters") or {}:
            if key not in known:
                raise ProfileError(
                    f"{where} has no parameter {key}{did_you_mean(key, known)}",
                    "Parameters: {}".format(", ".join(known)),
                )


def _refuse_wrong_trigger(where: str, action: Mapping[str, Any], checks: Sequence[str]) -> None:
    check, level = action.get("for_check"), action.get("when_value")
    if check is None:
        if level is not None:
            raise ProfileError(f"{where} has when_value without for_check", "Name the check whose value is meant")
        if not action.get("every"):
            raise ProfileError(
                f"{where} has neither for_check nor every", "Name the check that makes it due, or its procedures"
            )
        return
    if check not in checks:
        raise ProfileError(
            f"{where} is for the check {check}, which there is not{did_you_mean(check, checks)}",
            "Checks: {}".format(", ".join(checks)),
        )
    if level is None:
        raise ProfileError(f"{where} has for_check without when_value", 'Write a level such as "> 0"')
    parse_level(level, f"{where}, key when_value")
