# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error budgets: what an objective still allows to go wrong, and how fast that is being used up (EST-37, DIY-13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..report.availability import UNOBSERVED, Availability, Interval, availability_of

#: Windows over which a burn rate is told, by name, in seconds.
BURN_WINDOWS = {"1h": 3600, "6h": 6 * 3600, "24h": 24 * 3600, "3d": 3 * 86400, "30d": 30 * 86400}
#: Share of a burn rate's window that must have been looked at.
LEAST_SHARE = 0.5
_LEAST_OBSERVATIONS = 2
#: Looks do not begin at the same second every day: one that is a little older than the window still belongs to it.
TOLERANCE = 0.1


def budget_left_percent(spent: float, allowed: float) -> float:
    """Return how much of a budget is left, 0 to 100; a budget of nothing is spent.

    Args:
        spent: seconds down or requests failed.
        allowed: as many as the objective allows.
    """
    if allowed <= 0:
        return 0.0
    return max(0.0, min(100.0, 100.0 * (allowed - spent) / allowed))


def burn_rate(bad: float, whole: float, allowed_share: float) -> float | None:
    """Return how many times faster than allowed a budget is used; 1 uses all of it by the end of its window.

    Args:
        bad: seconds down or requests failed.
        whole: seconds observed or requests made.
        allowed_share: share that the objective allows, 0 to 1.
    """
    return bad / whole / allowed_share if whole > 0 and allowed_share > 0 else None


def availability_burn_rates(
    observations: Sequence[Sequence[Any]],
    now: float,
    allowed_share: float,
    maximum_gap_seconds: float,
    maintenance: Iterable[Interval] = (),
) -> dict[str, float | None]:
    """Return the burn rate over each window; None where nobody looked often enough to tell.

    Args:
        observations: pairs of seconds since the epoch and state.
        now: seconds since the epoch.
        allowed_share: share of the time that may be downtime, 0 to 1.
        maximum_gap_seconds: how long one observation holds.
        maintenance: time that does not count.
    """
    breaks = list(maintenance)
    rates: dict[str, float | None] = {}
    for name, seconds in BURN_WINDOWS.items():
        begin = now - seconds
        since = begin - TOLERANCE * seconds
        looks = sum(1 for when, state in observations if since <= when <= now and state != UNOBSERVED)
        seen = availability_of(observations, begin, now, maximum_gap_seconds, breaks)
        enough = looks >= _LEAST_OBSERVATIONS and _well_observed(seen)
        rates[name] = burn_rate(seen.down_seconds, seen.observed_seconds, allowed_share) if enough else None
    return rates


def _well_observed(seen: Availability) -> bool:
    return seen.window_seconds > 0 and seen.observed_seconds >= LEAST_SHARE * seen.window_seconds
