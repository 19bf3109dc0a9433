# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AIMO's, AI-DIY's and Smartbox's histories: believable, and healthy whenever they end."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.ai_diy import seed as ai_diy_seed
from demo.aimo import seed as aimo_seed
from demo.aimo.runs import runs_until
from demo.paths import paths_of
from demo.smartbox import seed as smartbox_seed
from demo.smartbox.database import incidents_until
from demo.smartbox.services import PERIODS, SERVICES

FILLED_TABLES = "SELECT table_name FROM duckdb_tables() WHERE estimated_size > 0"
OPEN_INCIDENTS = {
    "published": "SELECT COUNT(*) FROM anomaly_incidents WHERE status = 'OPEN'",
    "runbook": "SELECT COUNT(*) FROM incidents WHERE status = 'OPEN'",
}
DAY_SECONDS = 86400
# Ten at night, just after midnight, in the middle of the nightly training, a minute into it, noon of another day.
MOMENTS = [1795298400.0, 1795219205.0, 1795227000.0, 1795226460.0, 1794830400.0]


def rows(paths: Any, sql: str) -> list[tuple[Any, ...]]:
    connection = duckdb.connect(str(paths.database), read_only=True)
    try:
        found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return found
    finally:
        connection.close()


def test_aimo_fills_the_tables_of_its_layout(tmp_path: Path, now: float) -> None:
    filled = {}
    for layout in ("published", "runbook"):
        paths = paths_of("aimo", tmp_path / layout, layout, {})
        aimo_seed.seed(paths, layout, now)
        filled[layout] = {name for (name,) in rows(paths, FILLED_TABLES)}
    assert filled["published"] == {"runs", "performance_metrics"}
    assert filled["runbook"] == {
        "runs",
        "performance_metrics",
        "input_files",
        "api_costs",
        "analysis_cache",
        "signature_stats",
        "pii_audit",
    }


def test_aimo_spends_the_same_in_its_metrics_and_in_its_cost_table(tmp_path: Path, now: float) -> None:
    paths = paths_of("aimo", tmp_path, "runbook", {})
    aimo_seed.seed(paths, "runbook", now)
    [(costs,)] = rows(
        paths, "SELECT sum(cost_usd_estimated) FROM api_costs JOIN runs USING (run_id) WHERE finished_at IS NOT NULL"
    )
    [(metrics,)] = rows(
        paths, "SELECT sum(value) FROM performance_metrics WHERE metric_name = 'budget_daily_spent_usd'"
    )
    assert costs == pytest.approx(metrics)
    [(rate,)] = rows(paths, "SELECT sum(cache_hit_count) / sum(unique_signatures) FROM runs")
    assert 0.8 < rate < 1


def test_aimo_keeps_the_work_of_a_run_that_never_ended(tmp_path: Path, now: float) -> None:
    paths = paths_of("aimo", tmp_path, "published", {})
    aimo_seed.seed(paths, "published", now)
    unfinished = [run for run in runs_until(now) if run.status == "running"]
    assert len(unfinished) == 1
    directory = paths.work / unfinished[0].identity
    assert now - directory.stat().st_mtime > 7 * DAY_SECONDS
    assert not paths.lock.exists()


@pytest.mark.parametrize("moment", MOMENTS)
def test_ai_diy_has_few_errors_and_few_security_events(tmp_path: Path, moment: float) -> None:
    paths = paths_of("ai_diy", tmp_path, "runbook", {})
    ai_diy_seed.seed(paths, "runbook", moment)
    records = []
    for place in paths.logs.iterdir():
        content = place.read_bytes()
        text = (gzip.decompress(content) if place.suffix == ".gz" else content).decode("utf-8")
        records += [json.loads(line) for line in text.splitlines()]
    calls = [record for record in records if "status" in record]
    assert 0 < sum(record["status"] == "error" for record in calls) / len(calls) < 0.01
    assert sum(record["duration_ms"] for record in calls) / len(calls) < 1000
    assert 0 < sum(record["logger"] == "ai_diy.security" for record in records) < 34
    assert {place.suffix for place in paths.logs.iterdir()} == {".jsonl", ".gz"}


def test_ai_diy_published_writes_one_log_and_hides_security_events_in_messages(tmp_path: Path, now: float) -> None:
    paths = paths_of("ai_diy", tmp_path, "published", {})
    ai_diy_seed.seed(paths, "published", now)
    assert sorted(place.name for place in paths.logs.iterdir()) == ["app.jsonl", "app.jsonl.1"]
    records = [json.loads(line) for line in (paths.logs / "app.jsonl").read_text(encoding="utf-8").splitlines()]
    events = [record for record in records if record["message"].startswith("SECURITY_AUDIT: ")]
    assert events
    assert {"timestamp", "event", "severity", "details"} == set(json.loads(events[0]["message"][16:]))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("layout", ["published", "runbook"])
def test_smartbox_has_a_model_of_the_last_day_for_every_service(tmp_path: Path, layout: str, moment: float) -> None:
    paths = paths_of("smartbox", tmp_path, layout, {})
    smartbox_seed.seed(paths, layout, moment)
    pattern = "*/*/model_data.json" if layout == "published" else "*/*/metadata.json"
    models = list(paths.models.glob(pattern))
    assert len(models) == len(SERVICES) * len(PERIODS)
    assert all(0 <= moment - model.stat().st_mtime <= DAY_SECONDS for model in models)
    with sqlite3.connect(paths.database) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute(OPEN_INCIDENTS[layout]).fetchone() == (1,)


@pytest.mark.parametrize("moment", MOMENTS)
def test_smartbox_has_no_alert_three_times_a_week(moment: float) -> None:
    week = [item for item in incidents_until(moment) if item.last_updated >= moment - 7 * DAY_SECONDS]
    assert week
    fingerprints = [item.fingerprint for item in week]
    assert max(fingerprints.count(name) for name in fingerprints) < 3
