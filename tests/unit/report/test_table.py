# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end of a run."""

from __future__ import annotations

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.table import render_table, terminal_table
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.width import cells
from tests.unit.report import weeks


def test_the_table_as_agreed() -> None:
    _runs, current = weeks.broken_week()
    table = render_table(current, reports=["/srv/reports/w.html", "/srv/reports/w.en.txt"], catalog=weeks.CATALOG)
    assert table.splitlines() == [
        "System     Host         Verdict      Normal  Warning  Unknown  Critical  Planned  Done",
        "─" * 86,
        "estimator  estimator-1  Critical P2       4        1        1         2        1     1",
        "  └ Certificate: Days left is 6.98 days (critical: below 7 days). (+3)",
        "  → Planned: Certificate renewal (renew_certificate)",
        "library    library-1    Critical          0        0        0         0        0     0",
        "  └ The host could not be reached. Connection refused by 192.0.2.10 port 22",
        "",
        "Report: /srv/reports/w.html",
        "        /srv/reports/w.en.txt",
    ]


def test_the_worst_system_comes_first() -> None:
    _runs, healthy = weeks.healthy_week()
    _runs, broken = weeks.broken_week()
    lines = render_table([healthy[0], broken[1]]).splitlines()
    assert [line.split()[0] for line in lines if line[:1].isalpha()] == ["System", "library", "estimator"]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_columns_line_up_in_cells(language: str) -> None:
    _runs, current = weeks.broken_week()
    current[0]["host"] = "東京-1"
    header, _rule, *rows = render_table(current, language=language).splitlines()
    table = [header, *(row for row in rows if row.startswith(("estimator", "library")))]
    assert len({cells(row) for row in table}) == 1


@pytest.mark.parametrize("width", [1, 40, 60, 100])
def test_reasons_are_wrapped_and_not_cut(width: int) -> None:
    _runs, current = weeks.broken_week()
    text = render_table(current, width=width)
    assert all(cells(line) <= max(width, 40) for line in text.splitlines() if line.startswith(("  └", "    ")))
    assert "192.0.2.10 port 22" in " ".join(text.split())


def test_colour_only_when_asked() -> None:
    _runs, current = weeks.broken_week()
    plain = render_table(current)
    assert "\x1b" not in plain
    coloured = render_table(current, colour=True)
    assert "\x1b[1;31mCritical" in coloured
    assert coloured.count("\x1b[0m") == 2


def test_a_host_name_cannot_colour_the_terminal() -> None:
    _runs, current = weeks.broken_week()
    current[1]["failure"]["message"] = "\x1b[2J"
    current[1]["host"] = "\x1b]0;title\x07"
    assert "\x1b" not in render_table(current)


def test_a_run_that_was_refused_is_unknown_and_says_why() -> None:
    refused = weeks.run("r", weeks.FINISHED, [], state="refused", counts={})
    refused["failure"] = {"stage": "single_flight", "message": "held by run 7 of sato"}
    text = render_table([refused])
    assert "Unknown" in text
    assert "held by run 7 of sato" in text


def test_without_a_terminal_the_table_has_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _runs, current = weeks.healthy_week()
    assert "\x1b" not in terminal_table(current, ["/srv/reports/w.html"])


def test_what_a_person_must_confirm_stands_under_its_system_and_fits() -> None:
    _runs, current = weeks.broken_week()
    title = {"en": "Review queue of the analysis looked through", "ja": "レビュー待ちの確認"}
    waiting = [
        {"host": "estimator-1", "name": "queue", "title": title, "state": "open", "due": "2025-11-01T15:30:00Z"},
        {"host": "estimator-1", "name": "rules", "title": title, "state": "overdue", "due": "2025-10-01T00:00:00Z"},
        {"host": "elsewhere", "name": "hidden", "title": title, "state": "open", "due": "2025-11-01T00:00:00Z"},
    ]
    lines = render_table(current, attestations=waiting, width=50).splitlines()
    text = " ".join(" ".join(lines).split())
    assert "□ Overdue: Review queue of the analysis looked through (due 2025-10-01) [rules]" in text
    # 15:30 UTC is the next day in Tokyo.
    assert text.index("[rules]") < text.index("(due 2025-11-02) [queue]")
    assert "[hidden]" not in text
    assert all(len(line) <= 50 for line in lines if "□" in line)
    assert "□ 期限超過: レビュー待ちの確認(期限 2025-10-01) [rules]" in render_table(
        current, attestations=waiting, language="ja"
    )
