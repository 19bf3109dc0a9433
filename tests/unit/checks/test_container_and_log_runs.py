# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds around containers, models and their logs on real files, commands and servers."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils import containers
from ansible_collections.aiops.runbooks.plugins.module_utils.checks import json_file, metrics_query, text_log
from ansible_collections.aiops.runbooks.plugins.module_utils.drift_episodes import Score, episodes
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.http_exchange import Answer
from ansible_collections.aiops.runbooks.plugins.module_utils.judge import parse_level
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.mixed import MixedParser, bounded
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.mixed_files import PARAMETERS, compiled
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.timestamps import TimestampReader
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import zone
from demo.smartbox.application import answer_metrics
from demo.web import Server

from .asking import look

RULES = [
    {"name": "cycles", "document": "list", "outcome": "success"},
    {"name": "skipped", "pattern": "skipping", "outcome": "failure"},
]
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def stamp(seconds_ago: float) -> str:
    """Return a time as the application writes it, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - seconds_ago))


def parser() -> MixedParser:
    """Return a parser of the default format."""
    pattern = compiled(PARAMETERS["line_pattern"]["default"], "line_pattern")
    return MixedParser(pattern, ["timestamp"], TimestampReader(zone("UTC")))


def test_a_rotated_log_goes_on_in_its_older_files(tmp_path: Path) -> None:
    log = tmp_path / "inference.log"
    with gzip.open(f"{log}.2.gz", "wb") as old:
        old.write(f"{stamp(7200)} - app - WARNING - skipping inference\n".encode())
    (tmp_path / "inference.log.1").write_text("[]\n[]\n")
    for name, seconds_ago in (("inference.log.2.gz", 7200), ("inference.log.1", 3600)):
        os.utime(tmp_path / name, (time.time() - seconds_ago, time.time() - seconds_ago))
    log.write_text("")
    result = look("text_log", path=[str(log)], rules=RULES, warning="> 900")
    assert result["state"] == "warning"
    assert result["value"] == pytest.approx(3600, abs=60)
    assert result["metrics"]["skipped"] == 1


def test_a_failure_in_the_newest_file_is_the_last_word(tmp_path: Path) -> None:
    (tmp_path / "app.log.1").write_text("[]\n")
    (tmp_path / "app.log").write_text(f"{stamp(60)} - app - WARNING - skipping inference\n")
    result = look("text_log", path=[str(tmp_path / "app.log")], rules=RULES)
    assert (result["state"], result["reason"]["id"]) == ("critical", "log_last_attempt_failed")


def test_a_log_may_be_what_a_command_prints() -> None:
    result = look("text_log", argv=["printf", "%s\n", "[]", "PermissionError: denied"], rules=RULES)
    assert (result["state"], result["metrics"]["cycles"]) == ("ok", 1)
    failed = look("text_log", argv=["false"], rules=RULES)
    assert (failed["state"], failed["reason"]["id"]) == ("unknown", "command_failed")


def test_a_missing_log_is_named() -> None:
    result = look("text_log", path=["/nowhere/inference.log"], rules=RULES)
    assert (result["state"], result["reason"]["id"]) == ("critical", "file_missing")


@pytest.mark.parametrize(
    ("configuration", "state", "reason"),
    [
        ('{"inference": {"check_drift": false}}', "ok", "drift_check_off"),
        ('{"inference": {"check_drift": true}}', "warning", "drift_moderate"),
        ('{"inference": ', "unknown", "json_file_invalid"),
    ],
)
def test_drift_is_judged_where_it_is_looked_for(tmp_path: Path, configuration: str, state: str, reason: str) -> None:
    (tmp_path / "config.json").write_text(configuration)
    (tmp_path / "app.log").write_text(f"{stamp(60)} - app - INFO - Drift detected (score=5.0), applying 15% penalty\n")
    where = {"file": str(tmp_path / "config.json"), "key": "inference.check_drift"}
    result = look("drift", path=[str(tmp_path / "app.log")], enabled_from=where)
    assert (result["state"], result["reason"]["id"]) == (state, reason)


def test_models_on_a_disk(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"services": ["booking", "search"]}')
    for service in ("booking", "search"):
        model = tmp_path / "models" / service / "night_hours"
        model.mkdir(parents=True)
        (model / "metadata.json").write_text("{}")
        (model / "rate_isolation.joblib").write_bytes(b"\x80\x04\x95" + bytes(500))
    asked: dict[str, Any] = {
        "models_directory": str(tmp_path / "models"),
        "directories": ["{service}/{period}"],
        "periods": ["night_hours"],
        "files": ["metadata.json", "*_isolation.joblib"],
        "services_from": {"file": str(tmp_path / "config.json"), "keys": ["services"]},
    }
    assert look("model_files", **asked)["state"] == "ok"
    (model / "rate_isolation.joblib").write_bytes(b"")
    broken = look("model_files", **asked)
    assert broken["reason"]["fields"]["first"] == "search, night_hours: rate_isolation.joblib has 0 bytes"


def test_a_metrics_source_that_answers_and_one_that_does_not() -> None:
    with Server("127.0.0.1", 0, answer_metrics) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        assert look("metrics_query", url=url, query="sum(up)")["value"] == 41.5
        server.shutdown()
    gone = look("metrics_query", url=url, query="sum(up)")
    assert (gone["state"], gone["reason"]["id"]) == ("critical", "metrics_unreachable")


def test_a_diagnosis_names_the_first_cause_that_holds(tmp_path: Path) -> None:
    def cause(name: str, **probe: Any) -> dict[str, Any]:
        return {"cause": {"en": name, "ja": name}, **probe}

    missing = str(tmp_path / "config.json")
    causes = [
        cause("disk full", kind="disk", parameters={"path": "/"}, critical="> 100"),
        cause("no configuration", kind="json_file", parameters={"path": missing}, reasons=["file_missing"]),
        cause("anything", kind="cpu", parameters={"sample_seconds": 0.1}, warning=">= 0"),
    ]
    symptom = {"kind": "command", "parameters": {"argv": ["false"]}}
    found = look("diagnosis", symptom=symptom, causes=causes)
    assert (found["state"], found["reason"]["id"]) == ("critical", "diagnosis_cause")
    assert found["reason"]["fields"]["cause"]["en"] == "no configuration"
    assert found["metrics"]["causes_tried"] == 2
    well = look("diagnosis", symptom={"kind": "command", "parameters": {"argv": ["true"]}}, causes=causes)
    assert (well["state"], well["reason"]["id"]) == ("ok", "diagnosis_not_needed")


@pytest.mark.parametrize("kind", ["compose_service", "command_in_container"])
def test_a_project_directory_that_is_not_there_is_named(kind: str) -> None:
    asked = {"argv": ["true"]} if kind == "command_in_container" else {}
    result = look(kind, project_directory="/nowhere", service="detector", **asked)
    assert (result["state"], result["reason"]["id"]) == ("critical", "file_missing")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"[", b"{", b"]", b"}", b"[]", b"\n"]), max_size=20))
def test_any_bytes_are_entries_or_unread(pieces: list[bytes]) -> None:
    own = parser()
    found = list(bounded((entry for piece in pieces for entry in own.entries(piece)), 100.0))
    own.finish()
    assert all(entry.latest is not None for entry in found)
    assert own.unread >= 0


@settings(deadline=None)
@given(_DOCUMENTS, st.sampled_from([None, 1, 2]))
def test_any_document_is_read_as_it_was_printed(document: Any, indent: int | None) -> None:
    if not isinstance(document, (list, dict)):
        document = [document]
    own = parser()
    (entry,) = own.entries(json.dumps(document, indent=indent).encode() + b"\n")
    assert entry.document == document


@settings(deadline=None)
@given(_DOCUMENTS)
def test_any_answer_of_docker_or_a_database_is_an_observation(document: Any) -> None:
    text = json.dumps(document)
    containers.read_usage(text)
    for container in containers.read_inspection(text) or []:
        containers.log_fault(container, "json-file", {"max-size": "10m"})
        containers.time_zone_fault(container, text, "Europe/London", 0.0)
    parameters = {"url": "http://vm", "query": "up", "days_ago": 0, "value_unit": "", "empty_state": "ok"}
    keys = {"required_keys": ["a"], "value_keys": ["a", ""], "member_keys": ["a"], "members": ["b"]}
    with contextlib.suppress(CheckError):
        metrics_query.observe(Answer(200, body=text.encode()), parameters)
    json_file.observe("config.json", text.encode(), keys)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 10)), max_size=30), st.floats(1, 1e5))
def test_drift_that_is_there_began_and_goes_on_above_its_level(scores: list[tuple[float, float]], gap: float) -> None:
    level = parse_level(">= 3")
    found = episodes([Score("a", at, value) for at, value in scores], level, gap, 1e6)
    for episode in found:
        assert 3 <= episode.latest <= episode.highest
        assert 0 <= episode.hours <= 1e6 / 3600
    if not any(value >= 3 for _at, value in scores):
        assert found == []


def test_a_rule_that_matches_nothing_is_refused() -> None:
    for rules in ([{"name": "entries", "pattern": "x"}], [{"name": "a"}], [{"name": "a", "pattern": "("}]):
        given_rules = [{"levels": [], "without": [], "keys": {}, **rule} for rule in rules]
        with pytest.raises(Exception, match="rules"):
            text_log.rules_of(given_rules)
