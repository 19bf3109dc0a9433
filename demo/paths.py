# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each stand-in keeps its things. One frozen record per system; every path can be moved for a test host."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LAYOUTS = ("published", "runbook")


@dataclasses.dataclass(frozen=True)
class EstimatorPaths:
    """The estimator: application, backups, logs of the application and of Apache, certificates."""

    root: Path
    backend: Path
    database: Path
    environment_file: Path
    uploads: Path
    backups: Path
    logs: Path
    apache_logs: Path
    certificates: Path


@dataclasses.dataclass(frozen=True)
class AimoPaths:
    """AIMO: DuckDB, its spill directory, lock and pid, work directories, logs and outputs."""

    root: Path
    database: Path
    spill: Path
    lock: Path
    pid: Path
    work: Path
    event_logs: Path
    run_logs: Path
    outputs: Path


@dataclasses.dataclass(frozen=True)
class AiDiyPaths:
    """AI-DIY: its logs, data directory and configuration."""

    root: Path
    logs: Path
    data: Path
    models_config: Path
    environment_file: Path


@dataclasses.dataclass(frozen=True)
class SmartboxPaths:
    """Smartbox: state database, models, logs and configuration."""

    root: Path
    database: Path
    models: Path
    logs: Path
    config: Path
    metrics_cache: Path


def estimator_paths(root: Path, layout: str) -> EstimatorPaths:
    """Paths of the estimator under `root`; both layouts keep files in the same places."""
    return EstimatorPaths(
        root=root,
        backend=root / "backend",
        database=root / "backend" / "app.db",
        environment_file=root / "backend" / ".env",
        uploads=root / "backend" / "uploads",
        backups=root / "backups" / "estimator",
        logs=root / "log" / "estimator",
        apache_logs=root / "log" / "apache2",
        certificates=root / "letsencrypt",
    )


def aimo_paths(root: Path, layout: str) -> AimoPaths:
    """Paths of AIMO under `root`: the layouts differ in the lock (file or directory) and its pid file (AIMO-05)."""
    cache, state = root / "data" / "cache", root / "ops" / "state"
    runbook = layout == "runbook"
    return AimoPaths(
        root=root,
        database=cache / "aimo.duckdb",
        spill=cache / "duckdb_tmp",
        lock=cache / "aimo.lock" if runbook else state / "aimo.engine.lock.d",
        pid=cache / "aimo.pid" if runbook else state / "aimo.engine.pid",
        work=root / "data" / "work",
        event_logs=root / "data" / "logs",
        run_logs=root / "ops" / "logs",
        outputs=root / "data" / "output",
    )


def ai_diy_paths(root: Path, layout: str) -> AiDiyPaths:
    """Paths of AI-DIY under `root`: the layouts differ in the log directory."""
    source = root / "development" / "src"
    return AiDiyPaths(
        root=root,
        logs=root / "logs" if layout == "runbook" else source / "logs",
        data=source / "static" / "appdocs",
        models_config=root / "models_config.json",
        environment_file=root / ".env",
    )


def smartbox_paths(root: Path, layout: str) -> SmartboxPaths:
    """Paths of Smartbox under `root`; the layouts differ inside the models directory and the database."""
    return SmartboxPaths(
        root=root,
        database=root / "data" / "anomaly_state.db",
        models=root / "smartbox_models",
        logs=root / "logs",
        config=root / "config.json",
        metrics_cache=root / "metrics_cache",
    )


PATHS: dict[str, Any] = {
    "estimator": estimator_paths,
    "aimo": aimo_paths,
    "ai_diy": ai_diy_paths,
    "smartbox": smartbox_paths,
}


def paths_of(system: str, root: Path, layout: str, moved: Mapping[str, str]) -> Any:
    """The record of `system`; `moved` maps field names to other places. Raises ValueError on an unknown field."""
    record = PATHS[system](root.absolute(), layout)
    known = [field.name for field in dataclasses.fields(record)]
    for name in moved:
        if name not in known:
            raise ValueError("{} has no path {}; it has: {}".format(system, name, ", ".join(known)))
    return dataclasses.replace(record, **{name: Path(place).absolute() for name, place in moved.items()})
