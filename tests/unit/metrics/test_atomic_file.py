# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that others read at any moment, also while their writer is killed."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.atomic_file import write_atomically
from tests.unit.patience import until

FORK = multiprocessing.get_context("fork")
SIZE = 400_000


def _write_for_ever(path: str) -> None:
    for letter in itertools.cycle("ab"):
        write_atomically(path, letter * SIZE, 0o644)


def test_no_reader_sees_half_a_file_and_a_killed_writer_leaves_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "aiops-wiki-1.prom"
    path.write_text("a" * SIZE)
    seen = set()

    def read() -> str:
        text = path.read_text()
        seen.add(text)
        return text

    for _victim in range(5):
        writer = FORK.Process(target=_write_for_ever, args=(str(path),))
        first = read()
        writer.start()
        until(lambda before=first: read() != before)
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            read()
        writer.kill()
        writer.join()
        read()
    assert seen == {"a" * SIZE, "b" * SIZE}
    assert path.stat().st_mode & 0o777 == 0o644
    # What a killed writer leaves is nothing that a node exporter takes.
    assert [each.name for each in tmp_path.glob("*.prom")] == [path.name]


def test_what_cannot_be_written_leaves_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "aiops-wiki-1.prom"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(str(path), "half \ud800")
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
