# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mapping without some of its keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def without(value: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return a copy of a mapping that lacks the keys.

    Args:
        value: the mapping.
        keys: what to leave out; what is not there is no error.
    """
    return {key: item for key, item in value.items() if key not in keys}


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"without": without}
