# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daily procedure on hosts of two systems: healthy, and with faults whose causes it has to name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.hosts.breakages import DIRECTORY, differences
from tests.integration.hosts.plays import on_host, playbook, settle, settle_before_a_round

pytestmark = pytest.mark.hosts

TABLES = {"smartbox-1": "smartbox_daily.yml", "aimo-1": "aimo_daily.yml"}
FAULTS: list[tuple[str, dict[str, Any]]] = [
    (host, fault)
    for host, table in TABLES.items()
    for fault in yaml.safe_load((DIRECTORY / table).read_text(encoding="utf-8"))
]
Look = Callable[[str], Mapping[str, Any]]


@pytest.fixture(scope="module")
def daily(hosts: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Return a function that runs the daily procedure on a host and returns its Run record."""
    # Importable only when the session's configuration has put the collection on the path.
    from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

    assert set(TABLES) <= set(hosts)
    state: Path = tmp_path_factory.mktemp("daily")

    def run(host: str) -> Mapping[str, Any]:
        done = playbook("playbooks/daily.yml", state, "--limit", host, "--extra-vars", "run_report=false")
        found = store.last_run(store.open_store(f"sqlite:///{state}/store.sqlite", create=False), host, "daily")
        assert found is not None, done.stdout + done.stderr
        return found

    return run


@pytest.mark.parametrize("host", TABLES)
def test_a_healthy_system_is_ok(host: str, daily: Look) -> None:
    assert differences({}, daily(host)["results"]) == []


@pytest.mark.parametrize(("host", "fault"), FAULTS, ids=[f"{host}: {fault['name']}" for host, fault in FAULTS])
def test_exactly_the_checks_that_should_name_the_fault(host: str, fault: Mapping[str, Any], daily: Look) -> None:
    settle_before_a_round(host)
    try:
        on_host(host, fault["break"])
        run = daily(host)
    finally:
        on_host(host, fault["repair"])
        settle(host)
    assert differences(fault["expect"], run["results"]) == []
    reasons = {result["check"]: result["reason"]["fields"] for result in run["results"]}
    named = {check: reasons[check].get("cause", {}).get("en") for check in fault.get("causes", {})}
    assert named == fault.get("causes", {})
