# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daily.yml and monthly.yml on the stand-in of a batch system, as published and as its runbook describes it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.aimo import seed
from demo.clock import utc, utc_iso, utc_sql_exact
from demo.paths import AimoPaths, aimo_paths
from tests.day import wait_for_a_day_that_lasts
from tests.integration.weekly.runs import play

duckdb = pytest.importorskip("duckdb")
LAYOUTS = {"published": "inventories/demo", "runbook": "tests/integration/inventories/runbook"}
HOST = "aimo-demo"
# Answers of a provider whose key is refused, and of runs that do not end well.
REFUSED = "Error: authentication_error: the key was refused\n"
WRONG_EVENTS = """\
{"event_type": "run_start", "run_id": "gone", "vendor": "zscaler", "signature_version": "2.0", "timestamp": "%s"}
{"event_type": "error", "run_id": "gone", "error_type": "ParquetError", "timestamp": "%s"}
{"event_type": "run_end", "run_id": "gone", "status": "failed", "timestamp": "%s"}
not JSON at all
"""
MANY_UNKNOWN = """\
{"event_type": "run_end", "run_id": "other", "status": "succeeded", "timestamp": "%s",
 "metrics": {"signature_count": 90000, "unknown_count": 89000}}
""".replace(",\n", ",")
WRONG_ROWS = (
    "INSERT INTO runs (run_id, started_at, status, vendor_scope) VALUES ('gone', {at}, 'failed', 'zscaler')",
    "INSERT INTO api_costs VALUES (9999, 'gone', 'any', 'dear', 1, 2, 3, 4.5, 5, {at})",
    "INSERT INTO input_files (file_id, vendor, row_count, parse_error_count, ingested_at)"
    " VALUES ('gone', 'zscaler', 100, 90000, {at})",
    "INSERT INTO analysis_cache BY NAME SELECT 'new ' || url_signature AS url_signature, 'active' AS status,"
    " '2.0' AS signature_version, {at} AS created_at, {at} AS updated_at FROM analysis_cache",
    "INSERT INTO analysis_cache (url_signature, status, service_name, usage_type, error_reason, created_at, updated_at)"
    " VALUES ('a', 'active', 'Unheard Of', 'genai', NULL, {at}, {at}),"
    " ('b', 'needs_review', NULL, NULL, 'HTTP 401 invalid_api_key', {at}, {at}),"
    " ('c', 'needs_review', NULL, NULL, 'ParquetError 17', {at}, {at})",
    # Of a history made by dice, some days have a domain that no earlier day has: all of them are known here.
    "INSERT INTO signature_stats (run_id, url_signature, dest_domain)"
    " SELECT first.run_id, 'known ' || dest_domain, dest_domain FROM"
    " (SELECT run_id FROM runs WHERE status = 'succeeded' ORDER BY started_at LIMIT 1) AS first,"
    " (SELECT DISTINCT dest_domain FROM signature_stats WHERE dest_domain IS NOT NULL) AS domains",
    "INSERT INTO signature_stats (run_id, url_signature, dest_domain)"
    " SELECT run_id, 'new', 'new.example' FROM runs WHERE status = 'succeeded' ORDER BY started_at DESC LIMIT 1",
)
WRONG_METRICS = (
    "INSERT INTO runs (run_id, started_at, status, vendor_scope) VALUES ('gone', {at}, 'running', 'zscaler')",
    "INSERT INTO performance_metrics"
    " VALUES (99999, 'gone', 'llm', 'budget_daily_spent_usd', 8.5, 'USD', {at}, {at}, {at})",
)


