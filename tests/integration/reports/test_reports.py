# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of a day and a month, and a person who attests, as an operator runs them."""

from __future__ import annotations

import functools
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from tests.integration.weekly.runs import CHECKOUT, Played, digests, play

INVENTORY = CHECKOUT / "tests" / "integration" / "inventories" / "reports"
NOTE = "確認済み: one reminder sent"
ATTEST = ("-e", "attest_item=overdue_review", "-e", f"attest_note={NOTE!r}")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return the directory of a healthy library with three loans, one of them overdue."""
    root = tmp_path / "library"
    root.mkdir()
    with closing(sqlite3.connect(root / "catalogue.db")) as database:
        database.executescript(
            "CREATE TABLE books (title TEXT); CREATE TABLE loans (title TEXT, overdue BOOLEAN);"
            "INSERT INTO loans VALUES ('Kokoro', 0), ('Botchan', 1), ('Sanshiro', 0)"
        )
    return root


@functools.cache
def zone(_library: Path) -> str:
    """Return a zone in which neither day nor month ends during the test of a library: its own, or another one."""
    return next(name for name in ("Asia/Tokyo", "Europe/London") if 1 <= datetime.now(ZoneInfo(name)).hour < 22)


def _play(playbook: str, library: Path, *arguments: str) -> Played:
    return play(
        INVENTORY,
        library.parent / "state",
        *("-e", f"system_timezone={zone(library)}"),
        *arguments,
        playbook=f"playbooks/{playbook}.yml",
        LIBRARY_ROOT=str(library),
    )


def _report(played: Played, procedure: str, language: str = "en") -> str:
    (path,) = (played.state / "reports").glob(f"{procedure}-*.{language}.txt")
    return path.read_text(encoding="utf-8")


def _attested(played: Played) -> list[dict[str, object]]:
    return store.attestations(store.open_store(f"sqlite:///{played.state}/store.sqlite", read_only=True))


def test_the_report_of_the_evening_is_that_of_the_day(library: Path) -> None:
    morning = _play("daily", library)
    assert morning.status == 0, morning.output
    assert "【Morning Check Report】" in _report(morning, "daily")
    assert "☑ Catalogue check\n□ Loan count check\n□ Daily report creation/submission\n" in _report(morning, "daily")

    evening = _play("evening", library)
    assert evening.status == 0, evening.output
    report = _report(evening, "evening")
    today = datetime.now(ZoneInfo(zone(library))).strftime("%Y-%m-%d")
    assert report.startswith(f"【Daily Operations Report】{today}\n")
    assert "■ Service Status\n- Catalogue: Normal\n\n■ Today's Metrics\n- Loan count: 3\n" in report
    assert "■ Notes\n- None\n\n■ Actions Taken\n- None\n" in report
    assert f"【Daily Operations Checklist】\n\nDate: {today}\nOperator: " in report
    assert "☑ Catalogue check\n☑ Loan count check\n□ Daily report creation/submission\n" in report
    assert "■ 本日の実績\n- 貸出数: 3件\n" in _report(evening, "evening", "ja")


def test_a_month_is_reported_and_what_it_leaves_open_is_attested(library: Path) -> None:
    monthly = _play("monthly", library)
    assert monthly.status == 0, monthly.output
    report = _report(monthly, "monthly")
    assert "【Monthly Operations Report】" in report
    assert "- Availability: not measured" in report
    assert (
        "- Rent: $15.00 (as stated in the profile)\n- Books: $2.80 (as stated in the profile)\n- Total: $17.80"
        in report
    )
    assert "- [Open] Overdue books reviewed LIB-03, due " in report
    assert "    Overdue books: 1 (Normal)\n    > Botchan\n" in report
    assert "☑ Overdue book review\n□ Shelf inspection\n" in report
    assert "Open: Overdue books reviewed" in " ".join(monthly.output.split())

    plan = _play("attest", library, "--check", *ATTEST)
    assert plan.status == 0, plan.output
    assert _attested(plan) == []

    done = _play("attest", library, *ATTEST)
    assert done.status == 0, done.output
    (record,) = _attested(done)
    (run,) = done.runs()
    assert (record["host"], record["item"], record["note"]) == ("library-1", "overdue_review", NOTE)
    assert record["evidence_run_id"] == run["id"]
    assert record["operator"] == run["operator"]

    for path in (done.state / "reports").iterdir():
        path.unlink()
    again = _play("monthly", library)
    assert "- [Confirmed] Overdue books reviewed" in _report(again, "monthly")
    assert NOTE in _report(again, "monthly", "ja")
    assert "Open: Overdue books reviewed" not in again.output


def test_what_is_overdue_says_so_in_report_and_table(library: Path) -> None:
    first = _play("monthly", library)
    (run,) = first.runs()
    long_ago = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    opened = store.open_store(f"sqlite:///{first.state}/store.sqlite")
    store.finish(opened, [{**run, "id": "earlier", "started": long_ago, "finished": long_ago}])
    for path in (first.state / "reports").iterdir():
        path.unlink()
    second = _play("monthly", library)
    assert "- [Overdue] Overdue books reviewed" in _report(second, "monthly")
    assert "期限超過" in _report(second, "monthly", "ja")
    assert "Overdue: Overdue books reviewed" in " ".join(second.output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-e", "attest_item=overdue_revue", "-e", "attest_note=x"), "did you mean overdue_review"),
        (("-e", "attest_item=overdue_review", "-e", "attest_note=' '"), "needs a note"),
        (("-e", "attest_item=overdue_review"), "attest_note"),
        (ATTEST, "no run has gathered the evidence of overdue_review yet"),
    ],
    ids=["unknown item", "blank note", "no note", "no evidence"],
)
def test_what_cannot_be_attested_is_refused_with_the_way_out(
    library: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = digests(library)
    played = _play("attest", library, *arguments)
    assert played.status != 0
    assert said in " ".join(played.output.split())
    assert not (played.state / "store.sqlite").exists()
    assert digests(library) == before
