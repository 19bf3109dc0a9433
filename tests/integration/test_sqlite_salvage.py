# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sqlite_salvage through Ansible: the plan has the figures of the run, a full disk changes nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import sqlite_salvage
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from tests.integration.ansible_module import call_module
from tests.unit.databases.salvaging import content, make, ruin


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Return a damaged database with an owner and a mode of its own."""
    path = ruin(make(tmp_path / "whole.db"), tmp_path / "app.db", {9, 30, 31})
    path.chmod(0o640)
    os.chown(path, 1234, 1235)
    return path


def test_the_plan_has_the_figures_of_the_run(damaged: Path) -> None:
    target = damaged.with_name("new.db")
    arguments = {"path": str(damaged), "dest": str(target)}
    planned = call_module("sqlite_salvage", arguments, "--check").result
    assert not target.exists()
    done = call_module("sqlite_salvage", arguments).result
    figures = ("changed", "complete", "rows", "tables", "lost_and_found")
    assert {name: planned[name] for name in figures} == {name: done[name] for name in figures}
    assert done["complete"] is False
    status = target.stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o640, 1234, 1235)
    assert len(content(target, "tasks")) == done["tables"]["tasks"]["rows"]
    again = call_module("sqlite_salvage", arguments)
    assert (again.word, "exists" in again.result["msg"]) == ("FAILED", True)


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system that has room for less than it seems at first."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_full(damaged: Path, little_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {"path": str(damaged), "dest": str(little_disk / "new.db")}
    answer = call_module("sqlite_salvage", arguments)
    assert (answer.word, "Make room" in answer.result["msg"]) == ("FAILED", True)
    # Somebody else fills the disk after it was found to have room.
    monkeypatch.setattr(sqlite_salvage, "require_room", lambda path, target: None)
    with pytest.raises(RunbooksError, match="could not be written: database or disk is full"):
        sqlite_salvage.salvage(str(damaged), arguments["dest"], 60)
    assert not list(little_disk.iterdir())
    subprocess.run(["mount", "-o", "remount,ro", str(little_disk)], check=True)
    with pytest.raises(OSError, match="Read-only file system"):
        sqlite_salvage.salvage(str(damaged), arguments["dest"], 60)
