# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long to wait before the next attempt, and what a receiver asks for. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
#: More than this is not waited, whatever a receiver asks for: a page at night must not wait until noon.
LONGEST_ASKED_SECONDS = 3600.0


def pause_seconds(attempts: int, asked_seconds: float | None) -> float:
    """Return how long to wait after a number of failed attempts: doubling, but never less than the receiver asks for.

    Args:
        attempts: how many have failed, this one included.
        asked_seconds: what the receiver asked for, or None.
    """
    own = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(max(attempts, 1) - 1, 20))
    return max(own, min(asked_seconds or 0.0, LONGEST_ASKED_SECONDS))


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Return what a Retry-After header says, in seconds from now; None for none or an unreadable one."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
