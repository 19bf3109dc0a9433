# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps are taken in an incident, and whether one has healed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import CRITICAL, UNKNOWN

from .classification import Classification, classify


def rungs_of(
    level: str,
    rules: Collection[str],
    ladders: Sequence[Mapping[str, Any]],
    actions: Sequence[Mapping[str, Any]],
    approved: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the steps of a level in their order.

    Args:
        level: of the incident.
        rules: names of the rules that apply.
        ladders: the profile's ``system_ladders``.
        actions: the actions of the procedure ``incident``, with why one may not be tried now (``refused``).
        approved: by name or type of an action, who has approved it.
    """
    by_name = {action["name"]: action for action in actions}
    stated = [rung for ladder in ladders if ladder["level"] == level for rung in ladder["rungs"]]
    chosen = [rung for rung in stated if not rung.get("rules") or set(rung["rules"]) & set(rules)]
    rungs = []
    for number, rung in enumerate(chosen, 1):
        name = rung.get("action")
        action = by_name.get(name) if name else None
        rungs.append(
            {
                "number": number,
                "name": name or f"wait_{number}",
                "title": rung.get("title") or {},
                "action": dict(action) if action else None,
                "approval": bool(rung.get("approval")),
                "approved_by": _approval(name, action, approved),
                "verify_seconds": rung.get("verify_seconds") or 0,
                "only_collects": bool(rung.get("only_collects")),
            }
        )
    return rungs


def _approval(name: str | None, action: Mapping[str, Any] | None, approved: Mapping[str, str]) -> str:
    """Return who has approved a step: by the name of its action, also without the prefix, or by its type."""
    if name is None or action is None:
        return ""
    words = (name, name.replace("incident_", "", 1), str(action["type"]))
    return next((approved[word] for word in words if word in approved), "")


def is_healed(
    results: Sequence[Mapping[str, Any]],
    priorities: Sequence[Mapping[str, Any]],
    rules: Collection[str],
    verification: Collection[str],
) -> bool:
    """Tell whether an incident is over: none of its rules applies any more, and the system is well.

    Args:
        results: a fresh look at the checks that made the incident, and at those of ``system_verification``.
        priorities: the profile's ``system_priorities``.
        rules: names of the rules that made the incident.
        verification: names of the checks that tell whether the system is well.
    """
    if not results:
        return False
    bad = [each for each in results if each["check"] in verification and each["state"] in (CRITICAL, UNKNOWN)]
    own = [rule for rule in priorities if rule["name"] in rules]
    # An unknown is not an answer to whether a rule still applies.
    asked = {check for rule in own for check in rule.get("checks") or ()}
    unseen = [each for each in results if each["check"] in asked and each["state"] == UNKNOWN]
    return not bad and not unseen and not classify(results, own).rules if own else not bad and not _critical(results)


def looks_of(found: Classification, verification: Sequence[str]) -> list[str]:
    """Return the checks that are looked at again after a step."""
    return list(dict.fromkeys([*found.checks, *verification]))


def _critical(results: Sequence[Mapping[str, Any]]) -> bool:
    return any(each["state"] == CRITICAL for each in results)
