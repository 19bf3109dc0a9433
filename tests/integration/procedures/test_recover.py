# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedure `recover`: without a choice it shows the ways, with one it goes it, or back (EST-17, SBX-30)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_file import inspect
from tests.integration.weekly.runs import Played, play
from tests.unit.databases.making import everything_in, make_database
from tests.unit.databases.salvaging import content, ruin

CONFIRMED = ("-e", "run_confirm=wiki-1")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a damaged database."""
    (tmp_path / "data").mkdir()
    return ruin(make_database(tmp_path / "whole.db"), tmp_path / "data" / "wiki.db", {7})


def recover(database: Path, *arguments: str, health: str = "true", **variables: Any) -> Played:
    """Run the procedure of an invented system on this machine."""
    directory = database.parent.parent
    action = {
        "name": "recover_database",
        "type": "database_recover",
        "every": ["recover"],
        "parameters": {
            "path": str(database),
            "tables": ["tasks"],
            "directory": str(directory / "recovery"),
            "seconds": 1,
        },
    }
    check: dict[str, Any] = {"name": "health", "kind": "command", "parameters": {"argv": ["sh", "-c", health]}}
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "system_name": "wiki",
        "system_checks": [check],
        "system_verification": ["health"],
        "system_actions": [action],
        **variables,
    }
    inventory = directory / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"wiki-1": host}}}))
    return play(inventory, directory / "state", *arguments, playbook="playbooks/recover.yml")


def action_of(played: Played) -> dict[str, Any]:
    """Return the newest run's only action."""
    (action,) = played.newest()["wiki-1"]["actions"]
    return dict(action)


def test_the_ways_are_shown_and_nothing_is_done_without_a_choice(database: Path) -> None:
    before = everything_in(database.parent)
    shown = recover(database)
    assert shown.status == 0, shown.output
    words = " ".join(shown.output.split())
    assert f"{database} is corrupt" in words
    assert "restore is not possible: the profile names no backup of it" in words
    assert "salvage loses 18 rows that are known; 782 rows come back" in words
    assert "reset loses everything" in words
    planned = recover(database, "--check", "-e", "recover_by=salvage")
    assert planned.status == 0, planned.output
    refused = recover(database, "-e", "recover_by=salvage")
    assert refused.status != 0
    assert "-e run_confirm=wiki-1" in refused.output
    assert everything_in(database.parent) == before


def test_salvaged(database: Path) -> None:
    done = recover(database, "-e", "recover_by=salvage", *CONFIRMED)
    assert done.status == 0, done.output
    action = action_of(done)
    assert action["state"] == "done"
    assert inspect(str(database), "full", ["tasks"], foreign_keys=False).verdict == "ok"
    again = recover(database, "-e", "recover_by=reset", *CONFIRMED)
    assert again.status == 0, again.output
    assert action_of(again)["state"] == "skipped", "what is whole is not recovered"


def test_it_goes_back_when_the_system_is_not_well_with_it(database: Path) -> None:
    before = database.read_bytes()
    # Well before, and not after: the application does not get on with what was salvaged.
    health = f"! ls {database}.corrupt-*"
    failed = recover(database, "-e", "recover_by=salvage", *CONFIRMED, health=health)
    assert failed.status != 0
    assert "The recovery by salvage went back: Not well after" in failed.output
    assert action_of(failed)["state"] == "failed"
    assert database.read_bytes() == before
    assert inspect(f"{database}.recovered", "full", foreign_keys=False).verdict == "ok"


def test_restored_from_the_newest_set(database: Path) -> None:
    damaged = database.read_bytes()
    backups = database.parent.parent / "backups"
    for name, rows in (("20261101_030000", 50), ("20261102_030000", 60)):
        (backups / name).mkdir(parents=True)
        make_database(backups / name / "wiki.db", rows=rows)
    contents = [{"name": "wiki.db", "type": "sqlite", "source": str(database)}]
    backup = {"directory": str(backups), "contents": contents}
    shown = recover(database, system_backup=backup)
    assert "the newest set is 20261102_030000" in " ".join(shown.output.split())
    done = recover(database, "-e", "recover_by=restore", *CONFIRMED, system_backup=backup)
    assert done.status == 0, done.output
    assert content(database, "tasks") == content(backups / "20261102_030000" / "wiki.db", "tasks")
    (evidence,) = (database.parent.parent / "recovery").glob("wiki.db.*/evidence.json")
    assert evidence.with_name("wiki.db").read_bytes() == damaged


def test_reset(database: Path) -> None:
    before = database.read_bytes()
    done = recover(database, "-e", "recover_by=reset", *CONFIRMED)
    assert done.status == 0, done.output
    assert not database.exists()
    (kept,) = database.parent.glob("wiki.db.corrupt-*")
    assert kept.read_bytes() == before
