# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all figures, whatever was observed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.availability import (
    availability_of,
    printed_downtime,
    printed_percent,
)
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.numbers import FORMATS, quantity
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.reconcile import reconcile
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.width import cells, clean, cut, pad, wrap

WEEK = 7 * 86400
OBSERVATIONS = st.lists(
    st.tuples(st.integers(-WEEK, 2 * WEEK), st.sampled_from(["up", "down", "unobserved"])), max_size=30
)


@given(observations=OBSERVATIONS, gap=st.integers(1, WEEK))
def test_up_and_down_are_the_observed_time(observations: list[tuple[int, str]], gap: int) -> None:
    seen = availability_of(observations, 0, WEEK, gap)
    assert seen.up_seconds >= 0
    assert seen.down_seconds >= 0
    assert seen.up_seconds + seen.down_seconds == seen.observed_seconds
    assert seen.observed_seconds <= seen.window_seconds == WEEK
    assert (seen.percent is None) == (seen.reason is not None)
    assert seen.percent is None or 0 <= seen.percent <= 100


@given(observations=OBSERVATIONS)
def test_a_computed_availability_always_reconciles(observations: list[tuple[int, str]]) -> None:
    assert reconcile({"availability": asdict(availability_of(observations, 0, WEEK))}) == []


@given(observations=OBSERVATIONS)
def test_any_downtime_shows_in_the_percentage_and_in_the_downtime(observations: list[tuple[int, str]]) -> None:
    seen = availability_of(observations, 0, WEEK)
    if seen.percent is not None and seen.down_seconds > 0:
        assert printed_percent(seen.percent) < 100
        assert printed_downtime(seen.down_seconds)[0] >= 1


@given(observations=OBSERVATIONS, order=st.randoms())
def test_the_order_of_looks_does_not_matter(observations: list[tuple[int, str]], order: Any) -> None:
    # Two different answers of the same second have no order; a store does not hold them.
    distinct = list(dict(observations).items())
    shuffled = list(distinct)
    order.shuffle(shuffled)
    assert availability_of(shuffled, 0, WEEK) == availability_of(distinct, 0, WEEK)


@given(
    value=st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.booleans()),
    form=st.sampled_from(FORMATS),
)
def test_every_value_can_be_printed(value: Any, form: str) -> None:
    assert isinstance(quantity(value, form).digits, str)


@given(value=st.floats(0, 100), form=st.just("percent"))
def test_a_printed_percentage_is_the_figure(value: float, form: str) -> None:
    assert abs(float(quantity(value, form).digits) - value) <= 0.0050001


@given(text=st.text(), width=st.integers(2, 60))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    shown = clean(text)
    lines = wrap(shown, width)
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(shown.split())


@given(text=st.text(max_size=30), width=st.integers(2, 60))
def test_padded_and_cut_text_has_its_width(text: str, width: int) -> None:
    assert cells(pad(cut(clean(text), width), width)) == width
