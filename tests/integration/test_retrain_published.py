# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""model_retrain through Ansible, where training writes what detection does not read, as the published one does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.ansible_module import call_module

STAND_IN = [sys.executable, "-m", "demo"]


def application(root: Path, checkout: Path) -> dict[str, Any]:
    """Make the application with a history; return the module's arguments."""
    options = ["--root", str(root), "--layout", "published"]
    subprocess.run([*STAND_IN, "seed", "smartbox", *options], cwd=checkout, check=True, capture_output=True)
    return {
        "models": {
            "models_directory": str(root / "smartbox_models"),
            "layouts": ["{service}/{service}_*/model_data.json"],
            "trained_at_key": "model_metadata.trained_at",
            "services_from": {"file": str(root / "config.json"), "keys": ["services.critical"]},
        },
        "copies_directory": str(root / "copies"),
        "published_directory": str(root / "flat"),
        "inference_layouts": ["{service}_*/model_data.json"],
        "services": ["booking"],
        "training": {
            "argv": [*STAND_IN, "run", "train", *options],
            "service_argv": [*STAND_IN, "run", "train", *options, "--service", "{service}"],
            "chdir": str(checkout),
        },
        "inference": {
            "argv": [*STAND_IN, "run", "inference", *options, "--verbose"],
            "chdir": str(checkout),
            "failure_patterns": ['"error":'],
        },
    }


def test_new_models_are_copied_to_where_detection_looks_or_the_old_ones_are_back(
    tmp_path: Path, checkout: Path
) -> None:
    arguments = application(tmp_path, checkout)
    read = tmp_path / "flat" / "booking_night_hours" / "model_data.json"
    before = read.read_bytes()
    planned = call_module("model_retrain", arguments, "--check")
    assert (planned.word, planned.result["trained"]) == ("CHANGED", ["booking"])
    assert not (tmp_path / "copies").exists()
    # As published, the new models lie one level deeper than detection reads: it goes on with the old ones.
    failed = call_module("model_retrain", arguments)
    assert "Inference reads old models of booking" in failed.result["msg"]
    assert "The old models are back" in failed.result["msg"]
    assert read.read_bytes() == before
    done = call_module("model_retrain", {**arguments, "publish_from": ["{service}/{service}_*"]})
    assert done.word == "CHANGED", done.result["msg"]
    assert "published booking_night_hours" in done.result["steps"]
    assert read.read_bytes() != before
    idle = call_module("model_retrain", {**arguments, "services": []})
    assert (idle.word, {one["verdict"] for one in idle.result["decisions"]}) == ("SUCCESS", {"keep"})


def test_a_service_that_is_not_configured_is_named(tmp_path: Path, checkout: Path) -> None:
    answer = call_module("model_retrain", {**application(tmp_path, checkout), "services": ["bookng"]}, "--check")
    assert "There is no service bookng. Services: booking, payment, search" in answer.result["msg"]
