# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences for ids, in both languages, whatever a record lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.catalog import (
    COMMON,
    DIRECTORY,
    CatalogError,
    in_language,
    load_catalog,
    reason_text,
    remedy_text,
    text,
)
from tests.unit.cases import load_cases

CATALOG = load_catalog()


@pytest.mark.parametrize(("arguments", "expected"), load_cases("reason_text"))
@pytest.mark.parametrize("language", ["en", "ja"])
def test_reason_text(arguments: dict[str, Any], expected: dict[str, str], language: str) -> None:
    assert reason_text(CATALOG, arguments["reason"], language, arguments["kind"]) == expected[language]


def test_a_kind_s_own_sentence_wins_over_the_common_one(tmp_path: Path) -> None:
    (tmp_path / "common.yml").write_text("reasons: {gone: {en: gone, ja: なし, remedy: {en: look, ja: 確認}}}\n")
    (tmp_path / "tape.yml").write_text("reasons: {gone: {en: 'tape {n} gone', ja: 'テープ{n}なし'}}\n")
    catalog = load_catalog(tmp_path)
    reason = {"id": "gone", "fields": {"n": 3}}
    assert reason_text(catalog, reason, "en", "tape") == "tape 3 gone"
    assert reason_text(catalog, reason, "ja", "disk") == "なし"
    assert remedy_text(catalog, reason, "en", "disk") == "look"
    assert remedy_text(catalog, reason, "en", "tape") == ""


def test_a_level_has_the_remedy_of_its_metric(tmp_path: Path) -> None:
    (tmp_path / "common.yml").write_text("{}\n")
    (tmp_path / "tape.yml").write_text("metrics: {full: {en: full, ja: 使用量, remedy: {en: Buy tape., ja: 購入}}}\n")
    reason = {"id": "level_reached", "fields": {"metric": "full", "value": 1, "limit": "> 0", "level": "warning"}}
    assert remedy_text(load_catalog(tmp_path), reason, "en", "tape") == "Buy tape."


def test_a_text_that_lacks_a_language_is_shown_in_another() -> None:
    assert in_language({"en": "", "ja": "図書館"}, "en") == "図書館"
    assert in_language("library", "ja") == "library"
    assert in_language(None, "ja") == ""


def test_an_unknown_text_shows_its_name() -> None:
    assert text(CATALOG, "states", "exploded", "en") == "exploded"


@pytest.mark.parametrize("content", ["[1, 2]\n", "reasons: {\n", "a: b: c\n"])
def test_an_unreadable_catalogue_names_its_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "common.yml").write_text("{}\n")
    (tmp_path / "broken.yml").write_text(content)
    with pytest.raises(CatalogError, match=r"broken\.yml"):
        load_catalog(tmp_path)


def test_a_catalogue_without_the_common_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=COMMON):
        load_catalog(tmp_path)


def test_the_catalogue_stands_with_the_role() -> None:
    assert (DIRECTORY / "common.yml").is_file()
