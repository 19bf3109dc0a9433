# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daily and the monthly report as agreed, in both languages, with the same figures."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.procedures import PROCEDURES, period_for
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.render import Reviews, render
from tests.unit.cases import load_cases
from tests.unit.report import months, weeks
from tests.unit.report.test_render import read_page

GOLDEN = Path(__file__).resolve().parents[2] / "fixtures" / "render"
REPORTS: dict[str, tuple[Any, str]] = {
    "evening": (months.a_day, months.DAY_MADE),
    "monthly": (months.a_month, months.MONTH_MADE),
}


def rendered(procedure: str) -> dict[str, str]:
    """Return the files of a procedure's report."""
    records, made = REPORTS[procedure]
    runs, current = records()
    period = period_for(procedure, made, weeks.TIMEZONE)
    reviews = Reviews(months.ATTESTED, months.ASKED)
    return render(procedure, runs, current, period, reviews=reviews, catalog=weeks.CATALOG, name=procedure)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("procedure", REPORTS)
def test_the_text_is_as_agreed(procedure: str, language: str) -> None:
    name = f"{procedure}.{language}.txt"
    assert rendered(procedure)[name] == (GOLDEN / name).read_text(encoding="utf-8")


def _numbers(text: str) -> Counter[str]:
    # The name of a month is a word in English and a number in Japanese.
    plain = text.replace("October 2025", "MONTH").replace("2025年10月", "MONTH")
    return Counter(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", plain))


@pytest.mark.parametrize("procedure", REPORTS)
def test_both_languages_print_the_same_numbers(procedure: str) -> None:
    files = rendered(procedure)
    english, japanese = (files[f"{procedure}.{language}.txt"] for language in ("en", "ja"))
    assert _numbers(english) == _numbers(japanese)
    assert sum(_numbers(english).values()) > 30


@pytest.mark.parametrize("procedure", REPORTS)
def test_the_page_draws_its_trends_without_loading_anything(procedure: str) -> None:
    html = rendered(procedure)[f"{procedure}.html"]
    page = read_page(html)
    assert page.elements["script"] == page.elements["img"] == page.elements["use"] == 0
    assert len(page.ids) == len(set(page.ids))
    assert page.elements["svg"] == page.elements["title"] - 1 == page.elements["figure"]
    assert (page.elements["svg"] > 0) is (procedure == "monthly")
    assert all(f'id="{name}"' in html for name in re.findall(r'aria-labelledby="([^"]+)"', html))


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_every_procedure_reports_a_system_without_a_layout_or_a_history(procedure: str) -> None:
    period = period_for(procedure, months.MONTH_MADE, weeks.TIMEZONE)
    current = [weeks.library({}, 41.25, procedure=procedure)]
    files = render(procedure, [], current, period, name="x")
    assert "Root disk: 41.25%" in files["x.en.txt"]
    assert "texts" not in files["x.en.txt"]
    assert "system_title" not in files["x.html"]
    read_page(files["x.html"])


@pytest.mark.parametrize(("arguments", "expected"), load_cases("period_for"))
def test_period_for(arguments: dict[str, str], expected: dict[str, Any]) -> None:
    period = period_for(**arguments)
    assert {
        "started": period.started,
        "finished": period.finished,
        "days": period.days,
        "complete": period.complete,
    } == expected


def test_a_system_with_nothing_to_look_at_in_the_evening_is_what_the_morning_found() -> None:
    period = period_for("evening", months.DAY_MADE, weeks.TIMEZONE)
    idle = weeks.run("idle", months.DAY_MADE, [], profile=months.PROFILE, procedure="evening")
    text = render("evening", [months.morning(21), idle], [idle], period, name="x")["x.en.txt"]
    assert "AI Estimator (estimator-1): Normal\n" in text
    assert "- Access count: not measured (nobody looked in this period)" in text
    alone = render("evening", [idle], [idle], period, name="x")["x.en.txt"]
    assert "AI Estimator (estimator-1): Unknown\n" in alone


def test_an_evening_without_a_connection_says_nothing_about_the_morning() -> None:
    period = period_for("evening", months.DAY_MADE, weeks.TIMEZONE)
    lost = weeks.run("lost", months.DAY_MADE, [], profile=months.PROFILE, procedure="evening", reachable=False)
    text = render("evening", [months.morning(21), lost], [lost], period, name="x")["x.en.txt"]
    assert "AI Estimator (estimator-1): Critical\n" in text
    assert "- Disk usage: not measured (The host could not be reached)" in text
    assert "□ Disk usage check (< 80%)" in text
