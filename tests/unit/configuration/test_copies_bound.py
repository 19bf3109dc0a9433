# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept at every change does not grow without end, and what a way back needs is never removed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils import config_file, copies_bound

DAY = 86400.0
NOW = 1795604645.25


def kept_at(*ages_days: float) -> list[str]:
    """Return names of kept files of these ages, the newest first."""
    return [config_file.kept_name("/srv/app.json", NOW - age * DAY) for age in sorted(ages_days)]


@pytest.mark.parametrize(
    ("ages", "keep", "days", "gone"),
    [
        ((0, 1, 2, 3), 3, 0, [3]),
        ((0, 1, 2, 3), 0, 1.5, [2, 3]),
        ((0, 1, 2, 3), 3, 1.5, [2, 3]),
        ((0, 1, 2, 3), 0, 0, []),
        ((400,), 1, 365, [400]),
    ],
)
def test_what_is_too_many_or_too_old_goes(ages: tuple[float, ...], keep: int, days: float, gone: list[float]) -> None:
    assert copies_bound.over_bounds(kept_at(*ages), keep, days, NOW, ()) == kept_at(*gone)


def test_a_name_that_says_no_time_and_what_is_needed_stay() -> None:
    names = ["/srv/app.json.new", "/srv/app.json.20269999T000000Z.bak", *kept_at(500, 600)]
    assert copies_bound.over_bounds(names, 1, 1, NOW, names[2:3]) == names[3:]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=2, max_size=8), st.integers(1, 4))
def test_after_any_changes_there_are_no_more_than_wanted_and_a_way_back(contents: list[bytes], keep: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.json"
        path.write_bytes(contents[0])
        for number, new in enumerate(contents[1:]):
            old = path.read_bytes()
            if old == new:
                continue
            due = copies_bound.due_configurations(str(path), old, new, keep, 365, NOW + number)
            config_file.replace(str(path), old, new, NOW + number, in_place=False)
            assert copies_bound.remove_files(due) == []
            kept = config_file.backups_of(str(path))
            assert len(kept) <= keep
            assert Path(config_file.chosen_backup(str(path), "previous")).read_bytes() == old


def test_what_a_rewrite_of_the_same_content_can_go_back_to_stays(tmp_path: Path) -> None:
    path = tmp_path / "app.json"
    path.write_bytes(b"now")
    first = Path(config_file.replace(str(path), b"now", b"other", NOW - 900 * DAY, in_place=False))
    config_file.replace(str(path), b"other", b"now", NOW - 800 * DAY, in_place=False)
    third = Path(config_file.kept_name(str(path), NOW - 700 * DAY))
    third.write_bytes(b"now")
    due = copies_bound.due_configurations(str(path), b"now", b"now", 1, 365, NOW)
    assert sorted(due) == [str(first), str(third)]
    assert copies_bound.due_configurations(str(path), b"now", b"now", 1, 365, NOW, {str(first)}) == [str(third)]


def test_only_dated_directories_of_evidence_go(tmp_path: Path) -> None:
    names = [time.strftime("%Y%m%d_%H%M%S", time.gmtime(NOW - age * DAY)) + "_restart" for age in (1, 2, 3, 300)]
    for name in [*names, ".trash-20250101_000000_stop", "notes", "20250101_000000"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "evidence.txt").write_text("text")
    (tmp_path / "20250101_000000_link").symlink_to(tmp_path / "notes")
    (tmp_path / "20250101_000000_file").write_text("text")
    due = copies_bound.due_evidence(str(tmp_path), 3, 180, NOW)
    assert [os.path.basename(one) for one in due] == [".trash-20250101_000000_stop", names[2], names[3]]
    assert copies_bound.remove_directories(due) == []
    assert sorted(os.listdir(tmp_path)) == sorted(
        [*names[:2], "notes", "20250101_000000", "20250101_000000_link", "20250101_000000_file"]
    )
    assert copies_bound.due_evidence(str(tmp_path / "missing"), 3, 180, NOW) == []


def test_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    assert copies_bound.remove_files([str(tmp_path / "held"), str(tmp_path / "gone")])[0].startswith(str(tmp_path))
    assert copies_bound.remove_directories([str(tmp_path / "gone")])
