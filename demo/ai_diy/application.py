# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AI-DIY's HTTP answers and its live log."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..clock import local, utc_iso
from ..files import append_line
from ..paths import AiDiyPaths
from ..web import Request, Response, Server, json_response, run_until, stop_on_signal
from .records import Call, published_lines, runbook_line

SECURITY_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
}
FEATURES = ("config_manager", "logging_middleware", "security_middleware", "data_manager")
LIMIT_PER_MINUTE = 100
PUBLIC_PATHS = ("/login", "/callback", "/logout", "/test", "/health")


def _health(enabled: bool) -> Response:
    return json_response(
        {"status": "healthy", "version": "1.0.0", "approach": "ai-first", "features": dict.fromkeys(FEATURES, enabled)}
    )


def _test() -> Response:
    return json_response({"message": "AI-DIY app is working!", "timestamp": utc_iso(time.time())})


def answer_published(request: Request) -> Response:
    """Answer as the published application does, started by a launcher that loads its security features.

    They are on and set their headers, and everything but the public paths is redirected to the login.
    """
    response = _route_published(request)
    return Response(response.status, response.body, {**response.headers, **SECURITY_HEADERS})


def _route_published(request: Request) -> Response:
    if request.path == "/health":
        return _health(True)
    if request.path == "/test":
        return _test()
    if request.path == "/login":
        return json_response({"detail": "Auth0 not configured"}, 500)
    if request.path in PUBLIC_PATHS:
        return json_response({"detail": "Not Found"}, 404)
    return Response(307, b"", {"Location": "/login"})


def answer_runbook(clock: Callable[[], float] = time.time) -> Callable[[Request], Response]:
    """The application as the runbook describes it: security active, headers, limit of 100 requests a minute."""
    seen: dict[str, list[float]] = {}

    def respond(request: Request) -> Response:
        now = clock()
        recent = [at for at in seen.get(request.client, []) if at > now - 60]
        seen[request.client] = recent
        if request.path.startswith("/api/") and len(recent) >= LIMIT_PER_MINUTE:
            return json_response({"success": False, "message": "Rate limit exceeded"}, 429, SECURITY_HEADERS)
        recent.append(now)
        routes: dict[str, Callable[[], Response]] = {
            "/health": lambda: _health(True),
            "/test": _test,
            "/api/env": lambda: json_response({"environment": "demo"}),
            "/api/security/status": lambda: json_response(
                {
                    "security_status": "active",
                    "report": {
                        "resource_usage": {"memory_mb": 182, "memory_percent": 9.1, "cpu_percent": 2.5},
                        "rate_limit": {"violations_last_hour": 0},
                    },
                }
            ),
            "/": lambda: Response(200, b"<!doctype html><title>AI-DIY</title>", {"Content-Type": "text/html"}),
        }
        route = routes.get(request.path)
        response = route() if route else json_response({"detail": "Not Found"}, 404)
        return Response(response.status, response.body, {**response.headers, **SECURITY_HEADERS})

    return respond


def serve(paths: AiDiyPaths, layout: str, address: str, port: int) -> int:
    """Run the application in the foreground until it is told to stop."""
    stop = stop_on_signal()

    def heard(request: Request, response: Response) -> None:
        call = Call(time.time(), request.path, "success" if response.status < 500 else "error", 3, request.client)
        if layout == "runbook":
            append_line(paths.logs / local(call.epoch, "ai_diy_api_%Y%m%d.jsonl"), runbook_line(call))
        else:
            for line in published_lines(call):
                append_line(paths.logs / "app.jsonl", line)
        print(
            f'INFO:     {request.client}:0 - "{request.method} {request.path} HTTP/1.1" {response.status}',
            flush=True,
        )

    respond = answer_runbook() if layout == "runbook" else answer_published
    return run_until(stop, Server(address, port, respond, heard))
