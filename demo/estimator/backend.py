# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimator's backend: its HTTP answers, its live writer on the SQLite database, its lines on stdout and stderr."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections.abc import Callable

from ..clock import local_midnight, utc_sql
from ..paths import EstimatorPaths
from ..web import Request, Response, Server, json_response, run_until, stop_on_signal
from .logs import json_line
from .tasks import PREFIX, answer_task

LIMIT_REQUESTS = 100
LIMIT_WINDOW_SECONDS = 3600
WRITE_INTERVAL_SECONDS = 0.5
KEPT_HEARTBEATS = 20
COST_PER_TASK_USD = 0.0021
TOKENS_PER_TASK = 4180


class RateLimit:
    """Requests per client within a sliding window, /health included, as the published application counts them."""

    def __init__(
        self,
        requests: int = LIMIT_REQUESTS,
        window_seconds: float = LIMIT_WINDOW_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Allow `requests` per `window_seconds` and client address."""
        self._requests, self._window_seconds, self._clock = requests, window_seconds, clock
        self._seen: dict[str, list[float]] = {}
        self._guard = threading.Lock()

    def admit(self, client: str) -> tuple[int, int]:
        """Count one request. Returns (remaining, seconds to wait); the wait is 0 when it was admitted."""
        now = self._clock()
        with self._guard:
            recent = [at for at in self._seen.get(client, []) if at > now - self._window_seconds]
            self._seen[client] = recent
            if len(recent) >= self._requests:
                return 0, int(recent[0] + self._window_seconds - now) + 1
            recent.append(now)
            return self._requests - len(recent), 0

    def reset(self, client: str) -> None:
        """Forget the requests of `client`."""
        with self._guard:
            self._seen.pop(client, None)

    def clients(self) -> int:
        """How many clients are remembered."""
        return len(self._seen)


def live_writer(paths: EstimatorPaths, stop: threading.Event) -> None:
    """Keep writing to the database like an application in use, without making it grow or adding tasks.

    The newest task gets a message about twice a second and loses its oldest one: the write-ahead log stays alive.
    """
    connection = sqlite3.connect(str(paths.database), timeout=5)
    connection.execute("PRAGMA journal_mode=wal")
    while not stop.is_set():
        try:
            with connection:
                connection.execute(
                    "INSERT INTO messages (task_id, role, content, created_at)"
                    " SELECT id, 'system', 'heartbeat', ? FROM tasks ORDER BY created_at DESC LIMIT 1",
                    (utc_sql(time.time()),),
                )
                connection.execute(
                    "DELETE FROM messages WHERE role = 'system' AND id NOT IN"
                    " (SELECT id FROM messages WHERE role = 'system' ORDER BY id DESC LIMIT ?)",
                    (KEPT_HEARTBEATS,),
                )
        except sqlite3.Error as error:
            print(json_line(time.time(), "ERROR", "app.db.database", f"Database error: {error}"), file=sys.stderr)
            sys.stderr.flush()
            stop.wait(30)
        stop.wait(WRITE_INTERVAL_SECONDS)
    connection.close()


def _task_counts(paths: EstimatorPaths, now: float) -> tuple[int, int]:
    """Tasks of today and of this month, from the database; the caller's clock decides."""
    month = time.strftime("%Y-%m-01 00:00:00", time.gmtime(now))
    connection = sqlite3.connect(str(paths.database), timeout=5)
    try:
        counts = [
            connection.execute("SELECT count(*) FROM tasks WHERE created_at >= ?", (since,)).fetchone()[0]
            for since in (utc_sql(local_midnight(now)), month)
        ]
    finally:
        connection.close()
    return counts[0], counts[1]


def _costs(paths: EstimatorPaths) -> Response:
    today, month = _task_counts(paths, time.time())
    daily, monthly = round(today * COST_PER_TASK_USD, 4), round(month * COST_PER_TASK_USD, 4)
    return json_response(
        {
            "cost": {
                "daily_cost_usd": daily,
                "monthly_cost_usd": monthly,
                "daily_limit_usd": 10.0,
                "monthly_limit_usd": 200.0,
                "daily_usage_percent": round(daily * 10, 2),
                "monthly_usage_percent": round(monthly / 2, 2),
            },
            "metrics": {
                "total_openai_calls": month * 2,
                "openai_success_rate": 100.0 if month else 0.0,
                "total_tokens_used": month * TOKENS_PER_TASK,
                "openai_operations": {},
            },
        }
    )


def _health(paths: EstimatorPaths, layout: str) -> Response:
    if layout == "runbook":
        return json_response({"status": "healthy"})
    # As published: a server that has not called OpenAI since its start has a success rate of 0 and says `degraded`.
    return json_response(
        {
            "status": "degraded",
            "metrics": {
                "total_api_calls": 1,
                "avg_response_time": 0.001,
                "p95_response_time": 0.001,
                "success_rate": 100.0,
                "total_openai_calls": 0,
                "openai_success_rate": 0.0,
                "total_tokens_used": 0,
                "openai_operations": {},
                "total_errors": 0,
                "error_rate": 0.0,
            },
        }
    )


def answer(paths: EstimatorPaths, layout: str, limit: RateLimit) -> Callable[[Request], Response]:
    """The backend's answering function. Only the published layout limits requests."""
    routes: dict[str, Callable[[], Response]] = {
        "/health": lambda: json_response({"status": "healthy"}),
        "/api/v1/health": lambda: _health(paths, layout),
        "/api/v1/admin/costs": lambda: _costs(paths),
        "/api/v1/admin/rate-limits": lambda: json_response(
            {"max_requests": LIMIT_REQUESTS, "window_seconds": LIMIT_WINDOW_SECONDS, "active_clients": limit.clients()}
        ),
        "/": lambda: json_response({"message": "AI見積りシステム API", "version": "0.1.0", "status": "running"}),
        "/ui/": lambda: Response(200, b"<!doctype html><title>AI Estimator</title>", {"Content-Type": "text/html"}),
    }

    def respond(request: Request) -> Response:
        client = request.headers.get("x-forwarded-for", request.client).split(",")[0].strip()
        headers: dict[str, str] = {}
        if layout == "published":
            remaining, wait_seconds = limit.admit(client)
            headers = {
                "X-RateLimit-Limit": str(LIMIT_REQUESTS),
                "X-RateLimit-Remaining": str(remaining),
                "X-RateLimit-Window": str(LIMIT_WINDOW_SECONDS),
            }
            if wait_seconds:
                headers["Retry-After"] = str(wait_seconds)
                return json_response(
                    {"detail": "Rate limit exceeded. Please try again later.", "retry_after": wait_seconds},
                    429,
                    headers,
                )
        prefix = "/api/v1/admin/reset-rate-limit/"
        if request.method == "POST" and request.path.startswith(prefix):
            limit.reset(request.path[len(prefix) :])
            return json_response({"status": "success"}, 200, headers)
        route = routes.get(request.path)
        if request.path.startswith(PREFIX):
            response = answer_task(paths, request)
        else:
            response = route() if route else json_response({"detail": "Not Found"}, 404)
        return Response(response.status, response.body, {**response.headers, **headers})

    return respond


def heard(request: Request, response: Response) -> None:
    """Log one answer as the application and its server do."""
    client = request.headers.get("x-forwarded-for", request.client)
    print(
        f'INFO:     {client}:0 - "{request.method} {request.path} HTTP/1.1" {response.status}'
        f" {'OK' if response.status == 200 else ''}",
        flush=True,
    )
    print(
        json_line(
            time.time(),
            "INFO",
            "app.middleware.request_id",
            f"{request.method} {request.path}",
            status_code=response.status,
        ),
        file=sys.stderr,
        flush=True,
    )


def serve(paths: EstimatorPaths, layout: str, address: str, port: int) -> int:
    """Run the backend in the foreground until it is told to stop."""
    stop = stop_on_signal()
    server = Server(address, port, answer(paths, layout, RateLimit()), heard)
    writer = threading.Thread(target=live_writer, args=(paths, stop), daemon=True)
    writer.start()
    result = run_until(stop, server)
    writer.join(10)
    return result
