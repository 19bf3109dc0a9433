# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What restores have put aside: gone when its time is over, planned with its bytes, never the only way back."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_journal import load
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_kept import expire, plan_expiry
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import Settings, take
from tests.unit.killing import Steps, interruptions
from tests.unit.patience import until
from tests.unit.restore import little_system as little

NOW = 1795000000.0
DAY = 86400.0
DONE = ("stage", "swap", "accept")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return production, and a set of it."""
    made = little.production(tmp_path)
    little.make_set(tmp_path, made)
    return made


def step(root: Path, name: str, now: float = NOW, plan: bool = False, keep_days: float = 14) -> dict[str, Any]:
    """Take one step."""
    return take(
        name, little.request(root, root / "production"), Settings(str(root / "state"), "", keep_days, plan), now
    )


def restore(root: Path, now: float = NOW, *steps: str) -> None:
    """Take the steps of a restore, all of them unless others are named."""
    for name in steps or DONE:
        step(root, name, now)


def aside(place: Path) -> list[str]:
    """Return the names of what was put aside."""
    return sorted(path.name for path in place.iterdir() if "-restore-" in path.name)


def test_old_data_goes_when_its_days_are_over_and_not_before(tmp_path: Path, place: Path) -> None:
    restore(tmp_path)
    names, before = aside(place), little.names(place / "app.db")
    early = step(tmp_path, "expire", NOW + 13.9 * DAY)
    assert (early["changed"], early["due"], aside(place)) == (False, [], names)
    assert "stays: until 2026-12-02T11:06:40Z" in early["stays"][0]
    planned = step(tmp_path, "expire", NOW + 14.1 * DAY, plan=True)
    assert (planned["changed"], planned["freed_bytes"], aside(place)) == (True, 0, names), "a plan removes nothing"
    assert sorted(Path(one["path"]).name for one in planned["due"]) == names
    sizes = {one["path"]: one["bytes"] for one in planned["due"]}
    assert sizes[str(place / f".env.before-restore-{restore_id(tmp_path)}")] == len("KEY=old\n")
    done = step(tmp_path, "expire", NOW + 14.1 * DAY)
    assert (done["due"], done["freed_bytes"]) == (planned["due"], sum(sizes.values()))
    assert (aside(place), little.names(place / "app.db")) == ([], before), "production is as it was"
    assert step(tmp_path, "expire", NOW + 15 * DAY)["changed"] is False
    with pytest.raises(RunbooksError, match=r"The old data of .* is not at"):
        step(tmp_path, "put_back")


def restore_id(root: Path) -> str:
    """Return the id of the last restore."""
    journal = load(str(root / "state"))
    assert journal is not None
    return journal.id


def test_the_days_are_those_of_the_restore(tmp_path: Path, place: Path) -> None:
    restore(tmp_path, NOW, "stage", "swap")
    step(tmp_path, "accept", keep_days=60)
    assert step(tmp_path, "expire", NOW + 59 * DAY)["due"] == []
    assert step(tmp_path, "expire", NOW + 61 * DAY)["changed"] is True


@pytest.mark.parametrize("steps", [("stage", "swap"), ("stage", "swap", "reject"), ("stage",)])
def test_the_way_back_of_a_restore_that_was_not_accepted_never_goes(
    tmp_path: Path, place: Path, steps: tuple[str, ...]
) -> None:
    restore(tmp_path, NOW, *steps)
    names = aside(place)
    seen = step(tmp_path, "expire", NOW + 4000 * DAY)
    assert (seen["changed"], aside(place)) == (False, names)
    assert all("this is its way back" in line for line in seen["stays"])
    step(tmp_path, "put_back", NOW + 4000 * DAY)
    assert little.names(place / "app.db") == [("old", 3), ("old in the log", 1)]


def test_a_later_restore_changes_nothing_for_an_earlier_one_that_was_not_accepted(tmp_path: Path, place: Path) -> None:
    restore(tmp_path, NOW, "stage", "swap")
    first = restore_id(tmp_path)
    little.make_set(tmp_path, place, "20261121_030001", rows=7)
    asked = little.request(tmp_path, place, set="20261121_030001")
    for name in DONE:
        take(name, asked, Settings(str(tmp_path / "state"), "", 14, False), NOW + DAY)
    step(tmp_path, "expire", NOW + 400 * DAY)
    assert {name.rpartition("-")[2] for name in aside(place)} == {first}
    assert (tmp_path / "state" / f"journal-{first}.json").exists()


def test_what_was_taken_out_again_goes_as_well(tmp_path: Path, place: Path) -> None:
    restore(tmp_path)
    step(tmp_path, "put_back")
    now = time.time()
    assert step(tmp_path, "expire", now + 13 * DAY)["due"] == []
    assert len(step(tmp_path, "expire", now + 15 * DAY)["due"]) == 3
    assert aside(place) == []
    assert little.names(place / "app.db") == [("old", 3), ("old in the log", 1)]


def test_journals_of_earlier_restores_go_with_their_data(tmp_path: Path, place: Path) -> None:
    restore(tmp_path)
    first = restore_id(tmp_path)
    restore(tmp_path, NOW + DAY)
    assert (tmp_path / "state" / f"journal-{first}.json").exists()
    step(tmp_path, "expire", NOW + 14.5 * DAY)
    assert not (tmp_path / "state" / f"journal-{first}.json").exists()
    assert {name.rpartition("-")[2] for name in aside(place)} == {restore_id(tmp_path)}


def test_data_that_is_in_use_or_not_ours_stays(tmp_path: Path, place: Path) -> None:
    restore(tmp_path)
    database = place / f"app.db.before-restore-{restore_id(tmp_path)}"
    secret = place / f".env.before-restore-{restore_id(tmp_path)}"
    secret.rename(tmp_path / "moved")
    secret.write_text("somebody else's")
    child = os.fork()
    if child == 0:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("SELECT COUNT(*) FROM tasks")
            (tmp_path / "opened").touch()
            time.sleep(600)
        os._exit(0)
    try:
        until((tmp_path / "opened").exists)
        done = step(tmp_path, "expire", NOW + 20 * DAY)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert [Path(one["path"]).name.partition(".")[0] for one in done["due"]] == ["uploads"]
    assert f"{database} is still open in process {child}" in " ".join(done["stays"])
    assert f"{secret} stays: it is not what the restore has put there" in done["stays"]
    assert (database.exists(), secret.read_text()) == (True, "somebody else's")
    assert len(step(tmp_path, "expire", NOW + 20 * DAY)["due"]) == 1, "nobody has it open any more"


def test_killed_anywhere_no_half_data_has_the_name_of_a_way_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    whole: dict[str, list[str]] = {}

    def prepare() -> Path:
        root = tmp_path_factory.mktemp("killed")
        place = little.production(root)
        little.make_set(root, place)
        restore(root)
        whole.update({name: _listing(place / name) for name in aside(place)})
        return root

    def work(root: Path) -> object:
        return expire(str(root / "state"), 14, NOW + 20 * DAY)

    for root in interruptions(prepare, work, 8, Steps(("rename", "unlink", "rmdir", "chmod", "fsync"))):
        place = root / "production"
        for name in set(whole) & set(aside(place)):
            assert _listing(place / name) == whole[name]
        assert little.names(place / "app.db") == [("backup", 5)]
        work(root)
        assert aside(place) == []
        assert plan_expiry(str(root / "state"), 14, NOW + 20 * DAY).due == []


def _listing(path: Path) -> list[str]:
    return (
        sorted(str(one.relative_to(path)) for one in path.rglob("*")) if path.is_dir() else [str(path.stat().st_size)]
    )
