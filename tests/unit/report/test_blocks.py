# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checklists, attestations and charts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.attestations import attestations_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.chart import HEIGHT, WIDTH, draw
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.checklist import checklist_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.lines import section_of
from tests.unit.cases import load_cases

FIGURES = st.floats(-1e12, 1e12, allow_nan=False)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("attestations_of"))
def test_attestations_of(arguments: dict[str, Any], expected: list[list[str]]) -> None:
    found = attestations_of(**arguments)
    assert [
        [each.name, each.state, each.opened, each.due, (each.done or {}).get("operator", "")] for each in found
    ] == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("checklist_of"))
def test_checklist_of(arguments: dict[str, Any], expected: list[list[Any]]) -> None:
    inside = arguments["inside"]
    run = {**inside[-1], "profile": {"checklists": arguments["checklists"]}}
    found = checklist_of(run, inside, "weekly")
    assert found is not None
    assert [[item.state, [each["check"] for each in item.faults], item.missing] for item in found.items] == expected
    assert checklist_of(run, inside, "monthly") is None


@given(figures=st.lists(FIGURES, min_size=1, max_size=40), levels=st.lists(FIGURES, max_size=3))
def test_a_chart_stays_in_its_box_and_keeps_the_order_of_the_figures(figures: list[float], levels: list[float]) -> None:
    chart = draw([(float(when), figure) for when, figure in enumerate(figures)], [("warning", each) for each in levels])
    points = [tuple(float(part) for part in point.split(",")) for point in chart.line.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert all(0 <= y <= HEIGHT for _name, y in chart.marks)
    assert [x for x, _y in points] == sorted(x for x, _y in points)
    # On a page down is up: a higher figure never lies below a lower one.
    assert all((a <= b) or (ya <= yb) for (a, (_xa, ya)), (b, (_xb, yb)) in pairwise(zip(figures, points, strict=True)))
    assert (chart.lowest, chart.highest) == (min(figures), max(figures))


def test_a_total_is_the_sum_of_what_is_printed_and_nothing_without_all_of_it() -> None:
    stated = [{"value": 15.004, "format": "usd"}, {"value": 2.804, "format": "usd"}, {"figure": "total"}]
    figure = section_of({"lines": stated}, None).lines[-1].figure
    assert figure is not None
    assert figure.value == 17.80
    empty = section_of({"lines": [{"figure": "total"}]}, None).lines[0].figure
    assert empty is not None
    assert (empty.value, empty.reason) == (None, {"id": "nothing_to_add", "fields": {}})
    missing = section_of({"lines": [{"value": "a text", "format": "usd"}, {"figure": "total"}]}, None).lines[-1].figure
    assert missing is not None
    assert missing.reason == {"id": "part_missing", "fields": {}}
