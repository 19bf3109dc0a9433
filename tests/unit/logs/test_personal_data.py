# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Personal values in logs: found and masked, counted right on a labelled corpus."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import personal_data
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.personal import findings
from tests.unit.cases import load_cases
from tests.unit.checks.asking import look


def _counts(lines: list[list[Any]]) -> tuple[int, int, int, list[str]]:
    right = wrong = missed = 0
    told = []
    for text, labels in lines:
        seen, wanted = Counter(finding.kind for finding in findings(text)), Counter(labels)
        right += sum((seen & wanted).values())
        wrong += sum((seen - wanted).values())
        missed += sum((wanted - seen).values())
        if seen != wanted:
            told.append(f"{text}: {dict(seen)}")
    return right, wrong, missed, told


@pytest.mark.parametrize(("arguments", "expected"), load_cases("personal_data"))
def test_precision_and_recall_on_the_labelled_corpus(arguments: dict[str, Any], expected: dict[str, float]) -> None:
    right, wrong, missed, told = _counts(arguments["lines"])
    assert right / (right + wrong) >= expected["precision"], told
    assert right / (right + missed) >= expected["recall"], told


def test_evidence_names_file_and_line_and_masks_the_value(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("started\nmail to hanako.sato@example.co.jp, tel 03-1234-5678\n", encoding="utf-8")
    result = look("personal_data", path=[str(log)], warning="> 0")
    assert result["state"] == "warning"
    assert result["metrics"] == {"findings": 2, "emails": 1, "phones": 1, "addresses": 0, "cards": 0, "lines": 2}
    assert result["evidence"] == [f"{log}:2: email h***@e***.jp", f"{log}:2: phone 03-***78"]
    assert "hanako" not in str(result)


def test_a_critical_level_counts(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("a.b@example.jp\n" * 3, encoding="utf-8")
    assert look("personal_data", path=[str(log)], warning="> 0", critical="> 2")["state"] == "critical"


def test_clean_logs_are_well_and_missing_ones_are_not(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text('{"email": null, "route": "/api/env"}\n', encoding="utf-8")
    assert look("personal_data", path=[str(log)], warning="> 0")["state"] == "ok"
    gone = look("personal_data", path=[str(tmp_path / "gone" / "*.log")], warning="> 0")
    assert (gone["state"], gone["reason"]["id"]) == ("critical", "file_missing")


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    assert look("personal_data", path=[str(tmp_path / "pipe.log")], warning="> 0")["state"] == "unknown"


def test_lines_that_are_known_and_kinds_that_are_not_asked_for_do_not_count(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("operator me@example.jp\nyou@example.jp 03-1234-5678\n", encoding="utf-8")
    result = look("personal_data", path=[str(log)], ignore=["^operator "], kinds=["email"])
    assert result["metrics"]["findings"] == 1


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_searched(data: bytes) -> None:
    found = personal_data.Found()
    personal_data.search(data + b"\n", "any.log", frozenset(("email", "phone", "address", "card")), [], found)
    assert found.lines == data.count(b"\n") + 1


@pytest.mark.parametrize(
    "text", ["a" * 200000 + "@", "1" * 200000, "+1 2" * 50000, "a." * 100000 + "@b", "県" * 100000]
)
def test_a_line_made_to_be_slow_is_not(text: str) -> None:
    begun = time.process_time()
    list(findings(text))
    assert time.process_time() - begun < 5
