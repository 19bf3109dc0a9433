# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy and the digest of what was copied: the same on every file system, and errors of either are errors."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import copy_and_digest as copying

SIZE = 69 * (1 << 20) + 4711


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    """See that no thread is left; some of an earlier test may still be ending."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file that is larger than everything that is read or handed on at once."""
    path = tmp_path / "source"
    path.write_bytes(os.urandom(SIZE))
    return path


def copied(source: Path, meanwhile: Callable[[], None] | None = None) -> tuple[Path, int, str]:
    """Copy it and return where, its length and its digest."""
    target = source.with_name("target")
    reading = os.open(source, os.O_RDONLY)
    writing = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        return target, *copying.copy_and_digest(reading, writing, meanwhile)
    finally:
        os.close(reading)
        os.close(writing)


def shares(reading: int, writing: int) -> bool:
    """Do what a file system does that shares blocks: the other file is there at once, and its offset stays."""
    os.pwrite(writing, os.pread(reading, SIZE, 0), 0)
    return True


@pytest.mark.parametrize("share", [copying.share, shares], ids=["as it is here", "shared blocks"])
def test_what_was_copied_is_what_was_digested(
    source: Path, monkeypatch: pytest.MonkeyPatch, share: Callable[[int, int], bool]
) -> None:
    monkeypatch.setattr(copying, "share", share)
    target, size, digest = copied(source)
    assert size == SIZE
    assert target.read_bytes() == source.read_bytes()
    assert digest == hashlib.sha256(source.read_bytes()).hexdigest()


@pytest.mark.parametrize("share", [copying.share, shares], ids=["as it is here", "shared blocks"])
def test_whoever_looks_meanwhile_sees_the_whole_copy_and_does_not_wait_for_the_digest(
    source: Path, monkeypatch: pytest.MonkeyPatch, share: Callable[[int, int], bool]
) -> None:
    monkeypatch.setattr(copying, "share", share)
    looked, original = threading.Event(), os.preadv
    seen: list[bytes] = []

    def look() -> None:
        seen.append(source.with_name("target").read_bytes())
        looked.set()

    def wait(*arguments: Any) -> int:
        assert looked.wait(60), "the copy waits for its digest"
        return original(*arguments)

    monkeypatch.setattr(os, "preadv", wait)
    _target, _size, digest = copied(source, look)
    assert seen == [source.read_bytes()]
    assert digest == hashlib.sha256(seen[0]).hexdigest()


def test_an_error_of_whoever_looks_ends_it(source: Path) -> None:
    def look() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copied(source, look)


def test_a_copy_that_somebody_cuts_has_no_digest(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = source.with_name("target")
    original = os.preadv

    def preadv(*arguments: Any) -> int:
        os.truncate(cut, 0)
        return original(*arguments)

    monkeypatch.setattr(os, "preadv", preadv)
    with pytest.raises(OSError, match="shorter"):
        copied(source)


@pytest.mark.parametrize("name", ["readv", "preadv", "write", "fsync"])
def test_an_error_is_raised_and_nobody_waits_for_ever(source: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    original, calls = getattr(os, name), []

    def fail(*arguments: Any) -> Any:
        calls.append(arguments)
        if name == "fsync" or len(calls) > 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(*arguments)

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match="No space left"):
        copied(source)


def test_a_file_system_that_cannot_share_blocks_says_so(source: Path, tmp_path: Path) -> None:
    reading, writing = os.open(source, os.O_RDONLY), os.open("/dev/null", os.O_WRONLY)
    try:
        assert copying.share(reading, writing) is False
    finally:
        os.close(reading)
        os.close(writing)
