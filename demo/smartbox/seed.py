# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeds Smartbox: configuration, state database, models, logs."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

from ..clock import DAY_SECONDS, HOUR_SECONDS, local, local_iso, local_midnight
from ..files import clear_directory, write_bytes, write_json, write_lines, write_text
from ..paths import SmartboxPaths
from .database import Incident, create_database, incidents_until
from .services import CATEGORIES, METRICS, PERIODS, SERVICES

MODEL_BYTES = 6144
LOG_DAYS = 10
INFERENCE_MINUTES = 10
TRAIN_HOUR = 2
# Models older than a day are a warning: where the nightly training is so long ago, somebody has trained by hand since.
TRAINED_WITHIN_HOURS = 16
TRAINING_SECONDS = 1100.0
COMPOSE = """services:
  yaga:
    container_name: smartbox-anomaly
    command: scheduler
    environment: {INFERENCE_SCHEDULE: "*/2 * * * *", TRAIN_SCHEDULE: "0 2 * * *"}
    logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
"""


def seed(paths: SmartboxPaths, layout: str, now: float) -> None:
    """Write everything Smartbox would have on its disk at `now` (epoch seconds)."""
    for directory in (paths.models, paths.logs, paths.metrics_cache):
        clear_directory(directory)
    # What was noted and kept of an earlier history says nothing about this one.
    for left in (".trap", "sensitivity.json"):
        (paths.root / left).unlink(missing_ok=True)
    shutil.rmtree(str(paths.root / "model_copies"), ignore_errors=True)
    write_json(paths.config, _config(), now - 30 * DAY_SECONDS)
    write_text(paths.root / "docker-compose.yml", COMPOSE, now - 30 * DAY_SECONDS)
    incidents = incidents_until(now)
    create_database(paths.database, incidents, layout)
    for service in SERVICES:
        _write_models(paths, service, layout, now)
    _write_logs(paths, incidents, now)


def _config() -> dict[str, Any]:
    services: dict[str, Any] = {category: list(names) for category, names in CATEGORIES.items()}
    services["pattern_detection"] = {}
    return {
        "services": services,
        "victoria_metrics": {"endpoint": "http://127.0.0.1:8428", "timeout_seconds": 10},
        "model": {"contamination": 0.03, "contamination_by_service": {"geocoding": 0.06}},
        "inference": {"check_drift": False},
        "fingerprinting": {"db_path": "./anomaly_state.db", "cleanup_max_age_hours": 72},
        "logging": {"level": "INFO"},
    }


def _trainings(now: float) -> list[float]:
    """When each training of the last days began, oldest first; the last one is complete at `now`."""
    today = local_midnight(now)
    starts = [
        local_midnight(today - age * DAY_SECONDS + 2 * HOUR_SECONDS) if age else today
        for age in range(LOG_DAYS, -1, -1)
    ]
    nightly = [start + float(TRAIN_HOUR * HOUR_SECONDS) for start in starts if start + TRAIN_HOUR * HOUR_SECONDS < now]
    by_hand = [now - HOUR_SECONDS] if now - nightly[-1] > TRAINED_WITHIN_HOURS * HOUR_SECONDS else []
    return nightly + by_hand


def _trained_at(start: float, position: float, now: float) -> float:
    """When a model was done: `position` (0 to 1) of the training's duration, squeezed when it began only just now."""
    return start + position * min(TRAINING_SECONDS, now - start)


def _write_models(paths: SmartboxPaths, service: str, layout: str, now: float) -> None:
    start, place = _trainings(now)[-1], SERVICES.index(service) * len(PERIODS)
    for number, period in enumerate(PERIODS):
        at = _trained_at(start, (place + number + 1) / (len(SERVICES) * len(PERIODS)), now)
        directory = write_model(paths, service, period, layout, at)
        if layout == "published":
            _link_flat(directory, paths.root / "flat" / directory.name)


