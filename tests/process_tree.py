# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What processes have started, as the kernel knows it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def children(process: int) -> set[int]:
    """Return the processes that one has started, in whichever of its threads; nothing when it is gone.

    One that has ended is among them until somebody has waited for it.
    """
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in list(Path(f"/proc/{process}/task").iterdir()):
            # A thread may have ended meanwhile; its children are then another one's.
            with contextlib.suppress(OSError):
                found.update(int(child) for child in (task / "children").read_text().split())
    return found


def descendants(process: int) -> Iterator[int]:
    """Yield the processes below one, parents first."""
    for child in sorted(children(process)):
        yield child
        yield from descendants(child)
