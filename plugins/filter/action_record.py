# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One schema for what an action did, whatever module did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_NOISE = ("ansible_facts", "invocation", "warnings", "deprecations", "failed", "changed", "skipped", "msg", "exception")


def action_record(
    action: Mapping[str, Any], outcome: Mapping[str, Any], planned: bool, run_id: str | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Return the Action record of one action.

    Args:
        action: the action as the profile states it.
        outcome: what the module of its role returned.
        planned: whether it ran in check mode, because the run did or because the profile does not allow it.
        run_id: the run it belongs to; a host keeps its records through all plays of a playbook.
        prefix: before the name, for what belongs to an action without being it, such as ``rollback_``.
    """
    changed = bool(outcome.get("changed"))
    if outcome.get("failed"):
        state = "failed"
    elif outcome.get("skipped") or not changed:
        state = "skipped"
    else:
        state = "planned" if planned else "done"
    detail = {key: value for key, value in outcome.items() if key not in _NOISE}
    if outcome.get("msg"):
        detail["message"] = outcome["msg"]
    return {
        "name": prefix + action["name"],
        "type": action["type"],
        "for_check": action.get("for_check"),
        "runbook": action.get("runbook"),
        "state": state,
        "changed": changed and not planned,
        "detail": detail,
        "approved_by": _approval(action) if state == "done" else None,
        "run_id": run_id,
    }


def _approval(action: Mapping[str, Any]) -> str:
    # What is confirmed, or not due by a check, was asked for by the person who started the procedure.
    return "operator" if action.get("confirm") or not action.get("for_check") else "profile"


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"action_record": action_record}
