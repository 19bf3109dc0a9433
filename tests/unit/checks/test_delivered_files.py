# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that others deliver: whole, and in an encoding that the application reads."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import file_stability, text_encoding
from ansible_collections.aiops.runbooks.plugins.module_utils.delivered_files import Delivered
from tests.unit.cases import load_cases

from .asking import differences, judged, look


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_file_stability"))
def test_files_settle(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    pairs = [tuple(None if file is None else Delivered(*file) for file in pair) for pair in arguments.pop("pairs")]
    window, now = arguments.pop("window_seconds"), arguments.pop("now")
    result = judged("file_stability", lambda: file_stability.observe(pairs, window, now), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_text_encoding"))
def test_encodings_are_judged(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    found = [tuple(pair) for pair in arguments.pop("found")]
    accepted = arguments.pop("accepted")
    result = judged("text_encoding", lambda: text_encoding.observe(found, accepted), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("encoding_of"))
def test_encodings_are_named(arguments: dict[str, Any], expected: str) -> None:
    assert text_encoding.encoding_of(bytes.fromhex(arguments["hex"]), arguments["whole"]) == expected


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_have_an_answer(beginning: bytes, whole: bool) -> None:
    assert text_encoding.encoding_of(beginning, whole)


@given(st.text(min_size=1, max_size=50).filter(lambda text: "\0" not in text and not text.isascii()))
def test_utf8_is_utf8(text: str) -> None:
    assert text_encoding.encoding_of(text.encode(), True) in {"UTF-8", "UTF-8 with BOM"}


def test_real_files_are_looked_at(tmp_path: Path) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("time,url\n", encoding="utf-16")
    new.write_text("time,url\n", encoding="utf-8")
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    os.mkfifo(tmp_path / "pipe.csv")
    paths = [str(tmp_path / "*.csv")]
    settled = look("file_stability", path=paths, sample_seconds=0.01, warning="> 0")
    assert (settled["state"], settled["value"], settled["metrics"]["files"]) == ("warning", 1, 2)
    encoded = look("text_encoding", path=paths, warning="> 0")
    assert (encoded["state"], encoded["evidence"][0]) == ("warning", f"{old}: UTF-16")
