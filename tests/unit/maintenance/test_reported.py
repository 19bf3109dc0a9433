# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report leaves maintenance out of its figures and names it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.period import period_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.render import render, system_reports
from tests.unit.report import weeks

#: The fourth morning of the week, at which the host does not answer.
ANNOUNCED = {
    "id": "m1",
    "system": "estimator",
    "host": "estimator-1",
    "begins": "2025-10-23T23:30:00Z",
    "ends": "2025-10-24T03:00:00Z",
    "until": "2025-10-24T03:00:00Z",
    "reason": "New disk",
    "operator": "sato",
    "closed": None,
    "closed_by": None,
}
ENDED = {**ANNOUNCED, "until": "2025-10-24T00:30:00Z", "closed": "2025-10-24T00:30:00Z", "closed_by": "mika"}
CANCELLED = {**ANNOUNCED, "until": "2025-10-22T00:00:00Z", "closed": "2025-10-22T00:00:00Z", "closed_by": "mika"}
ELSEWHERE = {**ANNOUNCED, "host": "estimator-2"}


def _week() -> list[dict[str, Any]]:
    days = [weeks.daily(day) for day in range(7)]
    days[3] = {**days[3], "reachable": False, "state": "critical", "results": [], "counts": {}}
    return days


@pytest.mark.parametrize(
    ("window", "downtime_seconds", "incidents"),
    [(None, 86400, 1), (ELSEWHERE, 86400, 1), (CANCELLED, 86400, 1), (ANNOUNCED, 0, 0), (ENDED, 0, 0)],
)
def test_an_unreachable_host_in_maintenance_is_no_downtime(
    window: dict[str, Any] | None, downtime_seconds: int, incidents: int
) -> None:
    windows = [window] if window else []
    period = period_of(weeks.FINISHED, weeks.TIMEZONE)
    (report,) = system_reports("weekly", _week(), [], period, None, windows)
    assert (report.availability.down_seconds, len(report.episodes)) == (downtime_seconds, incidents)
    assert report.contradictions == []


def test_a_report_names_the_maintenance() -> None:
    later = {
        **ANNOUNCED,
        "begins": "2025-11-01T00:00:00Z",
        "ends": "2025-11-01T01:00:00Z",
        "until": "2025-11-01T01:00:00Z",
    }
    before = {**ANNOUNCED, "begins": "2025-10-01T00:00:00Z", "ends": "2025-10-01T01:00:00Z", "reason": "long ago"}
    period = period_of(weeks.FINISHED, weeks.TIMEZONE)
    windows = [before, CANCELLED, ENDED, later]
    files = render("weekly", _week(), [], period, maintenance=windows, catalog=weeks.CATALOG, name="week")
    assert (
        "■ Maintenance windows\n"
        "- 2025-10-24 08:30 to 2025-10-24 12:00, cancelled by mika: New disk (sato)\n"
        "- 2025-10-24 08:30 to 2025-10-24 09:30 (planned to 2025-10-24 12:00, ended by mika): New disk (sato)\n"
        "- 2025-11-01 09:00 to 2025-11-01 10:00: New disk (sato)\n"
    ) in files["week.en.txt"]
    assert (
        "■ メンテナンス時間帯\n- 2025-10-24 08:30から2025-10-24 12:00、mikaが取消: New disk(sato)\n"
        in files["week.ja.txt"]
    )
    assert files["week.html"].count("<li>2025-11-01 09:00") == 2
    assert "long ago" not in files["week.en.txt"]