def write_model(paths: SmartboxPaths, service: str, period: str, layout: str, at: float) -> Path:
    """Write one model as a training does that ends at `at`; return its directory."""
    name = f"{service}_{period}"
    if layout == "runbook":
        directory = paths.models / service / period
        write_json(
            directory / "metadata.json",
            {
                "service_name": service,
                "time_period": period,
                "trained_at": local_iso(at),
                "feature_count": 13,
                "training_samples": 4608,
                "contamination": 0.03,
            },
            at,
        )
    else:
        directory = paths.models / service / name
        write_json(directory / "model_data.json", _model_data(name, at), at)
    source = random.Random(name)
    for metric in METRICS:
        write_bytes(directory / (metric + "_isolation.joblib"), _noise(source, MODEL_BYTES), at)
        write_bytes(directory / (metric + "_scaler.joblib"), _noise(source, 480), at)
    write_json(paths.metrics_cache / service / "metadata.json", {"cached_at": local_iso(at)}, at)
    return directory


def _model_data(name: str, at: float) -> dict[str, Any]:
    statistics = {metric: {"mean": 100.0, "std": 12.5, "p50": 99.0, "p95": 121.0, "p99": 130.0} for metric in METRICS}
    return {
        "service_name": name,
        "feature_columns": list(METRICS),
        "thresholds": {},
        "training_statistics": statistics,
        "model_metadata": {
            "service_name": name,
            "trained_at": local_iso(at),
            "feature_count": 13,
            "univariate_models": 5,
            "has_multivariate": False,
            "auto_tuned": True,
            "validation_calibrated": True,
            "training_samples": 4608,
            "validation_samples": 1152,
        },
    }


def _link_flat(directory: Path, flat: Path) -> None:
    """Inference cannot read the nested layout that training writes: the operator flattens it with hard links."""
    clear_directory(flat)
    for entry in directory.iterdir():
        os.link(str(entry), str(flat / entry.name))


def _noise(source: random.Random, size: int) -> bytes:
    return b"\x80\x04\x95" + bytes(source.getrandbits(8) for _byte in range(64)) * (size // 64)


def _write_logs(paths: SmartboxPaths, incidents: list[Incident], now: float) -> None:
    """Inference cycles and nightly trainings of the last days."""
    begin = now - LOG_DAYS * DAY_SECONDS
    lines: list[str] = []
    cycle = begin
    while cycle < now:
        found = [incident for incident in incidents if cycle <= incident.first_seen < cycle + INFERENCE_MINUTES * 60]
        lines.extend(json.dumps([_alert(incident) for incident in found], indent=2).splitlines())
        cycle += INFERENCE_MINUTES * 60
    write_lines(paths.logs / "inference.log", lines, now - 30)
    training: list[str] = []
    starts = _trainings(now)
    for start in starts:
        training.extend(_training_lines(start, now))
    write_lines(paths.logs / "train.log", training, _trained_at(starts[-1], 1, now))


def _alert(incident: Incident) -> dict[str, Any]:
    return {
        "alert_type": "anomaly_detected",
        "service_name": incident.service,
        "timestamp": local_iso(incident.first_seen),
        "time_period": "business_hours",
        "model_type": "time_aware_5period",
        "anomaly_count": 1,
        "overall_severity": incident.severity,
        "anomalies": {incident.anomaly: {"severity": incident.severity}},
        "fingerprinting": {"incident_id": incident.identity},
    }


def _training_lines(start: float, now: float) -> list[str]:
    lines = []
    for number, service in enumerate(SERVICES):
        stamp = local(_trained_at(start, number / len(SERVICES), now), "%Y-%m-%d %H:%M:%S")
        lines.append(f"{stamp} - smartbox_anomaly.training.pipeline - INFO - Training {service}")
        lines.append(
            f"{stamp} - smartbox_anomaly.training.validators - INFO -   business_hours: OK - 4.1% anomaly rate"
            " (<=20.0%), explainability: OK"
        )
    stamp = local(_trained_at(start, 1, now), "%Y-%m-%d %H:%M:%S")
    lines.append(f"{stamp} - smartbox_anomaly.training.pipeline - INFO -   Successful: {len(SERVICES)}/{len(SERVICES)}")
    lines.append(f"{stamp} - __main__ - INFO - ✓ PROMOTION SUCCESSFUL!")
    return lines
