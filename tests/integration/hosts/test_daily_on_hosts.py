# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daily procedure on the Compose host: healthy, and with faults whose causes it has to name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.hosts.breakages import DIRECTORY, differences
from tests.integration.hosts.plays import on_host, playbook

pytestmark = pytest.mark.hosts

HOST = "smartbox-1"
FAULTS: list[dict[str, Any]] = yaml.safe_load((DIRECTORY / "smartbox_daily.yml").read_text(encoding="utf-8"))
Look = Callable[[], Mapping[str, Any]]


@pytest.fixture(scope="module")
def daily(hosts: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Return a function that runs the daily procedure on the host and returns its Run record."""
    # Importable only when the session's configuration has put the collection on the path.
    from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

    assert HOST in hosts
    state: Path = tmp_path_factory.mktemp("daily")

    def run() -> Mapping[str, Any]:
        done = playbook("playbooks/daily.yml", state, "--limit", HOST, "--extra-vars", "run_report=false")
        found = store.last_run(store.open_store(f"sqlite:///{state}/store.sqlite", create=False), HOST, "daily")
        assert found is not None, done.stdout + done.stderr
        return found

    return run


def test_a_healthy_system_is_ok(daily: Look) -> None:
    assert differences({}, daily()["results"]) == []


@pytest.mark.parametrize("fault", FAULTS, ids=[str(fault["name"]) for fault in FAULTS])
def test_exactly_the_checks_that_should_name_the_fault(fault: Mapping[str, Any], daily: Look) -> None:
    try:
        on_host(HOST, fault["break"])
        run = daily()
    finally:
        on_host(HOST, fault["repair"])
    assert differences(fault["expect"], run["results"]) == []
    reasons = {result["check"]: result["reason"]["fields"] for result in run["results"]}
    named = {check: reasons[check].get("cause", {}).get("en") for check in fault.get("causes", {})}
    assert named == fault.get("causes", {})
