# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monthly run after three months of daily runs: objectives and trends beside what it sees itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from tests.integration.weekly.runs import Played, play

TODAY_BYTES = 190_000
DAYS = 90
PROFILE: dict[str, Any] = {
    "system_name": "notes",
    "system_title": {"en": "Notes", "ja": "メモ"},
    "system_checks": [
        {
            "name": "diary",
            "kind": "file",
            "availability": True,
            "title": {"en": "Diary", "ja": "日誌"},
            "parameters": {"path": "{{ notes_root }}/diary.txt"},
        }
    ],
    "system_slos": [{"name": "up", "kind": "availability", "target": ">= 99"}],
    "system_trends": [
        {"name": "growth", "kind": "growth", "check": "diary", "metric": "size_bytes", "warning": "> 20"},
        {"name": "full", "kind": "forecast", "check": "diary", "metric": "size_bytes", "limit": ">= 240000"},
    ],
}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Describe a system of one file on this machine."""
    (tmp_path / "diary.txt").write_bytes(b"x" * TODAY_BYTES)
    described = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts = {"all": {"hosts": {"notes-1": {**described, "notes_root": str(tmp_path), **PROFILE}}}}
    path = tmp_path / "hosts.json"
    path.write_text(json.dumps(hosts))
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Record 90 days of daily runs: the file grows by 1,000 bytes a day, and one day it was not there."""
    directory = tmp_path / "state"
    directory.mkdir()
    opened = store.open_store(f"sqlite:///{directory}/store.sqlite")
    store.finish(opened, [_daily(days_ago, directory) for days_ago in range(DAYS, 0, -1)])
    return directory


def _daily(days_ago: int, directory: Path) -> dict[str, Any]:
    started = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    gone = days_ago == 20
    result = {
        "check": "diary",
        "kind": "file",
        "state": "critical" if gone else "ok",
        "value": None if gone else 60,
        "metrics": {} if gone else {"size_bytes": TODAY_BYTES - 1000 * days_ago},
        "started": started,
    }
    return {
        "id": f"daily-{days_ago}",
        "procedure": "daily",
        "system": "notes",
        "host": "notes-1",
        "started": started,
        "finished": started,
        "state": result["state"],
        "reachable": True,
        "profile": {"checks": {"diary": {"availability": True}}},
        "results": [result],
    }


def monthly(inventory: Path, state: Path, *arguments: str) -> Played:
    """Run monthly.yml."""
    return play(inventory, state, *arguments, playbook="playbooks/monthly.yml")


def test_three_months_of_runs_become_results_of_the_monthly_run(inventory: Path, state: Path) -> None:
    played = monthly(inventory, state)
    run = played.newest()["notes-1"]
    results = {result["check"]: result for result in run["results"]}
    assert list(results) == ["diary", "up", "growth", "full"]
    assert results["up"]["state"] == "critical"
    assert results["up"]["value"] == pytest.approx(100 * 29 / 30, abs=0.1)
    assert results["growth"]["state"] == "ok"
    assert results["growth"]["value"] == pytest.approx(100 * 30 / 160, abs=0.5)
    assert results["full"]["value"] == pytest.approx(50, abs=1)
    assert run["state"] == "critical"
    assert run["counts"] == {"ok": 3, "warning": 0, "unknown": 0, "critical": 1}
    assert played.status != 0
    assert "notes-1 is critical. up: Availability is 96.67%" in " ".join(played.output.split())


def test_check_mode_computes_the_same_and_records_nothing(inventory: Path, state: Path) -> None:
    before = len(Played(0, "", state).runs())
    played = monthly(inventory, state, "--check")
    assert "up: Availability is 96.67%" in " ".join(played.output.split())
    assert len(played.runs()) == before


def test_check_mode_makes_no_store_to_ask(inventory: Path, tmp_path: Path) -> None:
    played = monthly(inventory, tmp_path / "new", "--check")
    assert played.status == 0, played.output
    assert "Too little history" in played.output
    assert not (tmp_path / "new").exists()


def test_the_first_run_says_that_there_is_too_little_history(inventory: Path, tmp_path: Path) -> None:
    played = monthly(inventory, tmp_path / "new")
    assert played.status == 0, played.output
    run = played.newest()["notes-1"]
    reasons = {result["check"]: result["reason"]["id"] for result in run["results"] if result["state"] == "unknown"}
    assert reasons == {"up": "too_little_history", "growth": "too_little_history", "full": "too_little_history"}
    assert run["state"] == "unknown"
