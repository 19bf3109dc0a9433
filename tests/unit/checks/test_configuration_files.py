# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns against mappings, settings, records against schemas, last lines: described cases and real files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import (
    json_records,
    recent_lines,
    settings,
    table_header,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.json_schema import violations
from tests.unit.cases import load_cases
from tests.unit.checks.asking import differences, judged, look

SETTINGS: dict[str, Any] = {"format": "auto", "expected": {}, "required": [], "numbers": {}, "show": []}


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_table_header"))
def test_observe_table_header(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    found = [
        table_header.drift_of(
            file["path"],
            bytes.fromhex(file["bytes"]) if "bytes" in file else file["text"].encode(),
            file["mapping"],
            file["required"],
            file["known"],
        )
        for file in arguments.pop("files")
    ]
    assert differences(judged("table_header", lambda: table_header.observe(found), arguments), expected) == {}


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_settings"))
def test_observe_settings(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    text, age = arguments.pop("text").encode(), arguments.pop("age_days")
    parameters = {**SETTINGS, **arguments.pop("parameters")}
    result = judged("settings", lambda: settings.observe(text, age, parameters), arguments)
    assert differences(result, expected) == {}


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_json_records"))
def test_observe_json_records(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    taken = [arguments.pop(name) for name in ("data", "schema", "age_days", "parameters")]
    result = judged("json_records", lambda: json_records.observe(*taken), arguments)
    assert differences(result, expected) == {}


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_recent_lines"))
def test_observe_recent_lines(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    found, files, head = (arguments.pop(name) for name in ("found", "files", "head"))
    result = judged(
        "recent_lines", lambda: recent_lines.observe(found, files, tuple(head) if head else None), arguments
    )
    assert differences(result, expected) == {}


@given(st.binary(max_size=200))
def test_any_bytes_have_a_header_or_none(data: bytes) -> None:
    columns = table_header.header_of(data)
    assert columns is None or all(isinstance(column, str) for column in columns)


@given(st.text(max_size=200))
def test_nothing_of_a_line_but_its_build_is_shown(line: str) -> None:
    assert {sign for sign in recent_lines.shape(line) if sign.isalnum() and sign not in "x9"} <= {
        sign for sign in line if not sign.isdigit() and not sign.isalpha()
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_schema_that_allows_all_finds_nothing_and_one_that_allows_nothing_finds_all(value: Any) -> None:
    assert violations(value, {}) == violations(value, True) == []
    assert violations(value, False) != []
    assert violations(value, {"const": value}) == violations(value, {"enum": [0, value]}) == []


def test_the_newest_deliveries_are_compared_with_the_mapping_of_their_vendor(tmp_path: Path) -> None:
    (tmp_path / "vendors" / "netskope").mkdir(parents=True)
    (tmp_path / "vendors" / "netskope" / "mapping.yaml").write_text("# x\nurl:\n  full_candidates: [url, site]\n")
    (tmp_path / "vendors" / "odd").mkdir()
    (tmp_path / "vendors" / "odd" / "mapping.yaml").write_text("url: &anchor\n  full_candidates: [url]\n")
    for name, text in {
        "netskope_1.csv": "site\nx\n",
        "odd.csv": "url\n",
        "nobody.csv": "url\n",
        "123.csv": "url\n",
    }.items():
        (tmp_path / name).write_text(text)
    asked = {"path": str(tmp_path / "*.csv"), "mapping": str(tmp_path / "vendors/{source}/mapping.yaml")}
    result = look("table_header", **asked, critical="> 0")
    assert (result["state"], result["reason"]["id"], result["metrics"]["without_mapping"]) == (
        "unknown",
        "table_header_unread",
        3,
    )
    assert f"{tmp_path}/netskope_1.csv: as its mapping says" in result["evidence"]
    assert any("odd.csv: mapping" in line and ", line 2: " in line for line in result["evidence"])
    assert look("table_header", **{**asked, "path": str(tmp_path / "netskope*.csv")}, critical="> 0")["state"] == "ok"
    assert look("table_header", **asked, source_pattern="(")["reason"]["id"] == "command_pattern_invalid"


def test_a_file_that_is_not_there_is_as_bad_as_the_profile_says(tmp_path: Path) -> None:
    for kind in ("settings", "json_records"):
        path = str(tmp_path / "none.json")
        assert look(kind, path=path)["state"] == "critical"
        missing = look(kind, path=path, missing_file="warning")
        assert (missing["state"], missing["reason"]["id"]) == ("warning", "file_missing")


def test_records_and_their_schema_are_read_from_files(tmp_path: Path) -> None:
    rules, schema = tmp_path / "rules.json", tmp_path / "schema.json"
    rules.write_text(json.dumps([{"id": 1}, {"id": "two"}]))
    schema.write_text(json.dumps({"properties": {"id": {"type": "integer"}}}))
    result = look("json_records", path=str(rules), schema=str(schema), unique_key="id")
    assert (result["state"], result["value"], result["metrics"]["records"]) == ("critical", 1, 2)
    schema.write_text("{")
    assert look("json_records", path=str(rules), schema=str(schema))["reason"]["id"] == "json_records_unreadable"


def test_the_last_lines_of_the_newest_logs_and_the_head_of_the_newest_delivery(tmp_path: Path) -> None:
    (tmp_path / "old.log").write_text("".join(f"Parse error at row {row}\n" for row in range(200)))
    (tmp_path / "new.log").write_bytes(b"hello\nParse error at row 7: \xff\n")
    (tmp_path / "raw.csv").write_text("time,user\n2026,Hanako\n")
    logs, raw = str(tmp_path / "*.log"), str(tmp_path / "raw*.csv")
    result = look("recent_lines", path=logs, pattern="^Parse error", head_of=raw, warning="> 0")
    assert (result["state"], result["value"], result["metrics"]["files"]) == ("warning", 100, 2)
    assert result["evidence"][-3:] == [f"beginning of {raw.replace('*', '')}:", "xxxx,xxxx", "9999,xxxxxx"]
