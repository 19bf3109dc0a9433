# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was compiled of the library is kept, is never older than the files, and is nothing that a run depends on."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.lean import PACKAGE
from ansible_collections.aiops.runbooks.plugins.plugin_utils import payload

CHECKOUT = Path(__file__).resolve().parents[3]
LIBRARY = CHECKOUT / "plugins" / "module_utils"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a library of one's own, where Python may keep what it compiles."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    shutil.copytree(LIBRARY, tmp_path / "library", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "library"


def kept(root: Path) -> Path:
    (only,) = (root / "__pycache__").iterdir()
    return only


def compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> bytes:
        raise AssertionError("compiled again")

    monkeypatch.setattr(payload, "_compiled", refuse)


def test_the_second_run_compiles_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = payload.library(root)
    compiles_nothing(monkeypatch)
    assert payload.library(root) == first
    assert payload.needed(first, ["disk"])


def test_a_changed_file_is_sent_as_it_is_now(root: Path) -> None:
    before = payload.library(root)
    engine = root / "checks" / "engine.py"
    engine.write_text(engine.read_text(encoding="utf-8") + "\nCHANGED = True\n", encoding="utf-8")
    after = payload.library(root)
    changed = f"{PACKAGE}.checks.engine"
    assert {name for name in after.packed if after.packed[name] != before.packed[name]} == {changed}
    assert after.compiled[changed] != before.compiled[changed]


@pytest.mark.parametrize("damage", ["empty", "half", "other"])
def test_a_damaged_copy_is_made_anew(root: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    first = payload.library(root)
    path = kept(root)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes({"empty": b"", "half": whole[:middle]}.get(damage, whole[:middle] + b"~" + whole[middle + 1 :]))
    assert payload.library(root).packed == first.packed
    compiles_nothing(monkeypatch)
    assert payload.library(root).packed == first.packed


def test_a_place_that_cannot_be_written_costs_time_only(root: Path) -> None:
    (root / "__pycache__").write_text("in the way", encoding="utf-8")
    assert payload.library(root).packed == payload.library_sources(root).packed


def test_nothing_is_kept_where_python_keeps_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert payload.library(root).packed
    assert not (root / "__pycache__").exists()
