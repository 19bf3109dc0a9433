# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a step has healed an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.ladder import is_healed


def incident_healed(look: Mapping[str, Any] | None, opened: Mapping[str, Any]) -> bool:
    """Tell whether a fresh look shows that an incident is over.

    Args:
        look: what ``checks_info`` has returned.
        opened: what ``incident_open`` has returned.
    """
    results = (look or {}).get("results") or []
    return is_healed(results, opened["priorities"], opened["rules"], opened["verification"])


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"incident_healed": incident_healed}
