# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smartbox's SQLite state database: incidents in the table that the layout asks for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import sqlite3
from pathlib import Path
from typing import Any

from ..clock import DAY_SECONDS, HOUR_SECONDS, local_sql_exact
from .services import METRICS, PERIODS, SERVICES

COLUMNS = """
    fingerprint_id TEXT NOT NULL, incident_id TEXT PRIMARY KEY, service_name TEXT NOT NULL, anomaly_name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('SUSPECTED', 'OPEN', 'RECOVERING', 'CLOSED')), severity TEXT NOT NULL,
    first_seen TIMESTAMP NOT NULL, last_updated TIMESTAMP NOT NULL, resolved_at TIMESTAMP,
    occurrence_count INTEGER NOT NULL DEFAULT 1, consecutive_detections INTEGER DEFAULT 1,
    missed_cycles INTEGER DEFAULT 0, current_value REAL, threshold_value REAL, confidence_score REAL,
    detection_method TEXT, description TEXT, detected_by_model TEXT, metadata TEXT"""
INDEXES = (
    ("fingerprint", "fingerprint_id", ""),
    ("service", "service_name, anomaly_name", ""),
    ("status", "status", ""),
    ("open", "service_name", " WHERE status = 'OPEN'"),
)
TRAINING_RUNS = """
CREATE TABLE training_runs (
    run_id TEXT PRIMARY KEY, service_name TEXT NOT NULL, model_variant TEXT DEFAULT 'baseline',
    started_at TIMESTAMP NOT NULL, completed_at TIMESTAMP, status TEXT NOT NULL, total_data_points INTEGER,
    training_start_date TEXT, training_end_date TEXT, time_periods_trained TEXT, feature_count INTEGER,
    explainability_metrics TEXT, validation_status TEXT, periods_passed INTEGER, periods_warned INTEGER,
    periods_failed INTEGER, validation_details TEXT, data_quality_report TEXT, model_metadata TEXT,
    duration_seconds REAL, error_message TEXT, error_traceback TEXT)"""
INSERT = "INSERT INTO TABLE VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INCIDENTS = 48
ANOMALIES = ("latency_spike", "error_rate_elevated", "traffic_cliff", "dependency_slow", "database_degradation")


@dataclasses.dataclass(frozen=True)
class Incident:
    """One incident of one service."""

    fingerprint: str
    identity: str
    service: str
    anomaly: str
    status: str
    severity: str
    first_seen: float
    last_updated: float
    resolved: float | None
    occurrences: int


def incidents_until(now: float, seed: int = 17) -> list[Incident]:
    """Incidents of the last 45 days, oldest first: one OPEN, a few that come back each week, the others closed."""
    source = random.Random(seed)
    found = []
    for number in range(INCIDENTS):
        # The first two anomalies of `booking` and `search` return again and again: somebody's false positives.
        recurring = number % 6 == 0
        service = ("booking", "search")[number // 6 % 2] if recurring else source.choice(SERVICES)
        anomaly = ANOMALIES[number // 6 % 2] if recurring else source.choice(ANOMALIES)
        first = now - (45 - number * 44.9 / INCIDENTS) * DAY_SECONDS
        is_open = number == INCIDENTS - 1
        last = min(first + source.uniform(0.1, 3) * HOUR_SECONDS, now - 60)
        fingerprint = hashlib.sha256((f"{service}/{anomaly}").encode()).hexdigest()[:12]
        found.append(
            Incident(
                "anomaly_" + fingerprint,
                "incident_" + hashlib.sha256(b"%d-%d" % (seed, number)).hexdigest()[:12],
                service,
                anomaly,
                "OPEN" if is_open else "CLOSED",
                source.choice(("low", "medium", "medium", "high")),
                first,
                last,
                None if is_open else last,
                source.randint(2, 40),
            )
        )
    return found


def create_database(path: Path, incidents: list[Incident], layout: str) -> None:
    """Create the state database, in place of an old one.

    As published: `anomaly_incidents` and an empty `training_runs`; as the runbook says: `incidents` with `updated_at`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm", "-journal"):
        old = Path(str(path) + suffix)
        if old.exists():
            old.unlink()
    table = "anomaly_incidents" if layout == "published" else "incidents"
    columns = COLUMNS if layout == "published" else COLUMNS.replace("last_updated", "updated_at")
    connection = sqlite3.connect(str(path))
    try:
        connection.execute(f"CREATE TABLE {table} ({columns})")
        for name, of, where in INDEXES:
            connection.execute(f"CREATE INDEX idx_{table}_{name} ON {table} ({of}){where}")
        if layout == "published":
            connection.execute(TRAINING_RUNS)
        connection.executemany(
            INSERT.replace("TABLE", table),
            [_row(incident) for incident in incidents],
        )
        connection.commit()
    finally:
        connection.close()


def _row(incident: Incident) -> tuple[Any, ...]:
    source = random.Random(incident.identity)
    return (
        incident.fingerprint,
        incident.identity,
        incident.service,
        incident.anomaly,
        incident.status,
        incident.severity,
        local_sql_exact(incident.first_seen),
        local_sql_exact(incident.last_updated),
        local_sql_exact(incident.resolved) if incident.resolved else None,
        incident.occurrences,
        2,
        0 if incident.status == "OPEN" else 3,
        round(source.uniform(200, 900), 1),
        round(source.uniform(100, 200), 1),
        round(source.uniform(0.6, 0.98), 2),
        "isolation_forest",
        f"{incident.anomaly} of {source.choice(METRICS)}",
        source.choice(PERIODS),
        json.dumps({"cycles": incident.occurrences}),
    )
