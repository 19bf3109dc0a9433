# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long ago something that must be done now and then was last done well: what was not done is overdue."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.aiops.runbooks.plugins.module_utils.model import OK, UNKNOWN, WARNING, Observation, Reason

from ..store import Sample

_DAY_SECONDS = 86400.0


def recency(samples: Sequence[Sample], now: float, window_days: float) -> Observation:
    """Return the age of the last good one in days, with its figures.

    Args:
        samples: what was recorded of it, in any order.
        now: seconds since the epoch.
        window_days: how far back the samples reach.
    """
    good = [each for each in samples if each.state in (OK, WARNING)]
    if not good:
        fields = {"days": window_days, "attempts": len(samples)}
        return Observation(state=UNKNOWN, reason=Reason("never_done", fields), metrics={"attempts": len(samples)})
    last = max(good, key=lambda each: each.at)
    age = (now - last.at.timestamp()) / _DAY_SECONDS
    figures = {**last.metrics, "attempts": len(samples), "good": len(good)}
    return Observation(value=round(age, 2), unit="days", reason=Reason("last_done", {"age": age}), metrics=figures)
