# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Days that do not end while a test is about what happened today."""

from __future__ import annotations

import time

_DAY_SECONDS = 86400


def wait_for_a_day_that_lasts(seconds: float = 600) -> None:
    """Wait for the next day, UTC, when this one ends within so many seconds; return at once at any other time."""
    left = _DAY_SECONDS - time.time() % _DAY_SECONDS
    if left < seconds:
        time.sleep(left + 1)
