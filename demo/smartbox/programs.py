# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smartbox's training and detection, once, with what goes wrong in the published ones when a trap asks for it.

The trap is the text of the file `.trap` in the system's directory, which a container sees as well, or DEMO_TRAP.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from ..clock import local, local_iso
from ..paths import SmartboxPaths
from .seed import write_model
from .services import PERIODS

#: Of training: status 1 and nothing promoted; status 0 and nothing done; half of the models gone; without an end.
TRAPS = ("blocked", "noop", "torn", "hang", "no_models")
PIPELINE = "smartbox_anomaly.training.pipeline"


def train(paths: SmartboxPaths, layout: str, service: str | None) -> int:
    """Train one service or all that are configured. Returns the exit status.

    As published, models are written one level deeper than detection reads them.
    """
    trap = _trap(paths)
    services = [service] if service else _services(paths)
    if trap == "noop":
        return 0
    for name in services:
        _log(PIPELINE, "INFO", f"Training {name}")
        if trap == "hang":
            time.sleep(3600)
        if trap == "blocked":
            _log("__main__", "ERROR", "✗ PROMOTION BLOCKED: 1 service(s) failed validation")
            return 1
        # Promotion removes what is there and copies: links to the old files keep the old models.
        shutil.rmtree(str(paths.models / name), ignore_errors=True)
        for period in PERIODS:
            directory = write_model(paths, name, period, layout, time.time())
            if trap == "torn":
                for entry in list(directory.iterdir())[1:]:
                    entry.unlink()
                _log("__main__", "ERROR", "✗ PROMOTION FAILED: [Errno 16] Device or resource busy")
                return 5
        _log("smartbox_anomaly.training.validators", "INFO", "  business_hours: OK - 4.1% anomaly rate (<=20.0%)")
    _log(PIPELINE, "INFO", f"  Successful: {len(services)}/{len(services)}")
    _log("__main__", "INFO", "✓ PROMOTION SUCCESSFUL!")
    return 0


def inference(paths: SmartboxPaths, layout: str, verbose: bool) -> int:
    """Detect once. Always returns 0, as the published one does: what it prints says whether it worked."""
    found = [name for name in _services(paths) if _models(paths, layout, name)]
    if not found or _trap(paths) == "no_models":
        message = "No trained models found. Please run the training pipeline first."
        error = {"error": "no_models", "message": message, "timestamp": local_iso(time.time())}
        print(json.dumps(error, indent=2))
        return 0
    if verbose:
        for name in found:
            print(f"Current period for {name}: business_hours")
        print(f"Successful Services: {len(found)}/{len(_services(paths))}")
    print("[]")
    return 0


def _models(paths: SmartboxPaths, layout: str, service: str) -> list[Path]:
    """What detection finds of a service's models."""
    if layout == "runbook":
        return list(paths.models.glob(f"{service}/*/metadata.json"))
    flat = Path(os.environ.get("MODELS_DIR", str(paths.root / "flat")))
    return list(flat.glob(f"{service}_*/model_data.json"))


def _services(paths: SmartboxPaths) -> list[str]:
    configured = json.loads(paths.config.read_text(encoding="utf-8"))["services"]
    return [name for names in configured.values() if isinstance(names, list) for name in names]


def _trap(paths: SmartboxPaths) -> str:
    file = paths.root / ".trap"
    return file.read_text(encoding="ascii").strip() if file.exists() else os.environ.get("DEMO_TRAP", "")


def _log(logger: str, level: str, text: str) -> None:
    print(local(time.time(), "%Y-%m-%d %H:%M:%S") + f" - {logger} - {level} - {text}", flush=True)
