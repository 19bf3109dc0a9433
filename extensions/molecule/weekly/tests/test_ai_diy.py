# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AI-DIY's host is a real one, and the weekly procedure has left its logs as the retention asks."""

from __future__ import annotations

import json
from datetime import date, timedelta

from testinfra.host import Host

from tests.hosts.ssh import CLIENT_CONFIGURATION

testinfra_hosts = [f"ssh://ai-diy-1?ssh_config={CLIENT_CONFIGURATION}"]

LOGS = "/opt/ai-diy/logs"


def day_of(name: str) -> date:
    """Return the day that a log is of."""
    return date.fromisoformat(name.removeprefix("ai_diy_api_").partition(".")[0])


def test_systemd_runs_everything(host: Host) -> None:
    assert host.check_output("systemctl is-system-running") == "running"
    assert host.service("ai-diy").is_running
    assert host.service("ai-diy").is_enabled


def test_application_says_that_its_security_is_active(host: Host) -> None:
    answer = json.loads(host.check_output("curl --silent --fail http://127.0.0.1:8000/api/security/status"))
    assert answer["security_status"] == "active"


def test_old_logs_are_compressed_and_none_is_lost(host: Host) -> None:
    names = host.file(LOGS).listdir()
    days = sorted(map(day_of, names))
    # Since the procedure was there a day may have begun, with a log of its own.
    begun = len(days) - 34
    assert begun in (0, 1)
    assert days == [days[-1] - timedelta(days=age) for age in reversed(range(len(days)))]
    oldest_plain = min(day_of(name) for name in names if name.endswith(".jsonl"))
    assert oldest_plain >= days[-1] - timedelta(days=8 + begun)
