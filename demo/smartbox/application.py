# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smartbox's programs: the scheduler (service `yaga`), the dashboard and the metrics source it asks."""

from __future__ import annotations

import json
import threading
import time

from ..clock import local_iso
from ..files import append_line
from ..paths import SmartboxPaths
from ..web import Request, Response, Server, json_response, run_until, stop_on_signal
from .services import SERVICES

INFERENCE_SECONDS = 120


def serve_scheduler(paths: SmartboxPaths, interval_seconds: float = INFERENCE_SECONDS) -> int:
    """Append one quiet inference cycle every `interval_seconds` until told to stop."""
    stop = stop_on_signal()

    def cycles() -> None:
        while True:
            append_line(paths.logs / "inference.log", "[]")
            if stop.wait(interval_seconds):
                return

    threading.Thread(target=cycles, daemon=True).start()
    return run_until(stop)


def serve_dashboard(paths: SmartboxPaths, address: str, port: int) -> int:
    """Run the dashboard in the foreground until it is told to stop."""

    def answer(request: Request) -> Response:
        exists = paths.config.exists()
        issues = _issues(paths) if exists else ["config.json is missing"]
        if request.path == "/api/health":
            return json_response(
                {
                    "status": "healthy" if exists and not issues else "degraded",
                    "config_exists": exists,
                    "config_valid": not issues,
                    "validation_issues": len(issues),
                    "timestamp": local_iso(time.time()),
                }
            )
        if request.path == "/api/config/validate":
            return json_response({"valid": not issues, "issues": issues})
        return json_response({"detail": "Not Found"}, 404)

    return run_until(stop_on_signal(), Server(address, port, answer))


def _issues(paths: SmartboxPaths) -> list[str]:
    try:
        config = json.loads(paths.config.read_text(encoding="utf-8"))
    except ValueError as error:
        return [f"config.json: {error}"]
    return [] if config.get("services") else ["config.json has no services"]


def answer_metrics(request: Request) -> Response:
    """What VictoriaMetrics answers to the questions Smartbox asks."""
    if request.path == "/health":
        return Response(200, b"OK", {"Content-Type": "text/plain"})
    if request.path == "/api/v1/status/buildinfo":
        return json_response({"status": "success", "data": {"version": "2.24.0"}})
    if request.path == "/api/v1/label/service/values":
        return json_response({"status": "success", "data": sorted(SERVICES)})
    if request.path == "/api/v1/query":
        if not request.query.get("query"):
            return json_response({"status": "error", "errorType": "422", "error": "missing `query` arg"}, 422)
        sample = {"metric": {"service": "booking"}, "value": [int(time.time()), "41.5"]}
        return json_response(
            {"status": "success", "isPartial": False, "data": {"resultType": "vector", "result": [sample]}}
        )
    return Response(400, b"unsupported path requested\n", {"Content-Type": "text/plain"})


def serve_metrics(address: str, port: int) -> int:
    """Run the metrics source in the foreground until it is told to stop."""
    return run_until(stop_on_signal(), Server(address, port, answer_metrics))
