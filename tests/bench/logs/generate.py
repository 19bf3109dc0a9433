# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One day of a busy application as an access log with %D and as JSON lines; the same every time."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.logs.day import DAY

_DAY_SECONDS = 86400
_LINES_AT_ONCE = 20000
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605",
    "curl/8.5.0",
)
_ATTACKS = (
    "/static/../../../../etc/passwd",
    "/download?file=..%2f..%2f..%2fetc%2fpasswd",
    "/ui/?q=%3Cscript%3Ealert(1)%3C/script%3E",
    "/api/v1/tasks?id=1%20UNION%20SELECT%20password",
)
_ERRORS = (
    "OpenAI API call failed: insufficient_quota",
    "database is locked",
    "Request timed out after 30 s",
    "MemoryError while reading the workbook",
    "Unexpected answer",
)
_EVENTS = ("rate_limit_exceeded", "authentication_failed", "path_traversal_attempt", "suspicious_input")
_ROUTES = ("/chat", "/api/files", "/api/search", "/api/history", "/login", "/api/env")


def access_lines(lines: int, seed: int = 1) -> Iterator[str]:
    """Yield access-log lines in order of time; durations are nearly all different, as microseconds are."""
    dice = random.Random(seed)
    clients = [f"10.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}" for _number in range(5000)]
    for number in range(lines):
        second = number * _DAY_SECONDS // lines
        stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(DAY + second))
        client, chance = dice.choice(clients), dice.random()
        task, status = dice.randrange(1 << 32), 200
        path = f"/api/v1/tasks/{task:08x}/status" if chance < 0.6 else dice.choice(("/ui/", "/ui/app.js", "/health"))
        if chance > 0.9999:
            path, status = dice.choice(_ATTACKS), 404
        elif chance > 0.995:
            status = 401
        elif chance > 0.99:
            status = dice.choice((500, 502, 504))
        elif chance > 0.985:
            status = 429
        elif chance > 0.96:
            status = 404
        microseconds = int(dice.lognormvariate(11.5, 1.2))
        yield (
            f'{client} - operator [{stamp}] "GET {path} HTTP/1.1" {status} {dice.randrange(200, 90000)} '
            f'"https://estimator.example.com/ui/" "{_AGENTS[task % 3]}" {microseconds}\n'
        )


def json_lines(lines: int, seed: int = 2) -> Iterator[str]:
    """Yield JSON lines in order of time, of the shape that DIY-04 to DIY-18 read: some records have more keys."""
    dice = random.Random(seed)
    clients = [f"10.1.{dice.randrange(256)}.{dice.randrange(1, 255)}" for _number in range(3000)]
    for number in range(lines):
        moment = DAY + number * _DAY_SECONDS / lines
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1e6):06d}Z"
        chance = dice.random()
        record: dict[str, object] = {"timestamp": stamp, "level": "INFO", "logger": "ai_diy.api", "message": "API_CALL"}
        client = {"client_ip": dice.choice(clients), "request_id": f"{dice.randrange(1 << 48):012x}"}
        if chance > 0.985:
            record.update(
                level="WARNING", logger="ai_diy.security", message="SECURITY_AUDIT", event=dice.choice(_EVENTS)
            )
        else:
            failed = chance > 0.975
            record.update(route=dice.choice(_ROUTES), status="error" if failed else "success")
            record["duration_ms"] = round(dice.lognormvariate(5.5, 1.0), 2)
            record["memory_mb"] = round(180 + 40 * number / lines + dice.random(), 1)
            if failed:
                record.update(level="ERROR", message=dice.choice(_ERRORS))
        yield json.dumps({**record, "details": client}, separators=(",", ":")) + "\n"


def write(path: Path, lines: Iterator[str]) -> None:
    """Write a file once; what is there already is the same."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8") as stream:
        while batch := [line for _number, line in zip(range(_LINES_AT_ONCE), lines, strict=False)]:
            stream.writelines(batch)
    unfinished.rename(path)
