# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AI-DIY logged: one list of calls and events per day, written in the runbook's or the published format."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

from ..clock import DAY_SECONDS, HOUR_SECONDS, local, local_midnight, utc_iso_z

ROUTES = (
    ("/api/chat/completions", 620, 0.45),
    ("/api/backlog", 38, 0.2),
    ("/api/sprints", 45, 0.15),
    ("/api/vision", 55, 0.1),
    ("/health", 4, 0.1),
)


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of the application's interface, or an event when `event` is set."""

    epoch: float
    route: str
    status: str
    duration_ms: int
    client: str
    event: str = ""
    audit: bool = False


def calls_of_day(midnight: int, now: float) -> list[Call]:
    """Calls and events of the day that began at `midnight`, until `now`; the same for the same day."""
    source = random.Random("ai-diy-{}".format(local(midnight, "%Y%m%d")))
    weekend = local(midnight, "%a") in ("Sat", "Sun")
    calls: list[Call] = []
    for _number in range(source.randint(70, 100) if weekend else source.randint(260, 320)):
        at = midnight + source.triangular(0, 24, 14) * HOUR_SECONDS
        route, typical, _share = source.choices(ROUTES, [route[2] for route in ROUTES])[0]
        calls.append(
            Call(
                at,
                route,
                "success",
                max(1, int(source.lognormvariate(0, 0.5) * typical)),
                f"10.30.1.{source.randint(10, 29)}",
            )
        )
    if not weekend:
        # Below 1 % errors whenever a day begins and ends: one on a weekday, when most is called.
        latest = max((call for call in calls if call.epoch < midnight + 14 * HOUR_SECONDS), key=lambda call: call.epoch)
        calls[calls.index(latest)] = dataclasses.replace(latest, status="error")
    if source.random() < 0.5:
        event = source.choice(("rate_limit_exceeded", "path_traversal_attempt", "suspicious_input"))
        calls.append(
            Call(midnight + 15.2 * HOUR_SECONDS, "/api/env", "", 0, f"203.0.113.{source.randint(5, 250)}", event)
        )
    if local(midnight, "%a") == "Wed":
        calls.append(Call(midnight + 11 * HOUR_SECONDS, "", "", 0, "10.30.1.2", "configuration_updated", audit=True))
    return sorted((call for call in calls if call.epoch < now), key=lambda call: call.epoch)


def days_until(now: float, count: int) -> list[int]:
    """The midnights of the last `count` days, the newest last."""
    today = local_midnight(now)
    return [
        local_midnight(today - age * DAY_SECONDS + 2 * HOUR_SECONDS) if age else today
        for age in range(count - 1, -1, -1)
    ]


def runbook_line(call: Call) -> str:
    """One line of logs/ai_diy_api_YYYYMMDD.jsonl as the runbook reads it (DIY-04, DIY-07): compact JSON."""
    record: dict[str, Any] = {"timestamp": utc_iso_z(call.epoch)}
    if call.event:
        record["level"] = "INFO" if call.audit else "WARNING"
        record["logger"] = "ai_diy.audit" if call.audit else "ai_diy.security"
        record["message"] = "AUDIT" if call.audit else "SECURITY_AUDIT"
        record["event"] = call.event
        record["details"] = {"client_ip": call.client, "route": call.route}
    else:
        failed = call.status == "error"
        record.update(level="ERROR" if failed else "INFO", logger="ai_diy.api")
        record.update(message="API_ERROR" if failed else "API_CALL", route=call.route, status=call.status)
        record.update(duration_ms=call.duration_ms, memory_mb=180 + call.duration_ms % 17)
        record["details"] = {"client_ip": call.client}
    return json.dumps(record, separators=(",", ":"))


def published_lines(call: Call) -> list[str]:
    """Lines of logs/app.jsonl as the published application writes them.

    A security event is JSON inside a message; there are no audit records. Health checks are not logged.
    """
    if call.audit or call.route == "/health":
        return []
    if call.event:
        inner = {
            "timestamp": utc_iso_z(call.epoch),
            "event": call.event,
            "severity": "medium",
            "details": {"client_id": "ip:" + call.client, "route": call.route},
        }
        return [
            json.dumps(
                {
                    "time": utc_iso_z(call.epoch),
                    "level": "WARNING",
                    "channel": "app",
                    "message": "SECURITY_AUDIT: " + json.dumps(inner),
                }
            )
        ]
    record: dict[str, Any] = {
        "time": utc_iso_z(call.epoch),
        "level": "INFO",
        "channel": "app",
        "message": "Request completed",
        "request_id": f"{int(call.epoch * 1000 % 2**32):08x}",
        "route": call.route,
        "latency_ms": call.duration_ms,
    }
    if call.status == "error":
        record.update(level="ERROR", message="Request failed", error="OpenRouter answered 503")
    return [json.dumps(record)]
