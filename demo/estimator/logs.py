# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimator's logs: Apache's access and error log, the application's stdout and stderr."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

from ..clock import DAY_SECONDS, HOUR_SECONDS, local, local_midnight, microseconds, utc_iso_z
from ..files import write_lines
from ..paths import EstimatorPaths
from .traffic import Request

LOG_DAYS = 15
COMPRESSED_AFTER_DAYS = 2
BACKEND_PORT = 8100


def access_line(request: Request, finished: float) -> str:
    """One line of Apache's combined log with %D (microseconds) at its end, dated by the request's start."""
    stamp = local(request.epoch, "%d/%b/%Y:%H:%M:%S %z")
    microseconds_taken = round((finished - request.epoch) * 1_000_000)
    return (
        f'{request.address} - {request.user} [{stamp}] "{request.method} {request.path} HTTP/1.1" {request.status}'
        f' {request.size_bytes} "-" "{request.agent}" {microseconds_taken}'
    )


def error_line(request: Request) -> str:
    """The line of Apache's error log that goes with a 401 or a 502."""
    at = request.epoch + request.seconds
    stamp = local(at, "%a %b %d %H:%M:%S.") + microseconds(at) + local(at, " %Y")
    client = f"{request.address}:{49152 + int(request.epoch) % 16000}"
    if request.status == 401:
        return (
            f"[{stamp}] [auth_basic:error] [pid 812:tid 139899] [client {client}] AH01618: user guest not found:"
            f" {request.path}"
        )
    return (
        f"[{stamp}] [proxy_http:error] [pid 812:tid 139899] [client {client}] AH01102: error reading status line from"
        f" remote server 127.0.0.1:{BACKEND_PORT}"
    )


def uvicorn_line(request: Request) -> str:
    """The application server's access line: no time, no duration."""
    client = f"{request.address}:{49152 + int(request.epoch) % 16000}"
    word = "OK" if request.status == 200 else "Internal Server Error"
    return f'INFO:     {client} - "{request.method} {request.path} HTTP/1.1" {request.status} {word}'


def json_line(epoch: float, level: str, logger: str, message: str, **more: Any) -> str:
    """One JSON line of the application's log."""
    lines = {"INFO": ("info", 87), "ERROR": ("error", 95), "WARNING": ("warning", 91)}
    record: dict[str, Any] = {
        "timestamp": utc_iso_z(epoch),
        "level": level,
        "logger": logger,
        "message": message,
        "module": "logging_config",
        "function": lines[level][0],
        "line": lines[level][1],
    }
    record.update(more)
    return json.dumps(record, ensure_ascii=False)


def stdout_lines(request: Request, layout: str) -> list[str]:
    """What the application prints for one request; the runbook's strings appear in the runbook layout only."""
    if not _reached_application(request):
        return []
    lines = [uvicorn_line(request)]
    if request.creates_task:
        lines.append(f"[API] Excel file uploaded: {request.task}.xlsx")
    if layout == "runbook":
        if request.creates_task:
            lines.append(f"Task created: {request.task}")
        if request.path.endswith("/answers") and request.status == 200:
            lines.append(
                f"[EST] done  deliverable[0] tid={request.task[:8]}: Basic design in {request.seconds:.2f}s"
                " -> 5.0人日 200000円"
            )
    return lines


def stderr_lines(request: Request) -> list[str]:
    """The JSON lines the application writes for one request."""
    if not _reached_application(request):
        return []
    finished = request.epoch + request.seconds
    identity = f"{request.task[:8]}-req" if request.task else f"health-{int(request.epoch)}"
    lines = []
    if request.path.endswith("/answers") and request.status == 200:
        lines.append(
            json_line(
                finished,
                "INFO",
                "app.services.estimator_service",
                "Completed deliverable estimation",
                request_id=identity,
                duration=round(request.seconds, 3),
            )
        )
    if request.status >= 500:
        lines.append(
            json_line(
                finished,
                "ERROR",
                "app.services.estimator_service",
                "OpenAI API call failed",
                request_id=identity,
                duration=round(request.seconds, 3),
                model="gpt-4o-mini",
            )
        )
    lines.append(
        json_line(
            finished,
            "INFO",
            "app.middleware.request_id",
            f"{request.method} {request.path}",
            request_id=identity,
            duration=round(request.seconds, 3),
            status_code=request.status,
        )
    )
    return lines


def write_history(paths: EstimatorPaths, requests: Iterable[Request], now: float, layout: str) -> None:
    """Write the logs of the last `LOG_DAYS` days: Apache's rotated daily, the application's in one file each."""
    started = local_midnight(local_midnight(now) - (LOG_DAYS - 1) * DAY_SECONDS + 2 * HOUR_SECONDS)
    recent = [request for request in requests if request.epoch >= started]
    _write_apache(paths, recent, now)
    stdout = [line for request in recent for line in stdout_lines(request, layout)]
    stderr = ["INFO:     Started server process [741]", "INFO:     Application startup complete."]
    stderr.insert(0, json_line(started, "INFO", "app.main", "Application starting"))
    stderr.extend(line for request in recent for line in stderr_lines(request))
    write_lines(paths.logs / "backend.log", stdout, recent[-1].epoch if recent else now)
    write_lines(paths.logs / "backend-error.log", stderr, recent[-1].epoch if recent else now)


def _write_apache(paths: EstimatorPaths, recent: list[Request], now: float) -> None:
    today = local_midnight(now)
    source = random.Random(4)
    for age in range(LOG_DAYS):
        begin = today if age == 0 else local_midnight(today - age * DAY_SECONDS + 2 * HOUR_SECONDS)
        end = now if age == 0 else local_midnight(begin + DAY_SECONDS + 2 * HOUR_SECONDS)
        of_day = [request for request in recent if begin <= request.epoch < end]
        suffix = "" if age == 0 else f".{age}" if age < COMPRESSED_AFTER_DAYS else f".{age}.gz"
        # Apache writes a line when the answer is complete.
        done = sorted(of_day, key=lambda item: item.epoch + item.seconds)
        write_lines(
            paths.apache_logs / ("access.log" + suffix),
            [access_line(item, item.epoch + item.seconds) for item in done],
            end,
        )
        notice = local(begin, "[%a %b %d 00:00:01.") + f"{source.randrange(1000000):06d}" + local(begin, " %Y]")
        lines = [
            notice + " [mpm_event:notice] [pid 812:tid 139899] AH00489: Apache/2.4.62 (Debian) OpenSSL/3.0.15"
            " configured -- resuming normal operations"
        ]
        lines.extend(error_line(item) for item in done if item.status in (401, 502))
        write_lines(paths.apache_logs / ("error.log" + suffix), lines, end)


def _reached_application(request: Request) -> bool:
    return request.status != 401
