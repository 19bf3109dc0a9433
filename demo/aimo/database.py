# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AIMO's DuckDB database. Needs the `duckdb` package of the interpreter that seeds it."""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..clock import DAY_SECONDS, HOUR_SECONDS, utc_sql_exact
from .runs import DAILY_LIMIT_USD, MODEL, Run

SCHEMA = Path(__file__).with_name("schema.sql")
DOMAINS = (
    "chat.openai.com",
    "claude.ai",
    "gemini.google.com",
    "copilot.microsoft.com",
    "api.deepl.com",
    "www.notion.so",
    "app.slack.com",
    "drive.google.com",
    "github.com",
    "huggingface.co",
    "perplexity.ai",
    "www.canva.com",
    "poe.com",
    "grok.com",
    "mistral.ai",
    "box.com",
    "www.dropbox.com",
    "zoom.us",
)
SERVICES = (
    "ChatGPT",
    "Claude",
    "Gemini",
    "Copilot",
    "DeepL",
    "Notion",
    "Slack",
    "Google Drive",
    "GitHub",
    "Hugging Face",
    "Perplexity",
    "Canva",
    "Poe",
    "Grok",
    "Mistral",
    "Box",
    "Dropbox",
    "Zoom",
)
CACHE_ENTRIES = 900
NEEDS_REVIEW = 14
UNKNOWN_ACTIVE = 31