@dataclass(frozen=True)
class System:
    """A seeded stand-in and how its figures are asked."""

    root: Path
    layout: str

    @property
    def paths(self) -> AimoPaths:
        """Where it keeps its things."""
        return aimo_paths(self.root / "aimo", self.layout)

    def results(self, procedure: str, *arguments: str) -> dict[str, dict[str, Any]]:
        """Return the results of a procedure by the names of the checks."""
        played = play(
            LAYOUTS[self.layout],
            self.root / "state",
            "--limit",
            HOST,
            "-e",
            f"demo_root={self.root}",
            *arguments,
            playbook=f"playbooks/{procedure}.yml",
            DEMO_ROOT=str(self.root),
            DEMO_PORT_BASE="18000",
        )
        assert HOST in played.newest(), played.output
        found = {result["check"]: result for result in played.newest()[HOST]["results"]}
        # The machine's room, trends without a history and drills that nobody did are not the stand-in's doing.
        others = {"disk", "disk_forecast", "llm_cost_change", "restore_drill", "drill_age"}
        return {name: result for name, result in found.items() if name not in others}

    def write(self, at: float, *statements: str) -> None:
        """Change its database; {at} is a moment, epoch seconds."""
        with duckdb.connect(str(self.paths.database)) as connection:
            for statement in statements:
                connection.execute(statement.replace("{at}", f"TIMESTAMP '{utc_sql_exact(at)}'"))


@pytest.fixture(params=sorted(LAYOUTS))
def system(request: pytest.FixtureRequest, tmp_path: Path) -> System:
    """Seed a stand-in in one layout, on a day that is not over before the test is."""
    wait_for_a_day_that_lasts()
    seeded = System(tmp_path, request.param)
    seed.seed(seeded.paths, request.param, time.time())
    return seeded


def states(results: dict[str, dict[str, Any]], *names: str) -> dict[str, str]:
    """Return the states of some checks."""
    return {name: results[name]["state"] for name in names if name in results}


def test_a_healthy_system_is_ok_every_day_and_every_month(system: System) -> None:
    daily = system.results("daily")
    assert {name: result["state"] for name, result in daily.items() if result["state"] != "ok"} == {}
    assert {"last_run", "cache_hit_rate", "llm_budget", "unknown_share", "parse_errors", "cache_growth"} <= set(daily)
    assert len(daily["last_run"]["evidence"]) == 5
    assert daily["last_run"]["metrics"]["unfinished_runs"] == 1, "the one of three weeks ago that never ended"
    assert 0 <= daily["llm_budget"]["metrics"]["month_usd"] <= daily["llm_budget"]["metrics"]["projected_month_usd"]
    assert any("day " in line for line in daily["cache_growth"]["evidence"])
    assert len(daily["parse_errors"]["evidence"]) == 4, "one line a vendor"

    monthly = system.results("monthly")
    assert {name: result["state"] for name, result in monthly.items() if result["state"] != "ok"} == {}
    assert any("crashed" in line for line in monthly["error_patterns"]["evidence"])


def test_what_goes_wrong_is_named(system: System) -> None:
    now = time.time()
    if system.layout == "runbook":
        system.write(now, *WRONG_ROWS)
    else:
        _break_files(system, now)
    (system.root / "aimo" / "data" / "input" / "late.csv").write_text("時刻,URL\n", encoding="cp932")
    daily = system.results("daily")
    expected = {
        "last_run": "critical",
        "llm_budget": "warning",
        "unknown_share": "warning",
        "parse_errors": "critical",
        "authentication_failures": "critical",
        "cache_growth": "warning",
        "new_genai_services": "warning",
        "input_encoding": "warning",
    }
    assert states(daily, *expected) == {name: state for name, state in expected.items() if name in daily}
    assert "Shift_JIS" in daily["input_encoding"]["evidence"][0]
    assert daily["input_stability"]["metrics"]["files"] == 5
    assert "zscaler" in daily["parse_errors"]["evidence"][0]
    if system.layout == "runbook":
        assert daily["new_domains"]["evidence"] == ["dest_domain=new.example  signatures=1"]
    assert any("ParquetError" in line for line in system.results("monthly")["error_patterns"]["evidence"])


