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


def test_systemd_runs_everything(host: Host) -> None:
    assert host.check_output("systemctl is-system-running") == "running"
    assert host.service("ai-diy").is_running
    assert host.service("ai-diy").is_enabled


def test_application_says_that_its_security_is_active(host: Host) -> None:
    answer = json.loads(host.check_output("curl --silent --fail http://127.0.0.1:8000/api/security/status"))
    assert answer["security_status"] == "active"


def test_old_logs_are_compressed_and_none_is_lost(host: Host) -> None:
    today = date.fromisoformat(host.check_output("date +%F"))
    names = set(host.file(LOGS).listdir())
    plain = {name for name in names if name.endswith(".jsonl")}
    oldest_plain = min(name.removeprefix("ai_diy_api_").removesuffix(".jsonl") for name in plain)
    assert date.fromisoformat(oldest_plain) >= today - timedelta(days=8)
    assert len({name.removesuffix(".gz") for name in names}) == len(names) == 34
