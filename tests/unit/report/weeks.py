# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two recorded weeks of a small fleet: one in which nothing happened, one in which much did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils.catalog import load_catalog

#: The common sentences and a few labels: what check kinds say about themselves is theirs to change.
CATALOG = replace(
    load_catalog(),
    reasons={"common": load_catalog().reasons["common"]},
    metrics={"certificate": {"days_left": {"en": "days left", "ja": "残り日数"}}},
)
FINISHED = "2025-10-27T01:00:00Z"
TIMEZONE = "Asia/Tokyo"

CHECKS: dict[str, dict[str, Any]] = {
    "health": {"title": {"en": "Health check", "ja": "ヘルスチェック"}, "availability": True, "runbook": "EST-02"},
    "access": {"title": {"en": "Access log", "ja": "アクセスログ"}, "availability": False, "runbook": "EST-09"},
    "estimates": {"title": {"en": "Estimates created", "ja": "見積り作成"}, "availability": False, "runbook": "EST-07"},
    "cpu": {"title": {"en": "CPU", "ja": "CPU"}, "availability": False, "runbook": "EST-06"},
    "memory": {"title": {"en": "Memory", "ja": "メモリ"}, "availability": False, "runbook": "EST-06"},
    "disk": {"title": {"en": "Disk", "ja": "ディスク"}, "availability": False, "runbook": "EST-03"},
    "certificate": {"title": {"en": "Certificate", "ja": "証明書"}, "availability": False, "runbook": "EST-12"},
    "updates": {"title": {"en": "Updates", "ja": "アップデート"}, "availability": False, "runbook": "EST-15"},
    "database": {"title": {"en": "Database", "ja": "データベース"}, "availability": False, "runbook": "EST-17"},
}
LAYOUT = [
    {"section": "uptime", "lines": [{"figure": "availability"}, {"figure": "downtime"}, {"figure": "incidents"}]},
    {
        "section": "performance",
        "lines": [
            {
                "label": {"en": "Average response time", "ja": "平均レスポンスタイム"},
                "check": "access",
                "metric": "mean_seconds",
            },
            {
                "label": {"en": "P95 response time", "ja": "P95レスポンスタイム"},
                "check": "access",
                "metric": "p95_seconds",
            },
            {"label": {"en": "Error rate", "ja": "エラー率"}, "check": "access", "metric": "error_percent"},
        ],
    },
    {
        "section": "usage",
        "lines": [
            {
                "label": {"en": "Total access count", "ja": "総アクセス数"},
                "check": "access",
                "metric": "requests",
                "format": "count",
            },
            {"label": {"en": "Total estimate count", "ja": "総見積り作成数"}, "check": "estimates", "aggregate": "sum"},
            {
                "label": {"en": "Unique users", "ja": "ユニークユーザー数"},
                "check": "access",
                "metric": "unique_clients",
                "format": "count",
                "suffix": {"en": "", "ja": "名"},
            },
        ],
    },
    {
        "section": "resources",
        "lines": [
            {"label": {"en": "Average CPU usage", "ja": "平均CPU使用率"}, "check": "cpu", "aggregate": "mean"},
            {"label": {"en": "Average memory usage", "ja": "平均メモリ使用率"}, "check": "memory", "aggregate": "mean"},
            {"label": {"en": "Disk usage", "ja": "ディスク使用率"}, "check": "disk"},
        ],
    },
    {
        "section": "security",
        "lines": [
            {
                "label": {"en": "SSL certificate expiry", "ja": "SSL証明書有効期限"},
                "check": "certificate",
                "prefix": {"ja": "残り"},
                "suffix": {"en": "remaining"},
            },
            {"figure": "updates"},
        ],
    },
    {"section": "notes", "lines": [{"figure": "notes"}]},
    {"section": "suggestions", "lines": [{"figure": "suggestions"}]},
]
PROFILE = {
    "title": {"en": "AI Estimator", "ja": "AI見積りシステム"},
    "timezone": TIMEZONE,
    "variant": "runbook",
    "checks": CHECKS,
    "report": {"weekly": LAYOUT},
}
LIBRARY_PROFILE = {
    "title": {"en": "Library", "ja": "図書館システム"},
    "timezone": TIMEZONE,
    "variant": "runbook",
    "checks": {
        "web": {"title": {"en": "Web page", "ja": "Webページ"}, "availability": True, "runbook": "LIB-01"},
        "root_disk": {"title": {"en": "Root disk", "ja": "ルートディスク"}, "availability": False, "runbook": "LIB-02"},
    },
    "report": {},
}


def result(check: str, kind: str, value: Any, unit: str, **other: Any) -> dict[str, Any]:
    """Return a Result on the wire."""
    return {
        "system": "estimator",
        "check": check,
        "kind": kind,
        "state": "ok",
        "value": value,
        "unit": unit,
        "warning": None,
        "critical": None,
        "reason": {"id": "within_levels", "fields": {}},
        "evidence": [],
        "coverage": None,
        "runbook": CHECKS.get(check, {}).get("runbook"),
        "started": FINISHED,
        "seconds": 0.25,
        "metrics": {},
        "source": None,
        **other,
    }


def run(identity: str, started: str, results: list[dict[str, Any]], **other: Any) -> dict[str, Any]:
    """Return a Run whose state and counts follow from its results."""
    order = ("ok", "warning", "unknown", "critical")
    states = [each["state"] for each in results]
    return {
        "id": identity,
        "procedure": "daily",
        "system": "estimator",
        "host": "estimator-1",
        "started": started,
        "finished": started,
        "operator": "sato",
        "controller": "control-1",
        "state": max(states, key=order.index) if states else "unknown",
        "priority": None,
        "reachable": True,
        "failure": None,
        "profile": PROFILE,
        "counts": {state: states.count(state) for state in order},
        "results": results,
        "actions": [],
        **other,
    }


