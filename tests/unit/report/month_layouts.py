# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts of the daily and the monthly report for the tests."""

from __future__ import annotations


def words(en: str, ja: str) -> dict[str, str]:
    return {"en": en, "ja": ja}


DAY_LAYOUT = [
    {
        "section": "service_status",
        "lines": [
            {"label": words("httpd", "httpd"), "check": "httpd", "format": "state"},
            {"label": words("Health check", "ヘルスチェック"), "check": "health", "format": "state"},
        ],
    },
    {
        "section": "resources",
        "lines": [
            {"label": words("Disk usage", "ディスク使用率"), "check": "disk", "format": "percent"},
            {"label": words("Memory usage", "メモリ使用率"), "check": "memory", "format": "percent"},
            {"label": words("CPU usage", "CPU使用率"), "check": "cpu", "format": "percent"},
        ],
    },
    {
        "section": "todays_metrics",
        "lines": [
            {
                "label": words("Access count", "アクセス数"),
                "check": "requests_today",
                "metric": "requests",
                "format": "count",
            },
            {"label": words("Estimate count", "見積り作成数"), "check": "estimates_today", "format": "count"},
            {
                "label": words("Error count", "エラー数"),
                "check": "requests_today",
                "metric": "status_5xx",
                "format": "count",
            },
            {
                "label": words("Error rate", "エラー率"),
                "check": "requests_today",
                "metric": "error_percent",
                "format": "percent",
            },
        ],
    },
    {"section": "notes", "lines": [{"figure": "notes"}]},
    {"section": "actions", "lines": [{"figure": "actions"}]},
]
MONTH_LAYOUT = [
    {
        "section": "service_uptime",
        "lines": [
            {"figure": "availability"},
            {"label": words("Total downtime", "総ダウンタイム"), "figure": "downtime"},
            {"figure": "incidents"},
        ],
    },
    {
        "section": "performance_metrics",
        "lines": [
            {
                "label": words("Average response time", "平均レスポンスタイム"),
                "check": "access",
                "metric": "mean_seconds",
                "format": "seconds",
            },
            {
                "label": words("P95 response time", "P95レスポンスタイム"),
                "check": "access",
                "metric": "p95_seconds",
                "format": "seconds",
            },
            {
                "label": words("P99 response time", "P99レスポンスタイム"),
                "check": "access",
                "metric": "p99_seconds",
                "format": "seconds",
            },
            {
                "label": words("Error rate", "エラー率"),
                "check": "access",
                "metric": "error_percent",
                "format": "percent",
            },
        ],
    },
    {
        "section": "usage_statistics",
        "lines": [
            {
                "label": words("Total access count", "総アクセス数"),
                "check": "access",
                "metric": "requests",
                "format": "count",
            },
            {
                "label": words("Total estimate count", "総見積り作成数"),
                "check": "estimates_today",
                "aggregate": "sum",
                "format": "count",
            },
            {"label": words("Monthly growth", "月間増加率"), "check": "growth", "format": "change"},
        ],
    },
    {
        "section": "resources",
        "lines": [
            {
                "label": words("Average CPU usage", "平均CPU使用率"),
                "check": "cpu",
                "aggregate": "mean",
                "format": "percent",
            },
            {
                "label": words("Peak CPU usage", "最大CPU使用率"),
                "check": "cpu",
                "aggregate": "max",
                "format": "percent",
            },
            {
                "label": words("Disk usage", "ディスク使用率"),
                "check": "disk",
                "compare": "period_start",
                "format": "percent",
            },
        ],
    },
    {
        "section": "cost",
        "lines": [
            {"label": words("EC2", "EC2"), "value": 15.0, "format": "usd"},
            {"label": words("OpenAI API", "OpenAI API"), "check": "api_cost", "format": "usd"},
            {"label": words("Total", "合計"), "figure": "total"},
        ],
    },
    {
        "section": "security",
        "lines": [
            {
                "label": words("SSL certificate renewal", "SSL証明書更新"),
                "check": "certificate",
                "format": "state",
            },
            {"figure": "updates"},
        ],
    },
    {"section": "incident_summary", "lines": [{"figure": "incident_summary"}]},
    {"section": "improvements", "lines": [{"figure": "improvements"}]},
    {"section": "next_month_plans", "lines": [{"figure": "plans"}]},
]