def test_files_of_the_application_that_went_wrong_are_named(system: System) -> None:
    root = system.root / "aimo"
    healthy = system.results("quarterly", "-e", "aimo_trials=true")
    trials = ("e2e_run", "e2e_validation", "regression_suite")
    assert states(healthy, *trials) == dict.fromkeys(trials, "ok")
    assert (healthy["e2e_run"]["metrics"]["rows_in"], healthy["regression_suite"]["metrics"]["passed"]) == (40, 2)
    # As published there is no reference set, and nothing is ever audited.
    published = system.layout == "published"
    assert states(healthy, "golden_signatures", "pii_detection", "llm_prices") == {
        "golden_signatures": "warning" if published else "ok",
        "pii_detection": "unknown" if published else "ok",
        "llm_prices": "ok",
    }
    assert "providers.gemini.pricing.input_per_1m_tokens_usd is 0.3" in healthy["llm_prices"]["evidence"]

    (root / "data" / "input" / "zscaler.csv").write_text("time,user,link\n2026,hanako,x\n", encoding="utf-8")
    (root / "config" / "llm_providers.yaml").write_text("default_provider: &x gemini\n", encoding="utf-8")
    rules = json.loads((root / "rules" / "base_rules.json").read_text(encoding="utf-8"))
    rules[0]["match"] = {"domain_suffixes": []}
    (root / "rules" / "base_rules.json").write_text(json.dumps(rules), encoding="utf-8")
    (root / "src" / "main.py").write_text("import os\n\nos.abort()\n", encoding="utf-8")
    (root / "report" / "excel_template_spec.json").write_text('{"generation": {"constant_memory": false}}')
    (system.paths.spill / "duckdb_temp_block-7.block").write_bytes(bytes(100))

    asked = "schema_drift,rules,llm_prices,report_template,temp_directory,e2e_run,e2e_validation,rule_hits"
    found = system.results("check", "-e", "aimo_trials=true", "-e", f"run_checks={asked},parse_error_lines")
    expected = {
        "schema_drift": "critical",
        "rules": "critical",
        "llm_prices": "unknown",
        "report_template": "warning",
        "temp_directory": "warning",
        "e2e_run": "critical",
        "e2e_validation": "critical",
        "rule_hits": "ok",
        "parse_error_lines": "ok",
    }
    assert states(found, *expected) == expected
    assert (
        "missing: url.full_candidates; missing, not required: bytes.sent_candidates; new: link"
        in found["schema_drift"]["evidence"][0]
    )
    assert found["rules"]["evidence"][1] == "record chatgpt: match.domain_suffixes has 0 items"
    assert found["e2e_run"]["reason"]["id"] == "trial_crashed"
    assert "xxxx,xxxx,xxxx" in found["parse_error_lines"]["evidence"]
    assert "hanako" not in json.dumps(found)


_HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
"""


def test_a_database_that_the_pipeline_holds_is_unknown_with_the_last_good_figures(system: System) -> None:
    before = system.results("check", "-e", "run_checks=llm_budget")["llm_budget"]
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(system.paths.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()
        now = system.results("check", "-e", "run_checks=llm_budget")["llm_budget"]
        holder.stdin.close()
    assert (now["state"], now["value"], now["metrics"]) == ("unknown", None, {})
    assert (now["reason"]["id"], now["reason"]["fields"]["pid"]) == ("duckdb_in_use", holder.pid)
    assert (now["last_good"]["value"], now["last_good"]["started"]) == (before["value"], before["started"])
    assert any(line.startswith("last good, not current: ") for line in now["evidence"])


def _break_files(system: System, now: float) -> None:
    paths = system.paths
    began = utc_iso(now - 1)
    (paths.event_logs / "2100-01-01.jsonl").write_text(
        WRONG_EVENTS.replace("%s", began) + MANY_UNKNOWN.replace("%s", began), encoding="utf-8"
    )
    name = "run_" + utc(now, "%Y%m%d_%H%M%S")
    (paths.run_logs / f"{name}.err.log").write_text(REFUSED, encoding="utf-8")
    lines = "".join(f"Parse error at row {row}: missing column url\n" for row in range(20000))
    (paths.run_logs / f"{name}.out.log").write_text(lines + "Run ID: gone\nrows_in: 20000\n", encoding="utf-8")
    system.write(now, *WRONG_METRICS)