def daily(day: int, **other: Any) -> dict[str, Any]:
    """Return the run of one morning; day 0 is the first of the week."""
    started = (datetime(2025, 10, 21, 0, 0, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
    results = [
        result("health", "http", 0.12, "s", metrics={"status": 200}),
        result("estimates", "command", 45, "count"),
        result("cpu", "cpu", 32 + day, "%"),
        result("memory", "memory", 72.004, "%", warning=">= 80", critical=">= 90"),
        result("disk", "disk", 62 + day, "%", warning=">= 80", critical=">= 90", metrics={"inodes_percent": 12.5}),
    ]
    return run(f"daily-{day}", started, results, **other)


def weekly_results() -> list[dict[str, Any]]:
    """Return the results of a healthy Monday."""
    access = {
        "requests": 1840,
        "error_percent": 100 * 6 / 1840,
        "status_5xx": 6,
        "mean_seconds": 1.2000001,
        "p50_seconds": 0.9,
        "p95_seconds": 3.5,
        "p99_seconds": 4.8,
        "unique_clients": 12,
    }
    return [
        result("health", "http", 0.12, "s", metrics={"status": 200}, source="https://127.0.0.1:8100/health"),
        result(
            "access", "access_log", 1840, "count", metrics=access, coverage=0.998, source="/var/log/httpd/access_log"
        ),
        result("cpu", "cpu", 39, "%"),
        result("memory", "memory", 72.3, "%", warning=">= 80", critical=">= 90"),
        result("disk", "disk", 68, "%", warning=">= 80", critical=">= 90", metrics={"inodes_percent": 12.5}),
        result("certificate", "certificate", 45.4, "days", warning="< 30", critical="< 7"),
        result("updates", "security_updates", 0, "count", metrics={"reboot_required": 0}),
        result("database", "sqlite", 73400320, "B", source="/srv/estimator/app.db"),
    ]


def library(web: dict[str, Any], disk_percent: float, **other: Any) -> dict[str, Any]:
    """Return a run of a system whose profile states no layout."""
    results = [
        {**result("web", "http", 0.3, "s"), **web},
        result("root_disk", "disk", disk_percent, "%", metrics={"free_bytes": 5368709120}),
    ]
    return run(
        "library-weekly",
        FINISHED,
        results,
        **{"procedure": "weekly", "system": "library", "host": "library-1", "profile": LIBRARY_PROFILE, **other},
    )


def healthy_week() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the recorded runs and the current ones of a week without a fault."""
    recorded = [daily(day) for day in range(7)]
    current = [run("weekly", FINISHED, weekly_results(), procedure="weekly"), library({}, 41.25)]
    return [*recorded, *current], current


def broken_week() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a week with an outage, a recovered fault, and a Monday on which much is wrong."""
    recorded = [daily(day) for day in range(7)]
    down = recorded[2]["results"][0]
    down.update(state="critical", value=None, reason={"id": "connection_refused_by_test", "fields": {"port": 8100}})
    recorded[2].update(state="critical", counts={"ok": 4, "warning": 0, "unknown": 0, "critical": 1})
    recorded[4].update(results=[], counts={}, state="critical", reachable=False)
    recorded[4]["failure"] = {"stage": "unreachable", "message": "Connection timed out"}
    results = {each["check"]: each for each in weekly_results()}
    results["certificate"].update(
        state="critical",
        value=6.98,
        reason={
            "id": "level_reached",
            "fields": {"metric": "days_left", "value": 6.98, "unit": "days", "level": "critical", "limit": "< 7"},
        },
        evidence=["leaf: CN=estimator.example.org, notAfter 2025-11-03", "\x1b[31mintermediate: CN=Example CA"],
    )
    results["access"]["metrics"].update(error_percent=0.44)
    results["cpu"].update(
        state="unknown", value=None, reason={"id": "timed_out", "fields": {"seconds": 10.0}}, seconds=10.0
    )
    results["database"].update(
        state="critical",
        value=None,
        reason={"id": "file_missing", "fields": {"path": "/srv/estimator/app.db"}},
        evidence=["No such file or directory"],
    )
    results["updates"].update(state="warning", value=3, metrics={"reboot_required": 1})
    results["updates"]["reason"] = {
        "id": "level_reached",
        "fields": {"metric": "pending", "value": 3, "unit": "count", "level": "warning", "limit": "> 0"},
    }
    estimator = run("weekly", FINISHED, list(results.values()), procedure="weekly", priority="P2")
    estimator["actions"] = [
        {
            "name": "renew_certificate",
            "type": "certificate_renew",
            "for_check": "certificate",
            "state": "planned",
            "changed": False,
            "detail": {
                "why": "the profile does not allow it",
                "files": ["/etc/letsencrypt/live/estimator.example.org"],
            },
            "approved_by": None,
            "runbook": "EST-13",
            "seconds": 0.0,
        },
        {
            "name": "rotate_logs",
            "type": "log_rotate",
            "for_check": "logs",
            "state": "done",
            "changed": True,
            "detail": {"rotated": 2},
            "approved_by": "sato",
            "runbook": "EST-14",
            "seconds": 1.5,
        },
    ]
    unreachable = library({}, 41.25)
    unreachable.update(results=[], counts={}, state="critical", reachable=False)
    unreachable["failure"] = {"stage": "unreachable", "message": "Connection refused by 192.0.2.10 port 22"}
    return [*recorded, estimator], [estimator, unreachable]
