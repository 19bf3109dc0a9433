# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance windows as an operator plans and ends them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from tests.integration.weekly.runs import CHECKOUT, FAR_AHEAD, LONG_AGO, Played, play

INVENTORY = CHECKOUT / "tests" / "integration" / "inventories" / "reports"
NOW = ("-e", "window='now for 30 minutes'", "-e", "window_reason='New disk'")


def _play(state: Path, *arguments: str) -> Played:
    return play(INVENTORY, state, *arguments, playbook="playbooks/maintenance_window.yml")


def _windows(played: Played) -> list[dict[str, Any]]:
    opened = store.open_store(f"sqlite:///{played.state}/store.sqlite", read_only=True)
    return store.maintenance_windows(opened, None, LONG_AGO, FAR_AHEAD)


def test_a_window_is_planned_listed_and_ended(tmp_path: Path) -> None:
    plan = _play(tmp_path, "--check", *NOW)
    assert plan.status == 0, plan.output
    assert "changed=1" in plan.output
    assert not (tmp_path / "store.sqlite").exists()

    planned = _play(tmp_path, *NOW)
    assert planned.status == 0, planned.output
    (window,) = _windows(planned)
    assert (window["host"], window["system"], window["reason"]) == ("library-1", "library", "New disk")

    tonight = ("-e", "window_start='2099-12-01 22:00'", "-e", "window_end='2 hours'", "-e", "window_reason=Update")
    assert "changed=1" in _play(tmp_path, *tonight).output
    again = _play(tmp_path, *tonight)
    assert "changed=0" in again.output, again.output
    # The zone of the library is Tokyo's.
    assert _windows(again)[1]["begins"] == "2099-12-01T13:00:00Z"

    listed = _play(tmp_path)
    assert window["id"] in listed.output
    assert "2099-12-01T13:00:00Z to 2099-12-01T15:00:00Z, Update" in listed.output
    assert "changed=0" in listed.output

    ended = _play(tmp_path, "-e", "window_state=ended")
    assert ended.status == 0, ended.output
    assert [each["closed"] is None for each in _windows(ended)] == [False, True]
    assert "changed=1" in _play(tmp_path, "-e", "window_state=cancelled").output
    assert "There is none." in _play(tmp_path).output


def test_what_cannot_be_is_refused_with_the_way_out(tmp_path: Path) -> None:
    late = _play(
        tmp_path, "-e", "window_start='2020-01-01 10:00'", "-e", "window_end='1 hour'", "-e", "window_reason=x"
    )
    assert late.status != 0
    assert "Downtime that was not announced stays downtime" in " ".join(late.output.split())
    silent = _play(tmp_path, "-e", "window='now for 1 hour'")
    assert "window_reason=" in silent.output
    assert not (tmp_path / "store.sqlite").exists()
