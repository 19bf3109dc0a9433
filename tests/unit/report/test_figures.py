# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a report, from JSON cases."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.availability import availability_of, observed_state
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.episodes import episodes
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.figures import check_figure
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.layout import (
    load_standard_layout,
    standard_sections,
)
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.numbers import quantity
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.period import period_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.reconcile import reconcile
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("availability_of"))
def test_availability_of(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    assert asdict(availability_of(**arguments)) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observed_state"))
def test_observed_state(arguments: dict[str, Any], expected: str | None) -> None:
    assert observed_state(**arguments) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("quantity"))
def test_quantity(arguments: dict[str, Any], expected: dict[str, str]) -> None:
    assert asdict(quantity(**arguments)) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("episodes"))
def test_episodes(arguments: dict[str, Any], expected: list[list[Any]]) -> None:
    found = episodes(**arguments)
    assert [[each.began, each.ended, each.check] for each in found] == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("check_figure"))
def test_check_figure(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    figure = asdict(check_figure(**arguments, first_metric={"disk": "used_percent"}.get))
    assert {**figure, "remarks": list(figure["remarks"]), "levels": list(figure["levels"])} == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("reconcile"))
def test_reconcile(arguments: dict[str, Any], expected: list[str]) -> None:
    assert [contradiction.id for contradiction in reconcile(**arguments)] == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("standard_sections"))
def test_standard_sections(arguments: dict[str, Any], expected: dict[str, list[str]]) -> None:
    sections = standard_sections(**arguments, standard=load_standard_layout())
    named = {
        section["section"]: [
            line.get("figure") or f"{line['check']}:{line.get('metric') or ''}" for line in section["lines"]
        ]
        for section in sections
    }
    assert named == expected
    assert list(named) == list(expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("period_of"))
def test_period_of(arguments: dict[str, str], expected: list[str]) -> None:
    period = period_of(**arguments)
    assert [period.started, period.first_day, period.last_day] == expected
