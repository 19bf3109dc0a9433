# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failed actions of a run that a later step of it has made good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def made_good(records: Iterable[Mapping[str, Any]], run_id: str) -> list[dict[str, Any]]:
    """Return the Action records, those of a run that failed marked as made good: they count as attempts, not as faults.

    Args:
        records: what was recorded so far, of this run and of earlier ones.
        run_id: the run.
    """
    return [
        {**record, "detail": {**record["detail"], "made_good": True}}
        if record["state"] == "failed" and record.get("run_id") == run_id
        else dict(record)
        for record in records
    ]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"made_good": made_good}
