# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fifth system costs its owner data files only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.weekly.runs import CHECKOUT, digests, play

INVENTORY = CHECKOUT / "tests" / "integration" / "inventories" / "fifth"


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    """Return the directory of a healthy wiki."""
    root = tmp_path / "wiki"
    root.mkdir()
    with closing(sqlite3.connect(root / "wiki.db")) as database:
        database.execute("CREATE TABLE pages (title TEXT)")
        database.executemany("INSERT INTO pages VALUES (?)", [("Home",), ("Help",)])
        database.commit()
    (root / "wiki.log").write_text("a short log\n")
    return root


def test_a_healthy_system_is_looked_at_recorded_and_reported(wiki: Path, tmp_path: Path) -> None:
    played = play(INVENTORY, tmp_path / "state", WIKI_ROOT=str(wiki))
    assert played.status == 0, played.output
    (run,) = played.runs()
    assert (run["system"], run["host"], run["state"]) == ("wiki", "wiki-1", "ok")
    assert [result["check"] for result in run["results"]] == ["pages", "page_count", "log_size"]
    english, japanese = (next((tmp_path / "state" / "reports").glob(f"*.{name}.txt")) for name in ("en", "ja"))
    assert "Team Wiki (wiki-1)" in english.read_text()
    assert "社内Wiki" in japanese.read_text()


def test_its_action_is_planned_in_check_mode_done_once_and_then_unchanged(wiki: Path, tmp_path: Path) -> None:
    (wiki / "wiki.log").write_text("line\n" * 1000)
    before = digests(wiki)
    planned = play(INVENTORY, tmp_path / "plan", "--check", WIKI_ROOT=str(wiki))
    assert planned.status == 0, planned.output
    assert digests(wiki) == before
    assert not (tmp_path / "plan").exists()
    assert "rotate_logs" in planned.output

    done = play(INVENTORY, tmp_path / "state", WIKI_ROOT=str(wiki))
    (action,) = done.newest()["wiki-1"]["actions"]
    assert (action["name"], action["state"], action["changed"]) == ("rotate_logs", "done", True)
    assert (wiki / "wiki.log").stat().st_size == 0

    again = play(INVENTORY, tmp_path / "state", WIKI_ROOT=str(wiki))
    assert again.newest()["wiki-1"]["actions"] == []
    assert "changed=0" in again.output


def test_a_corrupt_database_ends_the_run_with_its_name(wiki: Path, tmp_path: Path) -> None:
    (wiki / "wiki.db").write_bytes(b"this is no database" * 300)
    played = play(INVENTORY, tmp_path / "state", WIKI_ROOT=str(wiki))
    assert played.status != 0
    assert played.not_ok() == {"wiki-1": {"pages": "critical", "page_count": "critical"}}
    assert "wiki-1 is critical. pages:" in " ".join(played.output.split())
