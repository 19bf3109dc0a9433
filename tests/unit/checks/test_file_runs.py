# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that read the host's files: disk, memory, processors, files, directories, logs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.file_tree import expand, measure

from .asking import look


def test_this_machine_answers() -> None:
    assert 0 <= look("disk", path="/")["value"] <= 100
    memory = look("memory")
    assert 0 < memory["value"] < 100
    assert memory["metrics"]["available_bytes"] < memory["metrics"]["total_bytes"]
    cpu = look("cpu", sample_seconds=0.1)
    assert 0 <= cpu["value"] <= 100
    assert cpu["metrics"]["cores"] >= 1


def test_a_path_that_does_not_exist_is_critical(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    for kind, parameters in (("disk", {"path": path}), ("file", {"path": path}), ("directory_size", {"paths": [path]})):
        result = look(kind, **parameters)
        assert (result["state"], result["reason"]["id"]) == ("critical", "file_missing")


def test_a_file_may_be_allowed_to_be_missing(tmp_path: Path) -> None:
    result = look("file", path=str(tmp_path / "none"), must_exist=False)
    assert (result["state"], result["reason"]["id"], result["value"]) == ("ok", "file_absent", None)


def test_a_file_has_an_age_and_a_link_has_that_of_its_target(tmp_path: Path) -> None:
    target = tmp_path / "metadata.json"
    target.write_text("{}")
    os.utime(target, (1, 1))
    (tmp_path / "current").symlink_to(target)
    result = look("file", path=str(tmp_path / "current"), limits={"age_days": {"warning": "> 30"}})
    assert (result["state"], result["metrics"]["size_bytes"]) == ("warning", 2)
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    assert look("file", path=str(tmp_path / "dangling"))["reason"]["id"] == "file_missing"


def tree(root: Path) -> Path:
    """Make a tree with every trap: links out, a circle, a hard link, a sparse file, a FIFO."""
    inside = root / "tree"
    (inside / "deep" / "deeper").mkdir(parents=True)
    (inside / "a").write_bytes(b"x" * 1000)
    os.link(inside / "a", inside / "deep" / "a-again")
    (inside / "deep" / "deeper" / "b").write_bytes(b"y" * 500)
    outside = root / "outside"
    outside.mkdir()
    (outside / "large").write_bytes(b"z" * 100_000)
    (inside / "link").symlink_to(outside)
    (inside / "deep" / "circle").symlink_to(inside)
    with (inside / "sparse").open("wb") as stream:
        stream.truncate(1 << 30)
    os.mkfifo(inside / "fifo")
    return inside


def test_a_tree_is_added_up_without_leaving_it(tmp_path: Path) -> None:
    inside = tree(tmp_path)
    result = look("directory_size", paths=[str(inside)])
    assert (result["state"], result["value"]) == ("ok", 1500 + (1 << 30))
    assert result["metrics"]["files"] == 3
    assert result["metrics"]["allocated_bytes"] < 1 << 20
    (tmp_path / "way").symlink_to(inside)
    assert look("directory_size", paths=[str(tmp_path / "way")])["value"] == result["value"]


def test_a_tree_that_takes_too_long_is_a_lower_bound(tmp_path: Path) -> None:
    inside = tree(tmp_path)
    found = measure(str(inside), lambda: True)
    assert not found.finished
    assert found.size_bytes <= 1500 + (1 << 30)


def test_a_glob_says_what_it_could_not_list(tmp_path: Path) -> None:
    for name in ("a.log", "b.log.1", ".hidden.log", "sub/c.log", "other/c.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")

    def names(pattern: str) -> list[str]:
        return [os.path.relpath(path, tmp_path) for path in expand(str(tmp_path / pattern), lambda: False)]

    assert names("*.log") == ["a.log"]
    assert names("*/c.log") == ["other/c.log", "sub/c.log"]
    assert names(".h*") == [".hidden.log"]
    assert names("[ab].log*") == ["a.log", "b.log.1"]
    assert names("none.log") == ["none.log"]
    with pytest.raises(CheckError, match="file_missing"):
        names("none/*.log")
    with pytest.raises(CheckError, match="listing_not_finished"):
        expand(str(tmp_path / "*"), lambda: True)


def test_log_files_are_measured_without_following_links(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "older").mkdir(parents=True)
    (logs / "app.log").write_bytes(b"x" * 300)
    (logs / "app.log.1").write_bytes(b"x" * 200)
    (logs / "older" / "app.log.9").write_bytes(b"x" * 9000)
    (tmp_path / "huge").write_bytes(b"x" * 5000)
    (logs / "link.log").symlink_to(tmp_path / "huge")
    os.mkfifo(logs / "pipe.log")
    by_directory = look("log_size", paths=[str(logs)], warning="> 250")
    assert (by_directory["state"], by_directory["value"]) == ("warning", 300)
    assert by_directory["metrics"] == {"total_bytes": 500, "files": 2}
    assert len([line for line in by_directory["evidence"] if "not counted" in line]) == 2
    by_glob = look("log_size", paths=[str(logs / "*.log"), str(logs / "app.log")])
    assert by_glob["metrics"] == {"total_bytes": 300, "files": 1}


def test_no_log_file_at_all_is_unknown(tmp_path: Path) -> None:
    for pattern in ("*.log", "app.log", "none/*.log"):
        result = look("log_size", paths=[str(tmp_path / pattern)])
        assert (result["state"], result["reason"]["id"]) == ("unknown", "log_files_missing")


def test_a_place_without_logs_is_said_and_lowers_the_coverage(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("x")
    paths = [str(tmp_path / "app.log"), str(tmp_path / "moved" / "*.log")]
    result = look("log_size", paths=paths)
    assert (result["state"], result["coverage"]) == ("ok", 0.5)
    assert f"no file: {paths[1]}" in result["evidence"]
