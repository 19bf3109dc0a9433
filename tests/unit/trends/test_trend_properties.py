# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every budget, growth and forecast, whatever was measured."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.judge import parse_level
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.availability import availability_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.budget import budget_left_percent
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.growth import (
    MONTH_DAYS,
    Question,
    forecast,
    growth,
    month_over_month,
)
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.objectives import (
    Objective,
    availability,
    error_rate,
    latency,
)
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.parts import Part
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.questions import target_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.robust import line_through

DAY = 86400.0
NOW = 1000 * DAY
WEEK = 7 * 86400
ANYTHING = st.floats(allow_nan=True, allow_infinity=True)
LOOKS = st.lists(
    st.tuples(st.integers(-40 * 24, 0).map(lambda hours: NOW + 3600.0 * hours), st.sampled_from(["up", "down"])),
    max_size=60,
    unique_by=lambda look: look[0],
)
BREAKS = st.lists(
    st.tuples(st.integers(-900, 0), st.integers(1, 200)).map(
        lambda pair: (NOW + 3600.0 * pair[0], NOW + 3600.0 * (pair[0] + pair[1]))
    ),
    max_size=4,
)
TARGETS = st.sampled_from([">= 99", "> 99.9", ">= 50", ">= 99.99"])


@given(spent=st.floats(0, 1e12), allowed=st.floats(0, 1e12))
def test_a_budget_is_between_nothing_and_all_of_it(spent: float, allowed: float) -> None:
    left = budget_left_percent(spent, allowed)
    assert 0 <= left <= 100
    assert (left == 0) == (spent >= allowed) or math.isclose(spent, allowed)


@given(looks=LOOKS, breaks=BREAKS, target=TARGETS)
def test_the_budget_is_spent_exactly_when_the_target_is_missed(
    looks: list[Any], breaks: list[Any], target: str
) -> None:
    promised = Objective(target_of(target, "target"), needed_days=0)
    seen = availability(looks, NOW, promised, breaks)
    if not isinstance(seen.value, float):
        assert seen.state == "unknown"
        assert "budget_left_percent" not in seen.metrics
        return
    left, seconds = seen.metrics["budget_left_percent"], seen.metrics["budget_left_seconds"]
    assert isinstance(left, float)
    assert isinstance(seconds, float)
    assert 0 <= left <= 100
    assert math.isclose(seconds, left / 100 * float(seen.metrics["budget_seconds"] or 0), abs_tol=1e-3)
    missed = parse_level(promised.missed)
    assert missed is not None
    if abs(seen.value - missed.limit) > 1e-9:
        assert missed.reached(seen.value) == (left == 0)


@given(looks=LOOKS, breaks=BREAKS)
def test_maintenance_adds_neither_uptime_nor_downtime(looks: list[Any], breaks: list[Any]) -> None:
    started = NOW - 30 * DAY
    plain, quiet = availability_of(looks, started, NOW), availability_of(looks, started, NOW, maintenance=breaks)
    assert quiet.observed_seconds <= plain.window_seconds
    assert quiet.window_seconds <= plain.window_seconds
    assert quiet.observed_seconds <= quiet.window_seconds + 1e-6
    everything = [(started - 40 * DAY, NOW + DAY)]
    assert availability_of(looks, started, NOW, maintenance=everything).percent is None


@given(days=st.integers(1, 200), hours=st.integers(1, 20))
def test_downtime_within_maintenance_is_none(days: int, hours: int) -> None:
    began = NOW - days / 8 * DAY
    looks = [(NOW - day * DAY, "up") for day in range(31)] + [(began + 60, "down"), (began + 3600.0 * hours, "up")]
    seen = availability_of(looks, NOW - 30 * DAY, NOW, maintenance=[(began, began + 3600.0 * hours)])
    assert seen.down_seconds == 0
    assert seen.percent == 100


@given(start=st.floats(1, 1e12), per_day=st.floats(-0.01, 0.05), count=st.integers(30, 90))
def test_growth_is_what_its_definition_says(start: float, per_day: float, count: int) -> None:
    values = [start * (1 + per_day * day) for day in range(count)]
    points = [(NOW - (count - 1 - day) * DAY, value) for day, value in enumerate(values)]
    seen = growth(points, NOW, Question(warning=parse_level("> 20")))
    base = start * (1 + per_day * (count - 1 - MONTH_DAYS))
    assert isinstance(seen.value, float)
    assert math.isclose(seen.value, 100 * (values[-1] - base) / base, rel_tol=1e-6, abs_tol=1e-6)


