# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes of a play's batches, as an operator writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ansible.errors import AnsibleFilterError

_SIZE = re.compile(r"[1-9]\d*|(100|[1-9]?\d)%")


def batches(sizes: str | int | Sequence[str | int]) -> list[str]:
    """Return what ``serial`` of a play wants.

    Args:
        sizes: counts of hosts and percentages of all of them, the first for the canaries, the last for as many batches
            as it takes; a list, or a text with commas such as ``1, 25%, 100%``.

    Raises:
        AnsibleFilterError: one of them is neither a count nor a percentage.
    """
    given = sizes if isinstance(sizes, (list, tuple)) else str(sizes).split(",")
    found = [str(size).strip() for size in given]
    for size in found:
        if not _SIZE.fullmatch(size) or size == "0%":
            raise AnsibleFilterError(
                f"run_batch: {size!r} is no size of a batch. Write counts and percentages such as 1,25%,100%"
            )
    return found


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filters by name."""
        return {"batches": batches}
