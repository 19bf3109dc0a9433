# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""store_prune.yml, on a store in which time has passed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from tests.integration.weekly.runs import Played, digests, play
from tests.unit.store.builders import ELSEWHERE, finished, run

PLAYBOOK = "playbooks/store_prune.yml"


def used_for_years(state: Path) -> None:
    """Make a store with one run for each of some moments."""
    state.mkdir()
    opened = store.open_store(f"sqlite:///{state}/store.sqlite")
    for days in (800, 500, 350, 20):
        moment = datetime.now(UTC) - timedelta(days=days)
        started = {"started": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
        store.begin(opened, [run(f"r{days}", **started)], holder=ELSEWHERE, now=moment, lease_seconds=600)
        store.finish(opened, [finished(f"r{days}", **started)])


def left(state: Path) -> list[str]:
    """Return the ids of the runs that are there."""
    return [one["id"] for one in Played(0, "", state).runs()]


def test_old_records_go_and_check_mode_counts_them(tmp_path: Path) -> None:
    state = tmp_path / "state"
    used_for_years(state)
    before = digests(state)
    planned = play("localhost,", state, "--check", playbook=PLAYBOOK)
    assert planned.status == 0, planned.output
    assert "Would go" in planned.output
    assert "changed=1" in planned.output
    assert digests(state) == before

    short = play("localhost,", state, "-e", "store_prune_keep_days=30", playbook=PLAYBOOK)
    assert short.status == 2, short.output
    assert "Give 200 or more" in short.output
    assert digests(state) == before

    gone = play("localhost,", state, playbook=PLAYBOOK)
    assert gone.status == 0, gone.output
    assert "Gone, older than" in gone.output
    assert left(state) == ["r350", "r20"]
    again = play("localhost,", state, playbook=PLAYBOOK)
    assert again.status == 0, again.output
    assert "changed=0" in again.output
    fewer = play("localhost,", state, "-e", json.dumps({"store_prune_keep_days": 200}), playbook=PLAYBOOK)
    assert fewer.status == 0, fewer.output
    assert left(state) == ["r20"]


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    state = tmp_path / "nowhere"
    missed = play("localhost,", state, playbook=PLAYBOOK)
    assert missed.status == 2, missed.output
    assert f"{state}/store.sqlite" in missed.output
    assert not state.exists()
