# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records go by their class and their own age; everything else stays, byte for byte."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import record_retention
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.gzip_file import FileChangedError
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.timestamps import TimestampReader
from ansible_collections.aiops.runbooks.plugins.module_utils.record_retention import apply, decide, make_plan
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import zone

NOW = 1795604645.0
CLASSES = [
    {"name": "audit", "keep_days": 365, "key_equals": {"logger": "wiki.audit"}},
    {
        "name": "security",
        "keep_days": 90,
        "key_equals": {"logger": "wiki.security"},
        "message_prefixes": ["SECURITY: "],
    },
    {"name": "application", "keep_days": 30},
]


def record(age_days: float, **fields: Any) -> bytes:
    """Return a line of a log."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - age_days * 86400))
    return json.dumps({"timestamp": stamp, **fields}).encode() + b"\n"


def decided(classes: Any = None) -> Any:
    """Return the decision about lines."""
    reader = TimestampReader(zone("UTC"))
    rules = record_retention.Rules(record_retention.parse_classes(classes or CLASSES), ["timestamp"], "message", reader)
    return decide(rules, NOW)


LINES = [
    (record(29, logger="wiki"), "application", False),
    (record(31, logger="wiki"), "application", True),
    (record(31, logger="wiki.security"), "security", False),
    (record(91, logger="wiki.security"), "security", True),
    (record(91, message="SECURITY: x"), "security", True),
    (record(91, logger="wiki.audit"), "audit", False),
    (record(366, logger="wiki.audit"), "audit", True),
    (b'{"logger": "wiki"}\n', "unreadable", False),
    (b'{"timestamp": "yesterday"}\n', "unreadable", False),
    (b"Traceback (most recent call last):\n", "unreadable", False),
    (b"[1]\n", "unreadable", False),
]


@pytest.mark.parametrize(("line", "name", "over"), LINES)
def test_a_line_has_a_class_and_an_age(line: bytes, name: str, over: bool) -> None:
    assert decided()(line) == (name, over)


def test_a_record_of_no_class_stays() -> None:
    assert decided(CLASSES[:1])(record(9999)) == ("other", False)


def test_classes_that_could_not_mean_what_they_say_are_refused() -> None:
    with pytest.raises(ProfileError, match="never gets one"):
        decided([CLASSES[2], CLASSES[0]])
    with pytest.raises(ProfileError, match="Give more than 0"):
        decided([{"name": "all", "keep_days": 0}])


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Return a folder with a log that is written to, an older one, and a compressed one."""
    content = b"".join(line for line, _name, _over in LINES)
    (tmp_path / "old.jsonl").write_bytes(content)
    (tmp_path / "older.jsonl.gz").write_bytes(gzip.compress(content))
    (tmp_path / "today.jsonl").write_bytes(content)
    for number, name in enumerate(("older.jsonl.gz", "old.jsonl", "today.jsonl")):
        os.utime(tmp_path / name, (NOW - 10 + number, NOW - 10 + number))
    (tmp_path / "old.jsonl").chmod(0o640)
    return tmp_path


def test_only_rotated_files_are_rewritten_and_only_those_lines_go(logs: Path) -> None:
    old, today = (logs / "old.jsonl").stat(), (logs / "today.jsonl").read_bytes()
    plan = make_plan([f"{logs}/*.jsonl*"], 1, decided())
    assert [os.path.basename(one.path) for one in plan.due] == ["old.jsonl", "older.jsonl.gz"]
    assert plan.due[0].counted.removed == {"application": 1, "security": 2, "audit": 1}
    freed = [apply(one, decided()) for one in plan.due]
    assert freed[0] == plan.due[0].counted.removed_bytes
    staying = b"".join(line for line, _name, over in LINES if not over)
    assert (logs / "old.jsonl").read_bytes() == staying
    assert gzip.decompress((logs / "older.jsonl.gz").read_bytes()) == staying
    assert (logs / "today.jsonl").read_bytes() == today
    after = (logs / "old.jsonl").stat()
    assert (after.st_mode, after.st_mtime_ns) == (old.st_mode, old.st_mtime_ns)
    assert make_plan([f"{logs}/*.jsonl*"], 1, decided()).due == []
    assert sorted(os.listdir(logs)) == ["old.jsonl", "older.jsonl.gz", "today.jsonl"]


def test_a_file_of_which_nothing_is_left_goes(logs: Path) -> None:
    (logs / "old.jsonl").write_bytes(record(40) + record(41))
    os.utime(logs / "old.jsonl", (NOW - 20, NOW - 20))
    for one in make_plan([f"{logs}/*.jsonl"], 1, decided()).due:
        apply(one, decided())
    assert not (logs / "old.jsonl").exists()


def test_a_file_that_somebody_has_open_stays(logs: Path, process_with_open_file: Any) -> None:
    process_with_open_file(logs / "old.jsonl")
    plan = make_plan([f"{logs}/old.jsonl"], 0, decided())
    assert (plan.due, plan.in_use) == ([], [str(logs / "old.jsonl")])


def test_what_was_written_to_after_the_plan_stays(logs: Path) -> None:
    [one] = make_plan([f"{logs}/old.jsonl"], 0, decided()).due
    with (logs / "old.jsonl").open("ab") as file:
        file.write(b"{}\n")
    content = (logs / "old.jsonl").read_bytes()
    with pytest.raises(FileChangedError):
        apply(one, decided())
    assert (logs / "old.jsonl").read_bytes() == content
    assert not (logs / "old.jsonl.partial").exists()


def test_a_full_disk_leaves_the_file_as_it_was(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [one] = make_plan([f"{logs}/old.jsonl"], 0, decided()).due
    content = (logs / "old.jsonl").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        apply(one, decided())
    assert (logs / "old.jsonl").read_bytes() == content
    assert not (logs / "old.jsonl.partial").exists()


def test_a_damaged_compressed_file_is_an_error_and_no_loss(logs: Path) -> None:
    content = (logs / "older.jsonl.gz").read_bytes()[:-9]
    (logs / "older.jsonl.gz").write_bytes(content)
    with pytest.raises(CheckError):
        make_plan([f"{logs}/older.jsonl.gz"], 0, decided())
    assert (logs / "older.jsonl.gz").read_bytes() == content


def test_a_link_is_not_followed(logs: Path) -> None:
    (logs / "link.jsonl").symlink_to(logs / "old.jsonl")
    assert make_plan([f"{logs}/link.jsonl"], 0, decided()).read == 0
