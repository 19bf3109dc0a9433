# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are read, and what happens to lines that are no lines."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.logs import files
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.files import Reading, blocks_of_log
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context

NOW = 1795219200.0
DAY = 86400.0


def write(path: Path, content: bytes, age_days: float = 0.0) -> Path:
    """Write a file that was last changed so many days ago."""
    path.write_bytes(content)
    os.utime(path, (NOW - age_days * DAY, NOW - age_days * DAY))
    return path


def read(*patterns: Path, since_days: float = 7.0, keep_partial: bool = False) -> tuple[list[bytes], Reading]:
    """Return the lines of a log and what the reading says."""
    reading = Reading()
    context = Context(now=NOW, deadline=time.monotonic() + 60)
    blocks = blocks_of_log([str(one) for one in patterns], NOW - since_days * DAY, context, reading, keep_partial)
    return b"".join(blocks).splitlines(), reading


def test_rotated_copies_of_the_window_are_read_the_newest_first(tmp_path: Path) -> None:
    log = write(tmp_path / "access.log", b"today\n")
    write(tmp_path / "access.log.1", b"yesterday\n", 1)
    write(tmp_path / "access.log.2.gz", gzip.compress(b"two days\n"), 2)
    write(tmp_path / "access.log-20261116.bz2", bz2.compress(b"five days\n"), 5)
    write(tmp_path / "access.log-20261115.xz", lzma.compress(b"six days\n"), 6)
    write(tmp_path / "access.log.9.gz", gzip.compress(b"nine days\n"), 9)
    write(tmp_path / "access.log.bak", b"somebody's copy\n")
    write(tmp_path / "other.log", b"another log\n")
    lines, reading = read(log)
    assert lines == [b"today", b"yesterday", b"two days", b"five days", b"six days"]
    assert reading.lost == 0


def test_a_file_that_two_names_lead_to_is_read_once(tmp_path: Path) -> None:
    log = write(tmp_path / "app.log", b"once\n")
    (tmp_path / "app.log.1").hardlink_to(log)
    (tmp_path / "link.log").symlink_to(log)
    assert read(tmp_path / "*.log", log)[0] == [b"once"]


def test_an_older_file_is_not_even_opened(tmp_path: Path) -> None:
    log = write(tmp_path / "app.log", b"old\n", 8)
    lines, reading = read(log)
    assert (lines, reading.paths) == ([], [])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "file_missing"),
        (lambda path: path.mkdir(), "not_a_regular_file"),
        (os.mkfifo, "not_a_regular_file"),
        (lambda path: path.symlink_to("/dev/zero"), "not_a_regular_file"),
    ],
)
def test_what_is_no_log_is_a_named_fault_and_never_a_hang(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    make(tmp_path / "app.log")
    with pytest.raises(CheckError) as caught:
        read(tmp_path / "app.log")
    assert caught.value.reason_id == reason


def test_a_glob_that_finds_nothing_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckError) as caught:
        read(tmp_path / "*.jsonl")
    assert caught.value.reason_id == "file_missing"


def test_a_log_that_was_just_rotated_away_is_not_missing(tmp_path: Path) -> None:
    write(tmp_path / "app.log.1", b"before\n")
    assert read(tmp_path / "app.log")[0] == [b"before"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "trailing", "not gzip at all"])
def test_a_damaged_archive_gives_what_it_can_and_counts_the_rest(tmp_path: Path, damage: str) -> None:
    write(tmp_path / "app.log", b"new\n")
    packed = gzip.compress(b"".join(b"%d %d\n" % (number, hash(str(number))) for number in range(90000)))
    data = {
        "truncated": packed[: len(packed) // 2],
        "flipped": packed[:-6] + bytes([packed[-6] ^ 255]) + packed[-5:],
        "trailing": packed + b"garbage",
        "not gzip at all": b"plain text\n",
    }[damage]
    write(tmp_path / "app.log.1.gz", data, 1)
    lines, reading = read(tmp_path / "app.log")
    assert lines[0] == b"new"
    assert reading.lost >= 1
    assert "app.log.1.gz" in reading.notes[0]


def test_a_last_line_without_its_end_is_counted_unless_it_can_prove_itself(tmp_path: Path) -> None:
    log = write(tmp_path / "app.log", b"whole\nhal")
    lines, reading = read(log)
    assert (lines, reading.lost) == ([b"whole"], 1)
    assert "hal" in reading.notes[0]
    assert read(log, keep_partial=True)[0] == [b"whole", b"hal"]


def test_a_record_longer_than_any_record_costs_one_record_and_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(files, "RECORD_BYTES_MAXIMUM", 5000)
    log = write(tmp_path / "app.log", b"first\n" + b"x" * 100000 + b"\n" + b"y" * 4000 + b"\nlast\n")
    lines, reading = read(log)
    assert lines == [b"first", b"y" * 4000, b"last"]
    assert reading.lost == 1


def test_a_megabyte_of_one_record_is_a_record(tmp_path: Path) -> None:
    log = write(tmp_path / "app.log", b"x" * (1 << 20) + b"\nnext\n")
    lines, reading = read(log)
    assert [len(line) for line in lines] == [1 << 20, 4]
    assert reading.lost == 0


def test_a_hole_left_by_a_truncation_is_skipped(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    with log.open("wb") as stream:
        stream.truncate(10 << 20)
        stream.seek(0, os.SEEK_END)
        stream.write(b"after the hole\n")
    os.utime(log, (NOW, NOW))
    lines, reading = read(log)
    assert lines == [b"after the hole"]
    assert reading.lost == 0


def test_what_is_appended_meanwhile_waits_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 8)
    log = write(tmp_path / "app.log", b"line 1\nline 2\n")
    lines: list[bytes] = []
    context = Context(now=NOW, deadline=time.monotonic() + 60)
    for block in blocks_of_log([str(log)], 0.0, context, Reading()):
        lines += block.splitlines()
        with log.open("ab") as stream:
            stream.write(b"more\n")
    assert lines == [b"line 1", b"line 2"]


def test_a_rotation_during_the_reading_neither_doubles_nor_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 16)
    log = write(tmp_path / "app.log", b"1\n2\n")
    write(tmp_path / "app.log.1", b"0\n", 1)
    lines: list[bytes] = []
    context = Context(now=NOW, deadline=time.monotonic() + 60)
    for block in blocks_of_log([str(log)], 0.0, context, Reading()):
        if not lines:
            (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
            log.rename(tmp_path / "app.log.1")
            write(log, b"3\n")
        lines += block.splitlines()
    assert sorted(lines) == [b"0", b"1", b"2", b"3"]


def test_the_deadline_ends_the_reading(tmp_path: Path) -> None:
    log = write(tmp_path / "app.log", b"line\n")
    with pytest.raises(CheckError) as caught:
        list(blocks_of_log([str(log)], 0.0, Context(now=NOW, deadline=time.monotonic() - 1), Reading()))
    assert caught.value.reason_id == "log_not_read_in_time"
