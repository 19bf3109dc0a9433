# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every burn rate: downtime over what was allowed, in its own window; nothing where nobody looked."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.availability import availability_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.budget import (
    BURN_WINDOWS,
    LEAST_SHARE,
    availability_burn_rates,
    burn_rate,
)

HOUR = 3600.0
NOW = 1_800_000_000.0
STATES = st.sampled_from(["up", "up", "up", "down", "unobserved"])
#: A look every quarter of an hour for up to forty days, some left out.
LOOKS = st.lists(st.tuples(st.integers(0, 40 * 96), STATES), max_size=80, unique_by=lambda look: look[0]).map(
    lambda pairs: [(NOW - 900.0 * quarter, state) for quarter, state in pairs]
)
BREAKS = st.lists(
    st.tuples(st.integers(0, 900), st.integers(1, 48)).map(
        lambda pair: (NOW - HOUR * pair[0], NOW - HOUR * pair[0] + HOUR * pair[1])
    ),
    max_size=3,
)
SHARES = st.sampled_from([0.01, 0.001, 0.5])
GAP = 2 * HOUR


@given(looks=LOOKS, breaks=BREAKS, share=SHARES)
def test_a_rate_is_the_downtime_of_its_window_over_what_is_allowed(
    looks: list[Any], breaks: list[Any], share: float
) -> None:
    rates = availability_burn_rates(looks, NOW, share, GAP, breaks)
    assert set(rates) == set(BURN_WINDOWS)
    for name, rate in rates.items():
        seen = availability_of(looks, NOW - BURN_WINDOWS[name], NOW, GAP, breaks)
        if rate is None:
            continue
        assert seen.observed_seconds >= LEAST_SHARE * seen.window_seconds
        assert math.isclose(rate * share * seen.observed_seconds, seen.down_seconds, abs_tol=1e-6)
        assert 0 <= rate <= 1 / share + 1e-9


@given(looks=LOOKS, share=SHARES)
def test_what_is_all_maintenance_has_no_rate(looks: list[Any], share: float) -> None:
    rates = availability_burn_rates(looks, NOW, share, GAP, [(NOW - 50 * 86400, NOW + 1)])
    assert set(rates.values()) == {None}


@given(down=st.integers(0, 95), share=SHARES)
@settings(max_examples=15)
def test_a_steady_burn_is_the_same_over_every_window_and_one_uses_the_budget_up(down: int, share: float) -> None:
    # Of every hundred quarters of an hour so many were down; the windows that hold many of them agree.
    looks = [(NOW - 900.0 * quarter, "down" if quarter % 100 < down else "up") for quarter in range(30 * 96 + 2)]
    rates = availability_burn_rates(looks, NOW, share, GAP)
    month = rates["30d"]
    assert month is not None
    assert math.isclose(month, down / 100 / share, rel_tol=0.05, abs_tol=0.05 / share)


@given(bad=st.floats(0, 1e9), whole=st.floats(0, 1e9), share=st.floats(0, 1))
def test_a_rate_of_one_is_what_the_objective_allows(bad: float, whole: float, share: float) -> None:
    rate = burn_rate(bad, whole, share)
    if whole <= 0 or share <= 0:
        assert rate is None
        return
    assert rate is not None
    assert rate >= 0
    one = burn_rate(share * whole, whole, share)
    assert one is None or share * whole == 0 or math.isclose(one, 1.0, rel_tol=1e-6)
