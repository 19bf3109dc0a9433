# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that the Smartbox stand-in watches, and their models' periods and metrics."""

from __future__ import annotations

CATEGORIES = {
    "critical": ("booking", "payment", "search"),
    "standard": ("catalog", "customer", "notification", "inventory"),
    "micro": ("geocoding", "currency"),
    "admin": ("backoffice",),
    "core": ("gateway", "identity"),
}
SERVICES = tuple(name for names in CATEGORIES.values() for name in names)
PERIODS = ("business_hours", "evening_hours", "night_hours")
METRICS = ("request_rate", "application_latency", "dependency_latency", "database_latency", "error_rate")
