# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention through Ansible: the plan, the deed, nothing left to do, and what stays whatever happens."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import gzip_file, retention_apply
from tests.integration.ansible_module import call_module

DAY = 86400
MONTH = {"pattern": "*.jsonl", "compress_after_days": 7, "delete_after_days": 30}


def aged(path: Path, days: float, content: bytes = b"{}\n" * 50) -> Path:
    """Write a file that is so many days old."""
    path.write_bytes(content)
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what lies in a folder, to compare."""
    return {path.name: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.iterdir()}


def test_check_then_run_then_nothing_left(tmp_path: Path) -> None:
    aged(tmp_path / "new.jsonl", 0)
    week = aged(tmp_path / "week.jsonl", 8)
    week.chmod(0o640)
    month = aged(tmp_path / "month.jsonl", 31)
    packed = aged(tmp_path / "packed.jsonl.gz", 40)
    modified = week.stat().st_mtime_ns
    arguments = {"roots": [{"path": str(tmp_path), **MONTH}]}
    before = tree(tmp_path)
    planned = call_module("file_retention", arguments, "--check", "--diff")
    assert planned.word == "CHANGED"
    assert tree(tmp_path) == before
    assert f"-{month}" in planned.difference
    assert f"+{week}.gz" in planned.difference
    done = call_module("file_retention", arguments)
    assert done.result["due"] == planned.result["due"]
    assert [(one["path"], one["action"]) for one in done.result["due"]] == [
        (str(packed), "delete"),
        (str(month), "delete"),
        (str(week), "compress"),
    ]
    assert sorted(tree(tmp_path)) == ["new.jsonl", "week.jsonl.gz"]
    copy = tmp_path / "week.jsonl.gz"
    assert gzip.decompress(copy.read_bytes()) == b"{}\n" * 50
    assert (copy.stat().st_mtime_ns, copy.stat().st_mode & 0o777) == (modified, 0o640)
    again = call_module("file_retention", arguments)
    assert (again.word, again.result["due"]) == ("SUCCESS", [])


def test_links_open_files_and_everything_outside_stay(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    precious = aged(outside / "precious.jsonl", 900)
    root = tmp_path / "root"
    root.mkdir()
    aged(root / "new.jsonl", 0)
    (root / "link.jsonl").symlink_to(precious)
    (root / "below").symlink_to(outside)
    opened = aged(root / "open.jsonl", 60)
    holder = subprocess.Popen(["sleep", "3600"], stdout=opened.open("ab"))
    try:
        answer = call_module("file_retention", {"roots": [{"path": str(root), "recursive": True, **MONTH}]})
    finally:
        holder.kill()
        holder.wait()
    assert answer.word == "SUCCESS"
    assert answer.result["in_use"] == [str(opened)]
    assert sorted(answer.result["skipped_paths"]) == [str(root / "below"), str(root / "link.jsonl")]
    assert precious.exists()
    assert opened.exists()


def test_a_root_that_cannot_be_meant_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    old = aged(tmp_path / "old.jsonl", 90)
    roots = [{"path": str(tmp_path), "keep_newest": 0, **MONTH}, {"path": "/", **MONTH}]
    answer = call_module("file_retention", {"roots": roots})
    assert answer.word == "FAILED"
    assert "'/' is not a folder of its own" in answer.result["msg"]
    assert old.exists()


def test_a_copy_of_another_file_is_not_overwritten(tmp_path: Path) -> None:
    week = aged(tmp_path / "week.jsonl", 8)
    aged(tmp_path / "new.jsonl", 0)
    aged(tmp_path / "week.jsonl.gz", 6, gzip.compress(b"something else\n"))
    answer = call_module("file_retention", {"roots": [{"path": str(tmp_path), **MONTH}]})
    assert answer.word == "FAILED"
    assert "week.jsonl.gz exists and holds something else" in answer.result["failures"][str(week)]
    assert week.exists()


def test_an_interrupted_compression_is_finished_by_the_next_run(tmp_path: Path) -> None:
    week = aged(tmp_path / "week.jsonl", 8)
    aged(tmp_path / "new.jsonl", 0)
    aged(tmp_path / "week.jsonl.gz", 8, gzip.compress(week.read_bytes()))
    (tmp_path / "week.jsonl.gz.partial").write_bytes(b"half")
    answer = call_module("file_retention", {"roots": [{"path": str(tmp_path), **MONTH}]})
    assert answer.word == "CHANGED"
    assert not week.exists()
    assert gzip.decompress((tmp_path / "week.jsonl.gz").read_bytes()) == b"{}\n" * 50


@pytest.mark.parametrize("step", ["rename", "unlink", "fsync", "fchmod"])
def test_killed_at_any_step_the_data_is_there_and_the_next_run_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    content = os.urandom(3000)
    week = aged(tmp_path / "week.jsonl", 8, content)
    copy = tmp_path / "week.jsonl.gz"
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(os, step, lambda *_arguments, **_options: os.kill(os.getpid(), signal.SIGKILL))
        gzip_file.compress(str(week))
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert week.read_bytes() == content
    packed = gzip_file.compress(str(week))
    assert (packed.path, packed.original_bytes) == (str(copy), 3000)
    assert gzip.decompress(copy.read_bytes()) == content
    assert sorted(tree(tmp_path)) == ["week.jsonl.gz"]


def test_a_copy_that_does_not_read_back_is_thrown_away_and_the_original_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(3000)
    week = aged(tmp_path / "week.jsonl", 8, content)
    real = os.fsync

    def damaged(descriptor: int) -> None:
        # What a bad disk does after it has said that everything is written.
        os.pwrite(descriptor, b"X", os.fstat(descriptor).st_size // 2)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", damaged)
    with pytest.raises(gzip_file.FileChangedError, match="its copy is damaged"):
        gzip_file.compress(str(week))
    assert week.read_bytes() == content
    assert sorted(tree(tmp_path)) == ["week.jsonl"]


def test_a_file_that_was_replaced_after_the_plan_is_left_alone(tmp_path: Path) -> None:
    roots = [{"path": str(tmp_path), "keep_newest": 0, **MONTH}]
    first, second = (aged(tmp_path / name, 60) for name in ("a.jsonl", "b.jsonl"))
    planned = retention_apply.make_plan(roots, time.time(), "UTC")
    first.unlink()
    first.symlink_to(aged(tmp_path / "precious", 900))
    second.write_bytes(b"written to again\n")
    outcome = retention_apply.apply(planned.due)
    assert (outcome.done, outcome.failed) == ([], {})
    assert sorted(outcome.changed_meanwhile) == [str(first), str(second)]
    assert (tmp_path / "precious").exists()
    assert second.read_bytes() == b"written to again\n"
