# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories go only when their packs hold every byte of them."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import tree_archive
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.tree_archive import Planned, archive, make_plan, unfinished

NOW = 1795604645.0
PATTERN = r"vendor=[^/]+/date=\d{4}-\d\d-\d\d"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a directory of partitions: an old one, a young one, and others that stay."""
    processed = tmp_path / "data" / "processed"
    for name in (
        "vendor=a/date=2026-01-31",
        "vendor=a/date=2026-11-20",
        "vendor=a/staging",
        "vendor=b/date=2026-02-28",
    ):
        (processed / name).mkdir(parents=True)
        (processed / name / "run.parquet").write_bytes(name.encode() * 100)
        for path in (processed / name / "run.parquet", processed / name):
            os.utime(path, (NOW - 40 * 86400, NOW - 40 * 86400))
    return processed


def plan(root: Path) -> Planned:
    """Plan for partitions of more than 90 days."""
    return make_plan(str(root), 2, PATTERN, 90, NOW)


def test_old_partitions_are_packed_read_back_and_removed(root: Path, tmp_path: Path) -> None:
    planned = plan(root)
    assert [tree.name for tree in planned.due] == ["vendor=a/date=2026-01-31", "vendor=b/date=2026-02-28"]
    assert planned.kept == {"vendor=a/date=2026-11-20": "young", "vendor=a/staging": "another_name"}
    for tree in planned.due:
        pack, digest = archive(str(root), tree, str(tmp_path / "packs"))
        assert len(digest) == 64
        with tarfile.open(pack) as opened:
            content = opened.extractfile(f"{tree.name}/run.parquet")
            assert content is not None
            assert content.read() == tree.name.encode() * 100
        assert not (root / tree.name).exists()
    assert plan(root).due == []
    assert sorted(os.listdir(root / "vendor=a")) == ["date=2026-11-20", "staging"]


def test_a_partition_that_is_open_or_was_just_written_to_stays(root: Path, process_with_open_file: Any) -> None:
    process_with_open_file(root / "vendor=a/date=2026-01-31/run.parquet")
    os.utime(root / "vendor=b/date=2026-02-28/run.parquet", (NOW - 60, NOW - 60))
    planned = plan(root)
    assert planned.due == []
    assert planned.kept["vendor=a/date=2026-01-31"] == "in_use"
    assert planned.kept["vendor=b/date=2026-02-28"] == "young"


def test_a_pack_that_does_not_read_back_removes_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tree_archive._pack

    def torn(path: str, tree: tree_archive.Tree, partial: str) -> None:
        real(path, tree, partial)
        os.truncate(partial, os.path.getsize(partial) - 20)

    monkeypatch.setattr(tree_archive, "_pack", torn)
    with pytest.raises(RunbooksError, match="does not read back"):
        archive(str(root), plan(root).due[0], str(tmp_path / "packs"))
    assert (root / "vendor=a/date=2026-01-31/run.parquet").exists()
    assert os.listdir(tmp_path / "packs") == []


def test_what_changed_while_it_was_packed_stays(root: Path, tmp_path: Path) -> None:
    tree = plan(root).due[0]
    (root / tree.name / "late.parquet").write_bytes(b"late")
    with pytest.raises(RunbooksError, match="changed while it was packed"):
        archive(str(root), tree, str(tmp_path / "packs"))
    assert sorted(os.listdir(root / tree.name)) == ["late.parquet", "run.parquet"]


def test_an_interrupted_run_is_finished(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    tree = plan(root).due[0]
    with monkeypatch.context() as patched:
        patched.setattr(tree_archive, "_remove", interrupted)
        with pytest.raises(KeyboardInterrupt):
            archive(str(root), tree, str(tmp_path / "packs"))
    assert (root / tree.name).exists()
    archive(str(root), tree, str(tmp_path / "packs"))
    assert not (root / tree.name).exists()
    (root / "vendor=a/.trash-date=2025-12-31").mkdir()
    assert unfinished(str(root), 2) == [str(root / "vendor=a/.trash-date=2025-12-31")]


def test_links_are_neither_followed_nor_packed(root: Path, tmp_path: Path) -> None:
    (root / "vendor=c").mkdir()
    (root / "vendor=c/date=2026-01-01").symlink_to(tmp_path)
    (root / "vendor=a/date=2026-01-31/link").symlink_to(tmp_path)
    assert [tree.name for tree in plan(root).due] == ["vendor=b/date=2026-02-28"]


def test_an_archive_inside_of_what_is_archived_is_refused(root: Path) -> None:
    tree = plan(root).due[0]
    with pytest.raises(RunbooksError, match="Keep archives outside"):
        archive(str(root), tree, str(root / tree.name / "packs"))
