# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole report: two recorded weeks, both languages, text and page."""

from __future__ import annotations

import copy
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.period import period_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.render import render
from tests.unit.report import weeks

GOLDEN = Path(__file__).resolve().parents[2] / "fixtures" / "render"
PERIOD = period_of(weeks.FINISHED, weeks.TIMEZONE)
WEEKS = {"healthy": weeks.healthy_week, "broken": weeks.broken_week}
VOID = {"meta", "input", "br", "hr", "link", "img"}


def _rendered(week: str) -> dict[str, str]:
    runs, current = WEEKS[week]()
    return render("weekly", runs, current, PERIOD, name=week, catalog=weeks.CATALOG)


def _numbers(line: str) -> Counter[str]:
    # "P95" and "EST-09" are names; what stands in them is no figure, but is the same in both languages anyway.
    return Counter(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", line))


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("week", WEEKS)
def test_the_text_is_as_agreed(week: str, language: str) -> None:
    assert _rendered(week)[f"{week}.{language}.txt"] == (GOLDEN / f"{week}.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("week", WEEKS)
def test_both_languages_print_the_same_numbers(week: str) -> None:
    files = _rendered(week)
    english, japanese = (files[f"{week}.{language}.txt"] for language in ("en", "ja"))
    assert _numbers(english) == _numbers(japanese)
    assert sum(_numbers(english).values()) > 40


def test_the_same_records_give_the_same_bytes() -> None:
    assert _rendered("broken") == _rendered("broken")


def test_rendering_leaves_the_records_alone() -> None:
    runs, current = weeks.broken_week()
    before = copy.deepcopy((runs, current))
    render("weekly", runs, current, PERIOD)
    assert (runs, current) == before


def test_the_order_of_the_records_does_not_matter() -> None:
    runs, current = weeks.broken_week()
    assert render("weekly", runs, current, PERIOD) == render("weekly", runs[::-1], current[::-1], PERIOD)


def test_without_a_current_run_the_newest_weekly_one_is_reported() -> None:
    runs, _current = weeks.broken_week()
    later = weeks.run("later", "2025-10-27T00:30:00Z", [])
    text = render("weekly", [*runs, later], [], PERIOD, ["en"], name="w")["w.en.txt"]
    assert "Run: weekly" in text


class _Page(HTMLParser):
    """Collects what a browser would load, and checks that elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.elements: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.ids += [str(value) for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read_page(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    assert page.open == []
    return page


@pytest.mark.parametrize("week", WEEKS)
def test_the_page_is_complete_in_itself(week: str) -> None:
    html = _rendered(week)[f"{week}.html"]
    page = read_page(html)
    assert page.elements["script"] == page.elements["link"] == page.elements["img"] == 0
    assert page.elements["main"] == 2
    assert "url(" not in html
    assert "@import" not in html
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))


def test_one_language_makes_a_page_without_a_switch() -> None:
    runs, current = weeks.healthy_week()
    files = render("weekly", runs, current, PERIOD, ["ja"], name="w")
    assert sorted(files) == ["w.html", "w.ja.txt"]
    assert '<html lang="ja">' in files["w.html"]
    assert "<label" not in files["w.html"]


def test_nothing_that_a_host_says_becomes_markup_or_moves_a_terminal() -> None:
    runs, current = weeks.healthy_week()
    hostile = '</pre><script>alert(1)</script>\x1b[2J\u202e{{ 7 * 7 }}"'
    current[0]["results"][0].update(evidence=[hostile], source=hostile, state="critical", reason={"id": hostile})
    current[0].update(operator=hostile, failure={"stage": hostile, "message": hostile})
    files = render("weekly", runs, current, PERIOD, name="w")
    assert read_page(files["w.html"]).elements["script"] == 0
    for text in files.values():
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "{{ 7 * 7 }}" in text


@pytest.mark.parametrize(
    "damage",
    [
        {"profile": {}},
        {"profile": None},
        {"results": None, "actions": None, "counts": None},
        {"state": "refused", "results": [], "failure": {"stage": "single_flight", "message": "held by a run"}},
        {"results": [{"check": "x"}]},
        {"profile": {"report": {"weekly": [{"section": "usage", "lines": [{"check": "nothing"}]}, {}]}}},
        {"actions": [{"name": "x", "state": "failed", "detail": {"message": "no"}}]},
    ],
    ids=",".join,
)
def test_a_poor_record_still_makes_a_report(damage: dict[str, Any]) -> None:
    run = {**weeks.run("poor", weeks.FINISHED, weeks.weekly_results()), **damage}
    files = render("weekly", [run], [run], PERIOD, name="w")
    assert "estimator-1" in files["w.en.txt"]
    read_page(files["w.html"])


def test_no_systems_make_an_empty_report() -> None:
    files = render("weekly", [], [], PERIOD, name="w")
    assert "0 systems" in files["w.en.txt"]
    read_page(files["w.html"])


def test_a_contradictory_figure_is_named_and_not_printed() -> None:
    text = _rendered("broken")["broken.en.txt"]
    assert "Error rate: not printed" in text
    assert "Error rate: 0.44%" not in text
    assert "Figures that do not reconcile" in text


def test_a_first_run_claims_no_availability() -> None:
    _runs, current = weeks.healthy_week()
    text = render("weekly", current, current, PERIOD, ["en"], name="w")["w.en.txt"]
    assert "Availability: not measured (1 observation, at least 2 needed)" in text
    assert "Availability: 100%" not in text
