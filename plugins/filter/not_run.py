# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of a procedure that an earlier failure has left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def not_run(
    actions: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]], failed: str, run_id: str
) -> list[dict[str, Any]]:
    """Return the actions of which nothing is recorded yet and which do not happen in any case.

    Args:
        actions: all actions of the procedure.
        records: what was recorded so far, of this run and of earlier ones.
        failed: name of the action that failed; empty when none did, and then nothing is left out.
        run_id: the run.
    """
    begun = {record["name"] for record in records if record.get("run_id") == run_id}
    return [dict(action) for action in actions if failed and action["name"] not in begun and not action.get("always")]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"not_run": not_run}