def create_database(path: Path, runs: Sequence[Run], layout: str, now: float) -> None:
    """Create the database at `path`; the published layout leaves empty what the published pipeline never fills."""
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    for old in (path, Path(str(path) + ".wal")):
        if old.exists():
            old.unlink()
    connection = duckdb.connect(str(path))
    try:
        connection.execute("BEGIN")
        for statement in SCHEMA.read_text(encoding="utf-8").split(";"):
            if statement.strip():
                connection.execute(statement)
        _insert(connection, "runs", [_run_row(run, layout) for run in runs])
        _insert(connection, "performance_metrics", _metric_rows(runs))
        if layout == "runbook":
            _insert(connection, "input_files", [_input_row(run) for run in runs])
            _insert(connection, "api_costs", [_cost_row(number, run) for number, run in enumerate(runs, 1)])
            _insert(connection, "analysis_cache", _cache_rows(now))
            _insert(connection, "signature_stats", _signature_rows(runs[-3:]))
            _insert(connection, "pii_audit", _pii_rows(runs[-20:]))
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def _insert(connection: Any, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert `rows` by way of a file of JSON lines: DuckDB binds parameters a hundred times slower than it reads."""
    if not rows:
        return
    # The names come from this package, not from anybody's input.
    names = ", ".join(f'"{name}"' for name in rows[0])
    with tempfile.TemporaryDirectory() as directory:
        lines = Path(directory) / (table + ".jsonl")
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        connection.execute(f"COPY {table} ({names}) FROM '{lines}' (FORMAT JSON, AUTO_DETECT FALSE)")


def _run_row(run: Run, layout: str) -> dict[str, Any]:
    return {
        "run_id": run.identity,
        "run_key": hashlib.sha256(run.identity.encode()).hexdigest(),
        "started_at": utc_sql_exact(run.started),
        "finished_at": utc_sql_exact(run.finished) if run.finished else None,
        "status": run.status,
        "last_completed_stage": 6 if run.status == "succeeded" else 2,
        "vendor_scope": run.vendor,
        "code_version": "0.1.7",
        "signature_version": "1.0",
        "rule_version": "1",
        "prompt_version": "1",
        "taxonomy_version": "1.0",
        "input_manifest_hash": hashlib.sha256(run.vendor.encode() + run.identity.encode()).hexdigest(),
        "total_events": run.events,
        "unique_signatures": run.signatures,
        "cache_hit_count": run.cache_hits if layout == "runbook" else 0,
        "llm_sent_count": run.llm_sent if layout == "runbook" else 0,
        "created_at": utc_sql_exact(run.started),
    }


def _metric_rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    spent_by_day: dict[str, float] = {}
    for run in runs:
        if run.finished is None:
            continue
        source = random.Random(run.identity)
        day = utc_sql_exact(run.started)[:10]
        spent = round(spent_by_day.get(day, 0.0) + run.cost_usd, 6)
        spent_by_day[day] = spent
        seconds = run.finished - run.started
        figures: list[tuple[str, str, float, str]] = []
        for stage, share, count in (
            ("ingest", 0.2, run.events),
            ("normalize", 0.25, run.signatures),
            ("abc_cache", 0.1, run.cache_hits),
            ("rule_classification", 0.1, run.unknown),
            ("llm", 0.25, run.llm_sent),
            ("report", 0.1, run.signatures),
        ):
            figures.append((stage, "duration_ms", round(seconds * share * 1000, 1), "ms"))
            figures.append((stage, "memory_mb", round(source.uniform(180, 320), 1), "MB"))
            figures.append((stage, "row_count", count, "rows"))
        # As the published engine counts: the spend of one process, so each run begins at zero.
        figures += [
            ("llm", "budget_daily_limit_usd", DAILY_LIMIT_USD, "USD"),
            ("llm", "budget_daily_spent_usd", run.cost_usd, "USD"),
            ("llm", "budget_remaining_usd", round(DAILY_LIMIT_USD - run.cost_usd, 6), "USD"),
            ("llm", "budget_consumed_pct", round(run.cost_usd / DAILY_LIMIT_USD * 100, 3), "%"),
        ]
        rows.extend(
            {
                "id": 0,
                "run_id": run.identity,
                "stage": stage,
                "metric_name": name,
                "value": value,
                "unit": unit,
                "started_at": utc_sql_exact(run.started),
                "finished_at": utc_sql_exact(run.finished),
                "recorded_at": utc_sql_exact(run.finished),
            }
            for stage, name, value, unit in figures
        )
    for number, row in enumerate(rows, 1):
        row["id"] = number
    return rows


def _input_row(run: Run) -> dict[str, Any]:
    identity = hashlib.sha256(b"file" + run.identity.encode()).hexdigest()
    return {
        "file_id": identity[:16],
        "run_id": run.identity,
        "file_path": f"data/input/{run.vendor}.csv",
        "file_size": run.events * 210,
        "file_hash": identity,
        "vendor": run.vendor,
        "log_type": "proxy",
        "min_time": utc_sql_exact(run.started - DAY_SECONDS),
        "max_time": utc_sql_exact(run.started - HOUR_SECONDS),
        "row_count": run.events,
        "parse_error_count": run.parse_errors,
        "ingested_at": utc_sql_exact(run.started),
    }


def _cost_row(number: int, run: Run) -> dict[str, Any]:
    return {
        "id": number,
        "run_id": run.identity,
        "provider": "gemini",
        "model": MODEL,
        "request_count": run.llm_sent // 20 + 1,
        "input_tokens": run.input_tokens,
        "output_tokens": run.output_tokens,
        "cost_usd_estimated": run.cost_usd,
        "latency_ms": 900 + run.llm_sent * 3,
        "recorded_at": utc_sql_exact(run.finished or run.started),
    }


def _cache_rows(now: float) -> list[dict[str, Any]]:
    """Cache entries of the last weeks: a few wait for review, a few are active without a service name."""
    source = random.Random(77)
    rows = []
    for number in range(CACHE_ENTRIES):
        service = number % len(SERVICES)
        at = now - source.triangular(0, 60, 10) * DAY_SECONDS
        waiting, unknown = number < NEEDS_REVIEW, NEEDS_REVIEW <= number < NEEDS_REVIEW + UNKNOWN_ACTIVE
        rows.append(
            {
                "url_signature": hashlib.sha256(b"signature-%d" % number).hexdigest(),
                "service_name": None if waiting or unknown else SERVICES[service],
                "usage_type": "genai" if service < 4 else "business",
                "risk_level": ("low", "medium", "high")[service % 3],
                "category": "GenAI" if service < 4 else "SaaS",
                "confidence": round(source.uniform(0.6, 0.99), 2),
                "classification_source": "LLM" if number % 3 else "RULE",
                "signature_version": "1.0",
                "rule_version": "1",
                "prompt_version": "1",
                "taxonomy_version": "1.0",
                "model": MODEL,
                "status": "needs_review" if waiting else "active",
                "is_human_verified": number % 40 == 0,
                "error_type": "llm_error" if waiting else None,
                "error_reason": "timeout: the model did not answer in time" if waiting else None,
                "failure_count": 1 if waiting else 0,
                "analysis_date": utc_sql_exact(at)[:10],
                "created_at": utc_sql_exact(at),
                "updated_at": utc_sql_exact(at),
            }
        )
    return rows


def _signature_rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    rows = []
    for run in runs:
        source = random.Random(run.identity)
        for number in range(min(run.signatures, 300)):
            domain = DOMAINS[min(int(source.expovariate(0.25)), len(DOMAINS) - 1)]
            rows.append(
                {
                    "run_id": run.identity,
                    "url_signature": hashlib.sha256(b"signature-%d" % number).hexdigest(),
                    "norm_host": domain,
                    "norm_path_template": "/api/{id}",
                    "dest_domain": domain,
                    "access_count": source.randint(1, 400),
                    "unique_users": source.randint(1, 40),
                    "bytes_sent_sum": source.randint(200, 9_000_000),
                    "first_seen": utc_sql_exact(run.started - DAY_SECONDS),
                    "last_seen": utc_sql_exact(run.started - HOUR_SECONDS),
                }
            )
    return rows


def _pii_rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "run_id": run.identity,
            "url_signature": hashlib.sha256(b"signature-%d" % number).hexdigest(),
            "pii_type": "email",
            "field_source": "query",
            "redaction_applied": "mask",
            "occurrence_count": 1,
            "original_hash": hashlib.sha256(b"address-%d" % number).hexdigest(),
            "detected_at": utc_sql_exact(run.started),
        }
        for number, run in enumerate(runs, 1)
    ]
