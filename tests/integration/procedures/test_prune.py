# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedure `prune`: what the plan says is what is removed, and the monthly procedure only shows it (SBX-18)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.weekly.runs import Played, play
from tests.unit.databases.test_rows_prune import AFTER, BEFORE, RULE, counts, make


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a state database whose new incidents are of yesterday."""
    import sqlite3
    from contextlib import closing

    path = make(tmp_path / "state.db")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE incidents SET resolved_at = ? WHERE note = 'new'", (yesterday,))
        connection.commit()
    return path


def act(database: Path, procedure: str, playbook: str, *arguments: str, **rule: str) -> Played:
    """Run a procedure of an invented system on this machine."""
    directory = database.parent
    action = {
        "name": "prune_tickets",
        "type": "rows_prune",
        "every": ["prune", "monthly"],
        "parameters": {
            "path": str(database),
            "copy_directory": str(directory / "copies"),
            "rules": [{"table": RULE.table, "where": RULE.where, "never": RULE.never, **rule}],
        },
    }
    check: dict[str, Any] = {"name": "health", "kind": "command", "parameters": {"argv": ["true"]}}
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "system_name": "wiki",
        "system_timezone": "Europe/London",
        "system_checks": [check],
        "system_verification": ["health"],
        "system_actions": [action],
        "run_procedure": procedure,
        "run_report": False,
    }
    inventory = directory / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"wiki-1": host}}}))
    return play(inventory, directory / "state", *arguments, playbook=playbook)


def action_of(played: Played) -> dict[str, Any]:
    """Return the newest run's only action."""
    (action,) = played.newest()["wiki-1"]["actions"]
    return dict(action)


def test_the_plan_is_what_is_done(database: Path) -> None:
    planned = act(database, "prune", "playbooks/prune.yml", "--check", "--diff")
    assert planned.status == 0, planned.output
    assert "-incidents: 308 rows" in planned.output
    assert "+incidents: 8 rows" in planned.output
    assert counts(database) == BEFORE

    shown = act(database, "monthly", "playbooks/monthly.yml")
    assert (action_of(shown)["state"], counts(database)) == ("planned", BEFORE)

    refused = act(database, "prune", "playbooks/prune.yml", never="note = 'new' OR id < 10")
    assert refused.status != 0
    assert "9 rows of incidents that are due must never go" in refused.output
    assert (action_of(refused)["state"], counts(database)) == ("failed", BEFORE)

    done = act(database, "prune", "playbooks/prune.yml")
    assert done.status == 0, done.output
    assert (action_of(done)["state"], counts(database)) == ("done", AFTER)
    (copy,) = (database.parent / "copies").iterdir()
    assert counts(copy) == BEFORE
    assert action_of(act(database, "prune", "playbooks/prune.yml"))["state"] == "skipped"
