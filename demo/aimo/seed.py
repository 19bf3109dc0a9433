# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeds AIMO: database, work directories, event logs, run logs, outputs."""

from __future__ import annotations

import json
from typing import Any

from ..clock import DAY_SECONDS, local, utc, utc_iso
from ..files import clear_directory, set_modified, write_bytes, write_json, write_lines, write_text
from ..paths import AimoPaths
from .application import HEADER, write_application
from .database import create_database
from .runs import Run, runs_until

OUTPUTS_KEPT_DAYS = 14


def seed(paths: AimoPaths, layout: str, now: float) -> None:
    """Write everything AIMO would have on its disk at `now` (epoch seconds); nothing is running."""
    runs = runs_until(now)
    create_database(paths.database, runs, layout, now)
    for directory in (paths.spill, paths.work, paths.event_logs, paths.run_logs, paths.outputs):
        clear_directory(directory)
    paths.lock.parent.mkdir(parents=True, exist_ok=True)
    inputs = paths.root / "data" / "input"
    clear_directory(inputs)
    for run in runs:
        _write_work(paths, run)
        # The newest delivery of a vendor takes the place of the one before.
        write_lines(inputs / (run.vendor + ".csv"), _raw_lines(run), run.started)
        if run.started > now - OUTPUTS_KEPT_DAYS * DAY_SECONDS and run.status == "succeeded":
            write_output(paths, run)
            _write_report(paths, run)
        _write_run_log(paths, run)
    _write_events(paths, runs)
    _write_partitions(paths, now)
    write_application(paths, layout, now)
    if layout == "published":
        # A file given on the command line is copied here, whatever its run; it belongs to no run and stays.
        write_text(
            paths.work / "temp_stabilization" / "raw" / "paloalto.csv", "time,user,url,bytes_sent\n", runs[-1].started
        )


def _write_partitions(paths: AimoPaths, now: float) -> None:
    """One partition of a vendor's events that is old enough to be archived, and a young one."""
    for days in (120, 10):
        written = now - days * DAY_SECONDS
        partition = paths.root / "data" / "processed" / "vendor=paloalto" / f"date={local(written, '%Y-%m-%d')}"
        write_bytes(partition / f"run_{utc(written, '%Y%m%d_%H%M%S')}.snappy.parquet", b"PAR1" * 64, written)
        set_modified(partition, written)


def _write_work(paths: AimoPaths, run: Run) -> None:
    """The run's work directory: nobody removes them, so those of three weeks are there, unfinished ones included."""
    raw = paths.work / run.identity / "raw" / (run.vendor + ".csv")
    write_lines(raw, _raw_lines(run), run.started)
    for directory in (raw.parent, raw.parent.parent):
        set_modified(directory, run.finished or run.started)


def _raw_lines(run: Run) -> list[str]:
    lines = [HEADER]
    lines += [f"{utc_iso(run.started - 60 * row)},user{row},https://example.com/{row},{row * 37}" for row in range(40)]
    return lines


def write_output(paths: AimoPaths, run: Run) -> None:
    """Write the summary of a run."""
    write_json(
        paths.outputs / run.identity / (f"run_{run.identity}_summary.json"),
        {
            "run_id": run.identity,
            "code_version": "0.1.7",
            "counts": {"total_signatures": run.signatures},
            "rule_coverage": {"rule_hit": run.cache_hits, "unknown_count": run.unknown},
            "llm_coverage": {
                "llm_analyzed_count": run.llm_sent - run.needs_review,
                "needs_review_count": run.needs_review,
                "failed_permanent_count": 0,
                "cache_hit_rate": round(run.cache_hits / run.signatures, 4),
                "skipped_count": 0,
                "rate_limit_events": 0,
            },
            "thresholds_used": {"C": {"sample_rate": 0.02}},
        },
        run.finished,
    )


def _write_report(paths: AimoPaths, run: Run) -> None:
    """Write something of a report's size; nothing looks into it."""
    report = paths.outputs / run.identity / f"run_{run.identity}_report.xlsx"
    write_bytes(report, b"PK\x03\x04" + bytes(8000 + 10 * run.signatures), run.finished)


def _write_run_log(paths: AimoPaths, run: Run) -> None:
    stamp = local(run.started, "%Y%m%d_%H%M%S")
    out = [f"DuckDB temp_directory: {paths.spill}", f"Stage 1: Ingestion ({run.events} rows)"]
    out += [f"Parse error at row {97 * number + 5}: missing column url" for number in range(run.parse_errors)]
    if run.status == "succeeded":
        out += kpi_lines(paths, run)
    write_lines(paths.run_logs / (f"run_{stamp}.out.log"), out, run.finished or run.started)
    note = json.dumps(
        {
            "db_path": str(paths.database),
            "temp_directory": str(paths.spill),
            "note": "DuckDB temp_directory is required for WAL and spill files",
        }
    )
    error = "ERROR: ingestion failed: file changed while it was read\n" if run.status == "failed" else ""
    write_text(
        paths.run_logs / (f"run_{stamp}.err.log"),
        f"INFO: DuckDB initialized: {note}\nINFO: Applied 1 migration(s)\n{error}",
        run.finished or run.started,
    )


def kpi_lines(paths: AimoPaths, run: Run) -> list[str]:
    """What a run that succeeded prints at its end."""
    return [
        "=== Execution KPI ===",
        f"Run ID: {run.identity}",
        f"rows_in: {run.events}",
        f"rows_out: {run.events - run.parse_errors}",
        f"unique_signatures: {run.signatures}",
        f"cache_hit: {run.cache_hits}",
        "pii_count: 0",
        f"duckdb_path: {paths.database}",
        f"temp_directory: {paths.spill}",
        "Pipeline completed successfully!",
    ]


def _write_events(paths: AimoPaths, runs: list[Run]) -> None:
    by_day: dict[str, list[str]] = {}
    for run in runs:
        lines = by_day.setdefault(utc(run.started, "%Y-%m-%d"), [])
        lines.extend(json.dumps(event) for event in events_of(run))
    for day, lines in by_day.items():
        write_lines(paths.event_logs / (day + ".jsonl"), lines)


def events_of(run: Run) -> list[dict[str, Any]]:
    """The events that a run leaves."""
    events: list[dict[str, Any]] = [
        {
            "event_type": "run_start",
            "run_id": run.identity,
            "input_files": [f"data/input/{run.vendor}.csv"],
            "vendor": run.vendor,
            "signature_version": "1.0",
            "rule_version": "1",
            "prompt_version": "1",
            "timestamp": utc_iso(run.started),
        },
        {
            "event_type": "stage_complete",
            "run_id": run.identity,
            "stage": "normalize",
            "stage_number": 2,
            "status": "completed",
            "row_count": run.events,
            "metadata": {"signature_count": run.signatures},
            "timestamp": utc_iso(run.started + 5),
        },
    ]
    if run.finished is not None:
        events.append(
            {
                "event_type": "run_end",
                "run_id": run.identity,
                "status": run.status,
                "started_at": utc_iso(run.started),
                "finished_at": utc_iso(run.finished),
                "metrics": {
                    "event_count": run.events,
                    "signature_count": run.signatures,
                    "unknown_count": run.unknown,
                    "llm": {
                        "sent_count": run.llm_sent,
                        "analyzed_count": run.llm_sent - run.needs_review,
                        "needs_review_count": run.needs_review,
                        "skipped_count": 0,
                    },
                    "failures_by_type": {},
                },
                "timestamp": utc_iso(run.finished),
            }
        )
    return events
