# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet to copy: every host of it has a profile that is accepted as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.integration.weekly.runs import CHECKOUT, play


def test_a_copied_fleet_is_looked_at_as_it_stands(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "inventories" / "example", tmp_path / "fleet")
    played = play(
        tmp_path / "fleet",
        tmp_path / "state",
        "-e",
        '{"run_checks": ["disk"], "ansible_connection": "local", "ansible_become": false}',
        playbook="playbooks/check.yml",
    )
    runs = played.newest()
    assert set(runs) == {"estimator-tokyo", "estimator-osaka", "aimo-1", "ai-diy-1", "smartbox-1"}
    assert [run["failure"] for run in runs.values()] == [None] * len(runs), played.output
    assert {run["profile"]["variant"] for run in runs.values()} == {"runbook", "published"}
