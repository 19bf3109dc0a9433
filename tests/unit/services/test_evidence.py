# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence is saved before anything else, and never keeps anybody from a restart."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import evidence
from ansible_collections.aiops.runbooks.plugins.module_utils.service_state import Service


def gathered(folder: Path, *patterns: str) -> dict[str, list[str]]:
    """Return the sections about a service that does not run, and about logs."""
    service = Service("wiki", "pid_file", pid_file=str(folder / "wiki.pid"), command_contains="wiki")
    return dict(evidence.gather([service], patterns, 2, None, 5))


def test_state_logs_and_resources_are_there_and_secrets_are_not(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("one\ntwo\napi_key=sk-1234567890abcdef\n")
    found = gathered(tmp_path, f"{tmp_path}/*.log", f"{tmp_path}/missing/*.log")
    assert "active: False" in found["service wiki"]
    assert found[f"last lines of {tmp_path}/app.log"][0] == "two"
    assert "sk-1234567890abcdef" not in evidence.text_of(found.items())
    assert found["memory"][0].startswith("MemTotal")
    assert found["load"]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "wiki.pid").write_text("garbage")
    assert gathered(tmp_path)["service wiki"][0].startswith("not known: ")
    assert evidence.tail(str(tmp_path / "missing"), 5) == ["not read: file_missing"]


def test_only_the_end_of_a_large_log_is_read(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("".join(f"line {number}\n" for number in range(100000)))
    assert evidence.tail(str(tmp_path / "app.log"), 2) == ["line 99998", "line 99999"]


def test_of_a_glob_the_file_that_was_written_to_last_is_copied(tmp_path: Path) -> None:
    for age, name in enumerate(("b.log", "a.log")):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (time.time() - age * 100,) * 2)
    (tmp_path / "link.log").symlink_to(tmp_path / "a.log")
    newest = evidence.newest_of([f"{tmp_path}/*.log"])
    assert newest == [str(tmp_path / "b.log")]
    saved = evidence.save(str(tmp_path / "saved"), "text", [*newest, str(tmp_path / "gone.log")])
    assert [os.path.basename(path) for path in saved["saved"]] == ["evidence.txt", "b.log"]
    assert (tmp_path / "saved/b.log").read_text() == "b.log"
    assert (tmp_path / "saved").stat().st_mode & 0o777 == 0o700
    assert len(saved["problems"]) == 1


def test_a_full_disk_is_a_problem_and_not_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    saved = evidence.save(str(tmp_path / "saved"), "text", [])
    assert saved["problems"] == [f"{tmp_path}/saved: No space left on device"]
