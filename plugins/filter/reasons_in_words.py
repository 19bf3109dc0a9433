# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as lines for a person: what is asked, and why it is not well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils.catalog import load_catalog, reason_text

_EVIDENCE_LINES = 3


def reasons_in_words(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each Result: its check, the reason in English and the first lines of its evidence.

    Args:
        results: Result records.
    """
    catalog = load_catalog()
    lines = []
    for result in results:
        said = " / ".join(str(line) for line in list(result.get("evidence") or [])[:_EVIDENCE_LINES])
        text = reason_text(catalog, result["reason"], "en", result["kind"])
        lines.append("{}: {}{}".format(result["check"], text, f" ({said})" if said else ""))
    return lines


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"reasons_in_words": reasons_in_words}
