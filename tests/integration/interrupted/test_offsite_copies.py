# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Off-site copies over a real SSH connection whose both ends die in the middle of a write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.interrupted.stopping import Calls, finish, interruptions
from tests.integration.vault import HOST, PASSWORD, Vault, make_vault
from tests.unit.backup import little_wiki as wiki


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """Return a set, and a host to which it can be copied."""
    made = make_vault(tmp_path)
    monkeypatch.setenv("PATH", made.path)
    return made


def emptied(directory: Path) -> None:
    """Remove what is in a directory."""
    shutil.rmtree(directory)
    directory.mkdir()


def test_rsync(vault: Vault, tmp_path: Path) -> None:
    asked = {"source": str(vault.set), "destination": f"{HOST}:{vault.directory}", **vault.reach}
    calls: Calls = [("offsite_rsync", asked)]
    copy, states = vault.directory / vault.set.name, set()
    for point in interruptions(calls, vault.directory, lambda: emptied(vault.directory), 6, tmp_path / "log"):
        states.add(copy.exists())
        if copy.exists():
            assert wiki.content_of(copy) == wiki.content_of(vault.set), f"{point}: what has the name is whole"
        finish(calls)
        assert wiki.content_of(copy) == wiki.content_of(vault.set), point
        assert [one.name for one in vault.directory.iterdir()] == [vault.set.name], "nothing half is left"
    assert states == {False, True}


def test_restic(vault: Vault, tmp_path: Path) -> None:
    location = f"sftp:{HOST}:{vault.directory}/repository"
    asked = {"source": str(vault.set), "repository": location, "password": PASSWORD, "initialise": True, **vault.reach}
    calls: Calls = [("offsite_restic", {**asked, "system": "wiki", "host": "wiki-1", "keep": {"last": 3}})]
    numbers, about = set(), vault.directory
    # Every file of a repository gets its name when it is whole. Each call of restic takes a second, for the key.
    steps = interruptions(calls, about, lambda: emptied(about), 4, tmp_path / "log", kinds=("rename", "renameat"))
    for point in steps:
        numbers.add(len(snapshots(vault.directory)))
        finish(calls)
        (snapshot,) = snapshots(vault.directory)
        back = tmp_path / "back"
        restic(vault.directory, "restore", snapshot, "--target", str(back))
        assert wiki.content_of(back / vault.set.name) == wiki.content_of(vault.set), point
        shutil.rmtree(back)
    assert 0 in numbers


def snapshots(directory: Path) -> list[str]:
    """Return the snapshots of a repository; each of them can be read."""
    repository = directory / "repository"
    if not (repository / "config").exists() or not any((repository / "snapshots").iterdir()):
        return []
    found = [one["id"] for one in json.loads(restic(directory, "snapshots", "--json"))]
    for one in found:
        restic(directory, "dump", one, "/")
    return found


def restic(directory: Path, *arguments: str) -> str:
    """Run restic on the repository, on its own host."""
    return subprocess.run(
        ["restic", "--no-cache", "--no-lock", "--repo", str(directory / "repository"), *arguments],
        env={**os.environ, "RESTIC_PASSWORD": PASSWORD},
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        check=True,
    ).stdout
