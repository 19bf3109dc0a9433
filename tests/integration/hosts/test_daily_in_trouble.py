# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daily procedure on two hosts at a time: healthy, and with the faults that its checks exist for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hosts.breakages import Breakage, differences, read_breakages, rounds
from tests.integration.hosts.plays import on_host, playbook, settle, settle_before_a_round, together

pytestmark = pytest.mark.hosts

#: Hosts whose faults are made at the same time, and found in one play.
TOGETHER = {"estimator-1": "estimator_daily", "ai-diy-1": "ai_diy_daily"}
ROUNDS = list(rounds(read_breakages(TOGETHER)))
Look = Callable[..., Mapping[str, Mapping[str, Any]]]


@pytest.fixture(scope="module")
def daily(hosts: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Return a function that runs the daily procedure on a host and returns its Run record."""
    # Importable only when the session's configuration has put the collection on the path.
    from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

    assert set(TOGETHER) <= set(hosts)
    state: Path = tmp_path_factory.mktemp("daily")

    def run(*asked: str) -> Mapping[str, Mapping[str, Any]]:
        quiet = '{"run_report": false}'
        done = playbook("playbooks/daily.yml", state, "--limit", ",".join(asked), "--extra-vars", quiet)
        opened = store.open_store(f"sqlite:///{state}/store.sqlite", create=False)
        found = {host: store.last_run(opened, host, "daily") for host in asked}
        assert None not in found.values(), done.stdout + done.stderr
        return {host: record for host, record in found.items() if record is not None}

    return run


def test_healthy_systems_are_ok(daily: Look) -> None:
    runs = daily(*TOGETHER)
    assert {host: differences({}, run["results"]) for host, run in runs.items()} == {host: [] for host in runs}


@pytest.mark.parametrize("made", ROUNDS, ids=[" + ".join(map(str, made)) for made in ROUNDS])
def test_exactly_the_check_that_should_names_the_fault(made: tuple[Breakage, ...], daily: Look) -> None:
    settle_before_a_round(*TOGETHER)
    try:
        together(lambda fault: on_host(fault.host, fault.make), made)
        runs = daily(*(fault.host for fault in made))
    finally:
        together(lambda fault: on_host(fault.host, fault.repair), made)
        together(lambda fault: settle(fault.host), made)
    found = {fault.host: differences(fault.expected, runs[fault.host]["results"]) for fault in made}
    assert found == {fault.host: [] for fault in made}


def test_the_journal_is_read_on_from_the_last_look(daily: Look) -> None:
    host = "estimator-1"
    daily(host)
    again = _journal(daily(host)[host])
    on_host(host, "systemctl restart estimator && journalctl --sync")
    after = _journal(daily(host)[host])
    assert again["metrics"]["new_entries"] == 0
    assert 0 < after["metrics"]["new_entries"] < 20
    assert "since the last look" in after["evidence"][0]


def _journal(run: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(result for result in run["results"] if result["check"] == "journal_errors")
