# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup, verification and retention through Ansible: the plan, the deed, and what is refused."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_module import call_module


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, Any]:
    """Return the arguments of a backup of a little wiki."""
    (tmp_path / "wiki" / "uploads").mkdir(parents=True)
    (tmp_path / "wiki" / "uploads" / "one").write_text("one")
    with sqlite3.connect(tmp_path / "wiki" / "wiki.db") as database:
        database.execute("CREATE TABLE pages (id INTEGER PRIMARY KEY, title TEXT)")
        database.execute("INSERT INTO pages (title) VALUES ('a'), ('b')")
    database.close()
    return {
        "directory": str(tmp_path / "sets"),
        "system": "wiki",
        "host": "wiki-1",
        "contents": [
            {"name": "wiki.db", "type": "sqlite", "source": str(tmp_path / "wiki" / "wiki.db"), "tables": ["pages"]},
            {"name": "uploads", "type": "files", "source": str(tmp_path / "wiki" / "uploads")},
        ],
    }


def test_a_plan_then_a_set_then_its_verification(tmp_path: Path, arguments: dict[str, Any]) -> None:
    planned = call_module("backup_set", arguments, "--check", "--diff")
    assert planned.word == "CHANGED"
    assert f"+uploads: 3 bytes of {tmp_path}/wiki/uploads" in planned.difference
    assert not (tmp_path / "sets").exists(), "a plan makes nothing"
    made = call_module("backup_set", arguments)
    (only,) = (tmp_path / "sets").iterdir()
    assert made.result["set"] == str(only)
    assert {item["name"]: (item["bytes"], item["rows"]) for item in made.result["items"]} == {
        "wiki.db": (8192, 2),
        "uploads": (3, 0),
    }
    seen = call_module("backup_verify_info", {"directory": arguments["directory"]})
    assert (seen.word, seen.result["whole"], seen.result["refusals"]) == ("SUCCESS", True, [])
    (only / "uploads" / "one").write_text("two")
    seen = call_module("backup_verify_info", {"directory": arguments["directory"]})
    assert seen.result["sets"][0]["state"] == "damaged"
    assert seen.result["refusals"] == [f"{only.name} is damaged: uploads: changed uploads/one: other content"]


def test_what_is_missing_is_named_and_nothing_is_made(tmp_path: Path, arguments: dict[str, Any]) -> None:
    shutil.rmtree(tmp_path / "wiki" / "uploads")
    refused = call_module("backup_set", arguments, "--check")
    assert refused.word == "FAILED"
    assert refused.result["msg"] == f"Nothing was backed up. uploads: {tmp_path}/wiki/uploads is missing"


def test_retention_does_what_it_planned_and_then_nothing(tmp_path: Path, arguments: dict[str, Any]) -> None:
    made = Path(call_module("backup_set", arguments).result["set"])
    for name in ("20260101_030000", "20260201_030000"):
        shutil.copytree(made, made.parent / name)
    (made.parent / "20260301_030000").mkdir()
    (made.parent / ".trash-20251201_030000").mkdir()
    asked = {"directory": arguments["directory"], "keep": {"within_days": 7, "monthly": 2}}
    planned = call_module("backup_retention", asked, "--check", "--diff")
    assert [one["name"] for one in planned.result["due"]] == ["20260101_030000"]
    assert planned.result["removed_leftovers"] == [".trash-20251201_030000"]
    assert len(list(made.parent.iterdir())) == 5
    done = call_module("backup_retention", asked)
    assert done.result["due"] == planned.result["due"]
    assert done.result["removed"] == ["20260101_030000"]
    assert (done.result["newest_whole"], done.result["kept"]) == (
        made.name,
        {"newest_whole": 1, "monthly": 1, "not_ours": 1},
    )
    again = call_module("backup_retention", asked)
    assert (again.word, again.result["removed"]) == ("SUCCESS", [])
    (made / "wiki.db").write_bytes(b"gone")
    (made.parent / "20260201_030000" / "uploads" / "one").unlink()
    kept = call_module("backup_retention", {"directory": arguments["directory"], "keep": {"delete_after_days": 1}})
    assert (kept.result["due"], kept.result["newest_whole"]) == ([], None)
    assert kept.result["kept"] == {"no_whole_set": 2, "not_ours": 1}


def test_a_repository_that_is_not_there_is_said_without_its_password(tmp_path: Path, arguments: dict[str, Any]) -> None:
    made = call_module("backup_set", arguments).result["set"]
    common = {"source": made, "system": "wiki", "host": "wiki-1", "password": "never-shown"}
    refused = call_module("offsite_restic", {**common, "repository": str(tmp_path / "no-repository")}, "-vvv")
    assert refused.word == "FAILED"
    assert "never-shown" not in str(refused)
    refused = call_module("offsite_rsync", {"source": made, "destination": "host-without-directory"})
    assert "is not HOST:DIRECTORY" in refused.result["msg"]
