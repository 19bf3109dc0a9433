# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due: planned from names and ages, listed without leaving the root."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import retention as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.retention import Found, list_files, parse_roots, plan
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import zone
from tests.unit.cases import load_cases

DAY = 86400


@pytest.mark.parametrize(("arguments", "expected"), load_cases("retention_plan"))
def test_a_file_is_due_by_its_class_and_age(arguments: dict[str, Any], expected: list[list[str]]) -> None:
    now = arguments["now"]
    (root,) = parse_roots([arguments["root"]])
    files = [
        Found(os.path.join(root.path, name), 10, now - age * DAY, (1, number))
        for number, (name, age) in enumerate(arguments["files"].items())
    ]
    due = plan(root, files, now, zone(arguments["timezone"]))
    assert [[os.path.basename(one.path), one.action] for one in due] == expected


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ({"path": "/", "pattern": "*", "delete_after_days": 1}, "not a folder of its own"),
        ({"path": "/srv/../", "pattern": "*", "delete_after_days": 1}, "not a folder of its own"),
        ({"path": "logs", "pattern": "*", "delete_after_days": 1}, "not a folder of its own"),
        ({"path": "/srv/logs", "delete_after_days": 1}, "has no pattern"),
        ({"path": "/srv/logs", "pattern": "*"}, "says nothing to do"),
        ({"path": "/srv/logs", "pattern": "*", "delete_after_days": 0}, "number of days above 0"),
        ({"path": "/srv/logs", "pattern": "*", "delete_after_days": "soon"}, "number of days above 0"),
        ({"path": "/srv/logs", "pattern": "*", "delete_after_day": 3}, "has the key 'delete_after_day'"),
        ({"path": "/srv/logs", "pattern": "*", "delete_after_days": 1, "age_from": "ctime"}, "Choices: mtime, name"),
        ({"path": "/srv/logs", "pattern": "*", "delete_after_days": 1, "classes": []}, "classes and a rule of its own"),
    ],
)
def test_a_root_that_cannot_be_meant_is_refused(root: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        parse_roots([root])


def test_listing_follows_no_link_and_names_what_it_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.log").write_text("keep")
    root = tmp_path / "root"
    (root / "below").mkdir(parents=True)
    (root / "a.log").write_text("a")
    (root / "below" / "b.log").write_text("b")
    (root / "link.log").symlink_to(outside / "precious.log")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe.log")
    data = {"path": str(root), "pattern": "*.log", "delete_after_days": 1}
    flat = list_files(parse_roots([data])[0])
    deep = list_files(parse_roots([{**data, "recursive": True}])[0])
    assert [found.path for found in flat.files] == [str(root / "a.log")]
    assert sorted(found.path for found in deep.files) == [str(root / "a.log"), str(root / "below" / "b.log")]
    assert sorted(flat.skipped) == [str(root / name) for name in ("folder", "link.log", "pipe.log")]


@pytest.mark.parametrize(("name", "reason"), [("missing", "file_missing"), ("file", "not_a_directory")])
def test_a_root_that_is_not_there_is_a_named_fault(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckError) as caught:
        list_files(parse_roots([{"path": str(tmp_path / name), "pattern": "*", "delete_after_days": 1}])[0])
    assert caught.value.reason_id == reason


def test_the_check_counts_what_is_due_and_leaves_out_what_is_open(tmp_path: Path) -> None:
    now = time.time()
    for name, age in {"new.log": 0, "week.log": 8, "month.log": 31, "open.log": 32}.items():
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (now - age * DAY, now - age * DAY))
    (tmp_path / "link.log").symlink_to(tmp_path / "month.log")
    context = Context(now=now, deadline=time.monotonic() + 60)
    rule = {"path": str(tmp_path), "pattern": "*.log", "compress_after_days": 7, "delete_after_days": 30}
    # Another process has it open: it says so, and goes on until it is told to end.
    opened, says_opened = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(tell)
        os.open(tmp_path / "open.log", os.O_WRONLY | os.O_APPEND)
        os.write(says_opened, b"1")
        os.read(told, 1)
        os._exit(0)
    os.close(told)
    os.close(says_opened)
    try:
        assert os.read(opened, 1) == b"1"
        seen = kind.look({"roots": [rule]}, context)
    finally:
        os.close(opened)
        os.close(tell)
        os.waitpid(child, 0)
    assert seen.value == 2
    assert seen.metrics["in_use_files"] == 1
    assert (seen.metrics["delete_files"], seen.metrics["compress_files"], seen.metrics["due_bytes"]) == (1, 1, 200)
    assert seen.evidence[0].startswith(f"delete: {tmp_path}/month.log")
    assert "link.log" in seen.evidence[2]