@given(
    start=st.floats(10, 80),
    per_day=st.floats(0.05, 0.5),
    noise=st.floats(0, 0.4),
    swings=st.lists(st.floats(-1, 1), min_size=90, max_size=90),
)
def test_a_forecast_finds_the_day_of_a_noisy_line(
    start: float, per_day: float, noise: float, swings: list[float]
) -> None:
    days = min(90, int((89.9 - noise - start) / per_day))
    points = [(NOW - (days - 1 - day) * DAY, start + per_day * day + noise * swings[day]) for day in range(days)]
    seen = forecast(points, NOW, Question(limit=parse_level(">= 90"), horizon_days=4000))
    if days < 30:
        return
    truth = (90 - (start + per_day * (days - 1))) / per_day
    if isinstance(seen.value, float):
        # Noise moves the end of the line by its own size, and turns it by that over its length.
        allowed = noise / per_day + truth * 2 * noise / (per_day * days)
        assert abs(seen.value - truth) <= allowed + 1e-6
    else:
        assert seen.reason is not None
        assert seen.reason.id == "no_trend"
        assert noise > 0


@given(points=st.lists(st.tuples(st.floats(NOW - 100 * DAY, NOW + 5 * DAY), ANYTHING), max_size=80))
@example(points=[(NOW - DAY, 8.988465674311579e307), (NOW - DAY, 8.98846567431158e307)])
def test_any_figures_have_an_answer(points: list[Any]) -> None:
    asked = Question(
        warning=parse_level("> 20"), limit=parse_level(">= 90"), needed_points=1, needed_days=0, horizon_days=1e5
    )
    for ask in (growth, forecast, month_over_month):
        seen = ask(points, NOW, asked)
        assert seen.value is None or math.isfinite(float(seen.value))
        assert seen.value is not None or seen.reason is not None
        assert all(not isinstance(value, float) or math.isfinite(value) for value in seen.metrics.values())


@given(points=st.lists(st.tuples(st.floats(0, 1e9), st.floats(-1e9, 1e9)), min_size=2, max_size=40).map(sorted))
def test_a_slope_lies_between_its_bounds(points: list[Any]) -> None:
    line = line_through(points)
    assert line is None or line.low <= line.slope <= line.high


PARTS = st.lists(
    st.tuples(st.floats(0, 100), st.integers(0, 10**6), st.integers(0, 10**6)).map(
        lambda row: (row[0], row[1], min(row[1], row[2]))
    ),
    max_size=6,
).map(
    lambda rows: [
        Part(NOW - (number + 1) * WEEK, NOW - number * WEEK, value, requests, slow)
        for number, (value, requests, slow) in enumerate(rows)
    ]
)


@given(parts=PARTS)
def test_an_error_rate_is_between_that_of_its_best_and_its_worst_part(parts: list[Part]) -> None:
    seen = error_rate(parts, NOW, Objective(target_of("< 1", "target"), needed_days=0))
    told = [part.value for part in parts if part.requests and part.value is not None]
    if seen.value is None:
        assert not told
        return
    assert isinstance(seen.value, float)
    assert min(told) - 1e-3 <= seen.value <= max(told) + 1e-3
    left = seen.metrics["budget_left_percent"]
    assert isinstance(left, float)
    assert 0 <= left <= 100


@given(parts=PARTS)
def test_a_response_time_that_every_part_kept_is_kept(parts: list[Part]) -> None:
    promised = Objective(target_of("< 50", "target"), needed_days=0, metric="p95_seconds")
    seen = latency(parts, NOW, promised)
    kept = [promised.target.reached(part.value or 0.0) for part in parts]
    if kept and all(kept):
        assert isinstance(seen.value, float)
        assert promised.target.reached(seen.value)
    if kept and not any(kept):
        assert isinstance(seen.value, float)
        assert not promised.target.reached(seen.value)
