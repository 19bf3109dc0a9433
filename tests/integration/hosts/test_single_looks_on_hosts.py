# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that no fault of the tables can reach, each on the real host that it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hosts.definition import INVENTORY
from tests.integration.ansible_module import call_module_on
from tests.integration.hosts.plays import SOON_GONE, on_host, playbook

pytestmark = pytest.mark.hosts


def look(host: str, *checks: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Ask a host in one look and return its results by the names of the checks."""
    asked = [{"name": check["kind"], "timeout_seconds": 60, **check} for check in checks]
    done = call_module_on(host, INVENTORY, "checks_info", {"system": "wiki", "checks": asked})
    return {result["check"]: result for result in done.result["results"]}


def test_the_processes_of_a_container_are_measured_on_their_host(hosts: tuple[str, ...]) -> None:
    container = {"compose_project_directory": "/opt/smartbox", "compose_service": "yaga"}
    usage = {"kind": "process_usage", "parameters": {"manager": "compose", **container}, "warning": "> 1"}
    result = look("smartbox-1", usage)["process_usage"]
    assert (result["state"], result["reason"]["id"]) == ("warning", "level_reached")
    assert result["metrics"]["processes"] >= 1
    assert result["value"] > 1 << 20


def figures(host: str) -> tuple[float, float]:
    """Return how much of a host's memory and of its processors is in use, in percent."""
    results = look(host, {"kind": "memory"}, {"kind": "cpu"})
    return results["memory"]["value"], results["cpu"]["value"]


def test_memory_that_is_taken_and_processors_that_are_busy_reach_their_levels(hosts: tuple[str, ...]) -> None:
    """The hosts share their machine's memory: a part of it is really taken, and the level lies between."""
    host = "ai-diy-1"
    before, _busy = figures(host)
    memory = {"kind": "memory", "critical": f">= {before + 4}"}
    processors = {"kind": "cpu", "parameters": {"sample_seconds": 2}, "warning": "> 85"}
    taking = (
        "import pathlib, re, time; "
        "total = int(re.search(r'MemTotal: +(\\d+)', pathlib.Path('/proc/meminfo').read_text())[1]); "
        "taken = bytes([1]) * (total * 1024 * 8 // 100); "
        "pathlib.Path('/run/taken').touch(); time.sleep(3600)"
    )
    loops = "while :; do :; done"
    try:
        on_host(
            host,
            f"""
            rm -f /run/taken
            busy="systemd-run --quiet {SOON_GONE} --property=RuntimeMaxSec=900"
            for number in $(seq $(($(nproc) * 4))); do $busy --unit=busy-$number sh -c '{loops}'; done
            $busy --unit=busy-memory python3 -c "{taking}"
            until [ -e /run/taken ]; do sleep 0.1; done
            """,
        )
        loud = look(host, memory, processors)
    finally:
        on_host(host, "systemctl stop 'busy-*.service'; rm -f /run/taken")
    reasons = {name: (result["state"], result["reason"]["id"]) for name, result in loud.items()}
    assert reasons == {"memory": ("critical", "level_reached"), "cpu": ("warning", "level_reached")}, loud
    assert loud["cpu"]["value"] <= 100
    assert before + 4 < loud["memory"]["value"] < 100
    after = look(host, memory)
    assert after["memory"]["state"] == "ok", after


@pytest.mark.parametrize(("password", "state"), [("estimator-demo", "ok"), ("another", "critical")])
def test_health_is_asked_through_the_public_name(
    hosts: tuple[str, ...], tmp_path: Path, password: str, state: str
) -> None:
    # Importable only when the session's configuration has put the collection on the path.
    from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

    host = "estimator-1"
    asked = f"estimator_public_url=https://estimator.test/api/v1/health estimator_public_password={password}"
    limit = ("--limit", host, "--extra-vars", asked, "--extra-vars", '{"run_report": false}')
    done = playbook("playbooks/daily.yml", tmp_path, *limit)
    run = store.last_run(store.open_store(f"sqlite:///{tmp_path}/store.sqlite", create=False), host, "daily")
    assert run is not None, done.stdout + done.stderr
    states = {result["check"]: result["state"] for result in run["results"]}
    assert states["public_health"] == state, run["results"]
    assert password not in done.stdout
