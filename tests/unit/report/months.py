# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded day and a recorded month of one system, in the layouts of the runbook (EST-10, EST-24, EST-36)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.report.month_layouts import DAY_LAYOUT, MONTH_LAYOUT, words
from tests.unit.report.weeks import CHECKS, TIMEZONE, result, run

#: 10:00 on the 1st of November and 17:00 on the 21st of October, in the zone of the system.
MONTH_MADE = "2025-11-01T01:00:00Z"
DAY_MADE = "2025-10-21T08:00:00Z"
EVENING_CHECKS = ("requests_today", "estimates_today")


PROFILE = {
    "title": words("AI Estimator", "AI見積りシステム"),
    "timezone": TIMEZONE,
    "variant": "runbook",
    "checks": {
        "httpd": {"title": words("httpd", "httpd"), "availability": True, "runbook": "EST-01"},
        **CHECKS,
        "requests_today": {"title": words("Requests today", "本日のリクエスト"), "runbook": "EST-07"},
        "estimates_today": {"title": words("Estimates today", "本日の見積り"), "runbook": "EST-07"},
        "growth": {"title": words("Growth", "増加"), "runbook": "EST-20"},
        "api_cost": {"title": words("API cost", "APIコスト"), "runbook": "EST-19"},
    },
    "report": {"evening": DAY_LAYOUT, "monthly": MONTH_LAYOUT},
    "checklists": {
        "daily": [
            {
                "text": words("Service status check (httpd/estimator)", "サービス稼働確認（httpd/estimator）"),
                "checks": ["httpd"],
            },
            {
                "text": words("Health check execution (local/production)", "ヘルスチェック実行（ローカル/本番）"),
                "checks": ["health"],
            },
            {"text": words("Disk usage check (< 80%)", "ディスク使用量確認（< 80%）"), "checks": ["disk"]},
            {
                "text": words("Resource usage check (CPU/Memory)", "リソース使用状況確認（CPU/メモリ）"),
                "checks": ["cpu", "memory"],
            },
            {"text": words("Today's request count check", "本日のリクエスト数確認"), "checks": ["requests_today"]},
            {"text": words("Daily report creation/submission", "日次レポート作成・送信"), "report": True},
        ],
        "monthly": [
            {"text": words("OpenAI API usage/cost review", "OpenAI API使用量・コスト確認"), "checks": ["api_cost"]},
            {"text": words("Security review", "セキュリティレビュー"), "checks": ["certificate", "updates"]},
            {"text": words("Backup test recovery", "バックアップのテスト復旧")},
        ],
    },
    "attestations": [
        {
            "name": "log_review",
            "title": words("Suspicious access reviewed", "不審なアクセスの確認"),
            "every": ["monthly"],
            "checks": ["access", "database"],
            "runbook": "EST-22",
            "due_days": 7,
        },
        {
            "name": "cost_review",
            "title": words("Cost reviewed", "コストの確認"),
            "every": ["monthly"],
            "checks": ["api_cost"],
            "due_days": 7,
        },
    ],
}
ATTESTED = [
    {
        "id": "a1",
        "system": "estimator",
        "host": "estimator-1",
        "item": "cost_review",
        "attested": "2025-10-02T03:00:00Z",
        "operator": "sato",
        "controller": "control-1",
        "note": "within the budget",
        "evidence_run_id": "monthly-before",
    },
]
ASKED = [
    {"system": "estimator", "host": "estimator-1", "procedure": "monthly", "started": "2025-10-01T01:00:00Z"},
]


def morning(day: int, **other: Any) -> dict[str, Any]:
    """Return the run of one morning 09:00; day 0 is the 30th of September."""
    started = (datetime(2025, 9, 30, 0, 0, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
    results = [
        result("httpd", "service", "active", "", started=started),
        result("health", "http", 0.12, "s", started=started),
        result("disk", "disk", 67 + day / 6.4, "%", warning=">= 80", critical=">= 90", started=started),
        result("memory", "memory", 70, "%", warning=">= 80", started=started),
        result("cpu", "cpu", 85 if day == 15 else 30, "%", started=started),
    ]
    return run(f"morning-{day}", started, results, profile=PROFILE, **other)


def evening(day: int, **other: Any) -> dict[str, Any]:
    """Return the run of one evening 17:00."""
    started = (datetime(2025, 9, 30, 8, 0, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
    figures = {"requests": 120, "status_5xx": 2, "error_percent": 100 * 2 / 120}
    results = [
        result("requests_today", "access_log", 120, "count", metrics=figures, started=started),
        result("estimates_today", "sqlite_query", 45, "count", started=started),
    ]
    return run(f"evening-{day}", started, results, profile=PROFILE, procedure="evening", **other)


def a_day() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the morning and the evening of a day on which the disk filled up and a log was rotated."""
    early, late = morning(21), evening(21)
    disk = next(each for each in early["results"] if each["check"] == "disk")
    fields = {"metric": "used_percent", "value": 84, "unit": "%", "level": "warning", "limit": ">= 80"}
    disk.update(state="warning", value=84, reason={"id": "level_reached", "fields": fields})
    early.update(state="warning", counts={"ok": 4, "warning": 1, "unknown": 0, "critical": 0})
    early["actions"] = [_rotation()]
    return [early, late], [late]


def a_month() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a month with one incident that a restart ended, and the run of the 1st that reports it."""
    recorded = [each for day in range(32) for each in (morning(day), evening(day))]
    down, after = morning(15), morning(15)
    down.update(id="down", started="2025-10-15T01:23:00Z", state="critical")
    health = next(each for each in down["results"] if each["check"] == "health")
    health.update(state="critical", value=None, reason={"id": "timed_out", "fields": {"seconds": 5.0}})
    down["counts"] = {"ok": 4, "warning": 0, "unknown": 0, "critical": 1}
    down["actions"] = [_rotation()]
    after.update(id="after", started="2025-10-15T01:36:00Z")
    figures = {
        "requests": 3600,
        "status_5xx": 14,
        "error_percent": 100 * 14 / 3600,
        "mean_seconds": 1.3,
        "p50_seconds": 0.9,
        "p95_seconds": 3.8,
        "p99_seconds": 8.2,
    }
    results = [
        result("health", "http", 0.11, "s"),
        result("access", "access_log", 3600, "count", metrics=figures, evidence=["192.0.2.7: 14 times 401"]),
        result("growth", "trend", 15.0, "%"),
        result("disk", "disk", 72, "%", warning=">= 80", critical=">= 90"),
        result("api_cost", "command", 2.8, "USD"),
        result("certificate", "certificate", 45.4, "days", warning="< 30"),
        result("updates", "security_updates", 0, "count", metrics={"reboot_required": 0}),
    ]
    current = run("monthly", MONTH_MADE, results, profile=PROFILE, procedure="monthly")
    return [*recorded, down, after, current], [current]


def _rotation() -> dict[str, Any]:
    return {
        "name": "rotate_logs",
        "type": "log_rotate",
        "for_check": "disk",
        "state": "done",
        "changed": True,
        "detail": {"rotated": 2},
        "approved_by": None,
        "runbook": "EST-14",
        "seconds": 1.5,
    }
