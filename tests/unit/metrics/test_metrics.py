# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded runs as metrics and as test results, read back by those who will read them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.aiops.runbooks.plugins.plugin_utils.catalog import load_catalog
from ansible_collections.aiops.runbooks.plugins.plugin_utils.metrics.exposition import Family, exposition
from ansible_collections.aiops.runbooks.plugins.plugin_utils.metrics.junit import junit
from ansible_collections.aiops.runbooks.plugins.plugin_utils.metrics.textfile import textfile

REASON = {"id": "timed_out", "fields": {"seconds": 5}}


def result(check: str, state: str, value: Any = None, **changes: Any) -> dict[str, Any]:
    """Return a Result."""
    known = {"kind": "http", "unit": "ms", "metrics": {}, "reason": REASON, "evidence": [], "seconds": 0.25}
    return {"check": check, "state": state, "value": value, "started": "2026-11-23T01:00:05+00:00", **known, **changes}


def run(procedure: str, started: str, results: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return a Run record."""
    identity = {"id": started, "procedure": procedure, "system": "wiki", "host": "wiki-1"}
    times = {"started": started, "finished": started.replace(":00+", ":07+")}
    verdict = {"state": "ok", "reachable": True, "failure": None, "actions": []}
    return {**identity, **times, **verdict, "results": results, **changes}


def samples(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Return what Prometheus' own parser reads: values by metric and by the labels besides system and host."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type == "gauge"
        for sample in family.samples:
            labels = tuple(text for name, text in sample.labels.items() if name not in ("system", "host"))
            assert labels not in found.get(sample.name, {}), "a sample is there once"
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_a_check_is_exported_as_it_was_last_looked_at() -> None:
    backup = {"kind": "backup_set", "unit": "s"}
    runs = [
        run(
            "weekly",
            "2026-11-23T01:00:00+00:00",
            [result("health", "ok", 12.5), result("backup", "ok", 3600, **backup)],
        ),
        run("daily", "2026-11-24T00:00:00+00:00", [result("health", "unknown", metrics={"tries": 3, "why": "late"})]),
    ]
    found = samples(textfile(runs[::-1]))
    states = {labels[2]: value for labels, value in found["aiops_check_state"].items() if labels[0] == "health"}
    assert states == {"ok": 0, "warning": 0, "unknown": 1, "critical": 0}
    assert found["aiops_check_value"] == {("backup", "backup_set", "s"): 3600}, "what is unknown has no figure"
    assert found["aiops_check_metric"] == {("health", "http", "tries"): 3}
    assert found["aiops_backup_age_seconds"] == {("backup",): 3600}
    made = 1795395605 - 3600
    assert found["aiops_backup_timestamp_seconds"] == {("backup",): made}
    assert found["aiops_run_duration_seconds"] == {("weekly",): 7, ("daily",): 7}
    assert found["aiops_run_timestamp_seconds"][("weekly",)] == 1795395600
    assert found["aiops_run_failed"] == {("weekly",): 0, ("daily",): 0}
    assert found["aiops_run_checks"][("daily", "unknown")] == 1
    assert found["aiops_system_state"][("ok",)] == 1


def test_a_run_that_failed_or_reached_nobody_says_so() -> None:
    lost = run(
        "daily",
        "2026-11-24T00:00:00+00:00",
        [],
        state="critical",
        reachable=False,
        failure={"stage": "unreachable", "message": "no route"},
    )
    found = samples(textfile([lost]))
    assert found["aiops_system_reachable"] == {(): 0}
    assert found["aiops_run_failed"] == {("daily",): 1}
    assert found["aiops_system_state"][("critical",)] == 1
    assert "aiops_check_state" not in found


def test_whatever_a_label_holds_comes_back_as_it_was() -> None:
    strange = 'C:\\new "quoted"\nline'
    family = Family("aiops_check_value", "Back\\slash\nand line.")
    family.add(float("inf"), check=strange)
    family.add(float("nan"), check="none")
    (parsed,) = text_string_to_metric_families(exposition([family]))
    (sample,) = parsed.samples
    assert sample.labels == {"check": strange}
    assert sample.value == float("inf")
    assert parsed.documentation == "Back\\slash\nand line."


def test_a_ci_server_reads_one_case_per_check_with_its_reason() -> None:
    actions = [
        {"name": "rotate", "state": "failed", "detail": {"message": "no space"}},
        {"name": "vacuum", "state": "planned", "detail": {}},
        {"name": "clean", "state": "done", "detail": {}},
    ]
    results = [result("a", "ok"), result("b", "warning"), result("c", "critical"), result("d", "unknown")]
    results[2]["evidence"] = ["<tag> \x1b[31m & \u0000"]
    failure = {"stage": "look", "message": "it broke"}
    ran = run("weekly", "2026-11-23T01:00:00+00:00", results, actions=actions, failure=failure)
    (suite,) = ET.fromstring(junit([ran], load_catalog()))
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8",
        "failures": "2",
        "errors": "2",
        "skipped": "1",
    }
    cases = {case.get("name"): case for case in suite}
    assert cases["c"].find("failure").get("message").strip()
    assert "<tag>" in cases["c"].find("failure").text
    assert cases["d"].find("error").get("type") == "unknown"
    assert cases["b"].find("system-out").text
    assert cases["rotate"].find("failure").get("message") == "no space"
    assert cases["run"].find("error").get("message") == "it broke"
