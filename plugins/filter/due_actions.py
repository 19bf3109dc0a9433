# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which actions of a profile the Results of a look make due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.judge import judge, parse_level
from ansible_collections.aiops.runbooks.plugins.module_utils.model import CRITICAL, UNKNOWN


def due_actions(actions: Iterable[Mapping[str, Any]], results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Select the actions whose check shows a value that asks for them.

    Args:
        actions: the actions of the profile, each with ``for_check`` and the level ``when_value``.
        results: the Results of this look.

    An unknown never makes an action due: nobody acts on a system that was not seen. An action without ``for_check`` is
    always due.
    """
    seen = {result["check"]: result for result in results}
    return [
        dict(action) for action in actions if not action.get("for_check") or _due(action, seen.get(action["for_check"]))
    ]


def _due(action: Mapping[str, Any], result: Mapping[str, Any] | None) -> bool:
    if result is None or result["state"] == UNKNOWN:
        return False
    level = parse_level(action["when_value"], "Action {}, key when_value".format(action["name"]))
    return judge(result["value"], None, level)[0] == CRITICAL


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"due_actions": due_actions}
