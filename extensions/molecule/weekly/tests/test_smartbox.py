# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Smartbox host is a real one: Docker, Compose 2, the two services as containers."""

from __future__ import annotations

import json

from testinfra.host import Host

from tests.hosts.ssh import CLIENT_CONFIGURATION

testinfra_hosts = [f"ssh://smartbox-1?ssh_config={CLIENT_CONFIGURATION}"]


def test_systemd_runs_everything(host: Host) -> None:
    assert host.check_output("systemctl is-system-running") == "running"
    assert host.service("docker").is_running


def test_compose_is_version_two(host: Host) -> None:
    assert host.check_output("docker compose version --short").startswith("2.")


def test_both_services_run(host: Host) -> None:
    listed = host.check_output("docker compose --project-directory /opt/smartbox ps --format json")
    states = {one["Service"]: one["State"] for one in map(json.loads, listed.splitlines())}
    assert states == {"yaga": "running", "admin-dashboard": "running"}


def test_dashboard_answers_through_the_published_port(host: Host) -> None:
    assert json.loads(host.check_output("curl --silent --fail http://127.0.0.1:8050/api/health"))["status"] == "healthy"


def test_container_writes_to_the_host(host: Host) -> None:
    assert host.file("/opt/smartbox/logs/inference.log").size > 0
    assert host.check_output("docker inspect --format '{{.HostConfig.LogConfig.Config}}' smartbox-anomaly") == (
        "map[max-file:3 max-size:10m]"
    )
