# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look reads each file of a log once, however many checks ask about it."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine, registry
from ansible_collections.aiops.runbooks.plugins.module_utils.logs import files, shared
from tests.bench.logs import generate
from tests.bench.logs.day import DAY
from tests.bench.logs.ours import CHECKS

NOW = DAY + 86399.5
DURATIONS = {"window": "day", "duration_key": "duration_ms", "duration_unit": "ms", "operation_key": "route"}
#: What a day of a system with JSON lines asks of one log: EST and DIY alike ask several things of the same file.
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "last_hour": ("jsonl_log", {**CHECKS["jsonl"][1], "window": "1"}),
    "day": CHECKS["jsonl"],
    "durations": ("durations", DURATIONS),
    "slow": ("durations", {**DURATIONS, "slow_seconds": 1}),
    "personal_data": ("personal_data", {"window": "month"}),
    "errors": ("error_log", {"log_format": "json_lines"}),
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Write a log of a day with a rotated and a compressed copy, and a last line that is not finished."""
    lines = list(generate.json_lines(3000))
    path = tmp_path / "app.jsonl"
    path.write_text("".join(lines[2000:]) + '{"timestamp":"2026-11-24T23:59:59Z"}', encoding="utf-8")
    Path(f"{path}.1").write_text("".join(lines[1000:2000]), encoding="utf-8")
    Path(f"{path}.2.gz").write_bytes(gzip.compress("".join(lines[:1000]).encode()) + b"cut off")
    for age, name in enumerate((path, f"{path}.1", f"{path}.2.gz")):
        os.utime(name, (NOW - age, NOW - age))
    return path


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Note each file of a log that is opened, also by the processes of a look."""
    notes = tmp_path / "opened"
    for module in (files, shared):
        monkeypatch.setattr(module, "open_regular", _noting(notes, module.open_regular))
    return notes


def _noting(notes: Path, opening: Any) -> Any:
    def noted(path: str) -> Any:
        with notes.open("a", encoding="utf-8") as stream:
            stream.write(f"{Path(path).name}\n")
        return opening(path)

    return noted


def look(log: Path, *names: str) -> list[dict[str, Any]]:
    """Ask checks of one log in one look, without what tells of the time they took."""
    checks = [
        engine.parse_check(
            {
                "name": name,
                "kind": ASKED[name][0],
                "parameters": {**ASKED[name][1], "path": [str(log)]},
                "timeout_seconds": 60,
            },
            registry.load,
        )
        for name in names
    ]
    results = engine.look("wiki", checks, registry.load, "UTC", NOW)
    return [{**result, "seconds": 0} for result in results]


def test_each_file_is_read_once_and_says_the_same(log: Path, opened: Path) -> None:
    together = look(log, *ASKED)
    assert sorted(opened.read_text(encoding="utf-8").split()) == ["app.jsonl", "app.jsonl.1", "app.jsonl.2.gz"]
    assert together == [look(log, name)[0] for name in ASKED]
    assert 2001 <= together[1]["metrics"]["records"] < 3001


def test_what_there_is_no_room_for_is_read_again(log: Path, opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 1 << 14)
    monkeypatch.setattr(shared, "KEPT_BYTES", 300000)
    together = look(log, *ASKED)
    names = opened.read_text(encoding="utf-8").split()
    assert {name for name in names if not name.isdigit()} == {"app.jsonl", "app.jsonl.1", "app.jsonl.2.gz"}
    assert any(name.isdigit() for name in names)
    assert together == [look(log, name)[0] for name in ASKED]


def test_a_log_that_one_check_reads_is_not_kept(log: Path) -> None:
    assert shared.shared_logs([{"path": [str(log)]}, {"path": str(log)}, {}]) is None
