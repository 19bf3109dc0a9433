# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monthly and the quarterly procedure on all four hosts, and what they ask of the real metrics database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hosts.breakages import differences
from tests.integration.hosts.plays import on_host, playbook

pytestmark = pytest.mark.hosts
Runs = Mapping[str, Mapping[str, Any]]
NO_HISTORY = "unknown too_little_history"
SERVICE_LEVELS = dict.fromkeys(("slo_availability", "slo_response_time", "slo_error_rate"), NO_HISTORY)
#: What a store says that has seen these hosts for some minutes: no more than it knows.
TRENDS = {
    "estimator-1": {
        **SERVICE_LEVELS,
        **dict.fromkeys(("database_growth", "backup_growth", "disk_growth", "disk_forecast"), NO_HISTORY),
        **dict.fromkeys(("requests_change", "memory_leak"), NO_HISTORY),
    },
    "ai-diy-1": {**SERVICE_LEVELS, **dict.fromkeys(("memory_leak", "disk_forecast"), NO_HISTORY)},
    "aimo-1": dict.fromkeys(("disk_forecast", "llm_cost_change"), NO_HISTORY),
    "smartbox-1": dict.fromkeys(("disk_forecast", "models_and_data_growth"), NO_HISTORY),
}
#: What must be among the results: of each procedure, what only it asks.
ASKED = {
    "monthly": {
        "estimator-1": {"cost", "processing_times", "failed_logins", "restore_drill"},
        "ai-diy-1": {"personal_data", "restore_drill"},
        "aimo-1": {"llm_budget", "error_patterns", "report_sizes", "rules", "rule_hits", "restore_drill"},
        "smartbox-1": {"models", "service_names", "restore_drill"},
    },
    "quarterly": {
        "estimator-1": {"drill_age"},
        "ai-diy-1": {"drill_age"},
        "aimo-1": {"golden_signatures", "pii_detection", "llm_prices"},
        "smartbox-1": {"drill_age"},
    },
}
#: How uneven the month's requests are depends on when the host was made: the check stands or warns of its busiest hour.
DEPENDS_ON_THE_HOUR = "unauthorized"
ADD_SERVICE = """
echo 'requests_total{service="unheard-of"} 7' | curl --fail --silent --data-binary @- \
    http://127.0.0.1:8428/api/v1/import/prometheus
known=http://127.0.0.1:8428/api/v1/label/service/values
timeout 240 sh -c "until curl -s $known | grep -q unheard-of; do sleep 0.5; done"
"""
REMOVE_SERVICE = """
curl --fail --silent --data-urlencode 'match[]={service="unheard-of"}' \
    http://127.0.0.1:8428/api/v1/admin/tsdb/delete_series
"""


@pytest.fixture(scope="module")
def play(hosts: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Runs]:
    """Return a function that runs a procedure and returns the Run record of each host."""
    # Importable only when the session's configuration has put the collection on the path.
    from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

    state: Path = tmp_path_factory.mktemp("monthly")

    def run(procedure: str, *asked: str) -> Runs:
        quiet = '{"run_report": false}'
        done = playbook(f"playbooks/{procedure}.yml", state, "--limit", ",".join(asked or hosts), "--extra-vars", quiet)
        opened = store.open_store(f"sqlite:///{state}/store.sqlite", create=False)
        found = {host: store.last_run(opened, host, procedure) for host in asked or hosts}
        assert None not in found.values(), done.stdout + done.stderr
        return {host: record for host, record in found.items() if record is not None}

    return run


@pytest.fixture(scope="module")
def backed_up(play: Callable[..., Runs]) -> Runs:
    """Make a set on each host: the drill of the month restores the newest one."""
    return play("backup")


@pytest.mark.parametrize("procedure", ASKED)
def test_a_procedure_of_months_on_four_hosts(procedure: str, backed_up: Runs, play: Callable[..., Runs]) -> None:
    for host, run in play(procedure).items():
        results = [one for one in run["results"] if one["check"] != DEPENDS_ON_THE_HOUR]
        assert differences(TRENDS[host], results) == [], (procedure, host)
        assert ASKED[procedure][host] <= {one["check"] for one in results}
        of_the_hour = [one["state"] for one in run["results"] if one["check"] == DEPENDS_ON_THE_HOUR]
        assert set(of_the_hour) <= {"ok", "warning"}


def test_a_service_that_only_the_metrics_database_knows_is_named(play: Callable[..., Runs]) -> None:
    host = "smartbox-1"
    on_host(host, ADD_SERVICE)
    try:
        run = play("monthly", host)[host]
    finally:
        on_host(host, REMOVE_SERVICE)
    result = next(one for one in run["results"] if one["check"] == "service_names")
    assert (result["state"], result["value"]) == ("warning", 1)
    assert any("unheard-of" in line for line in result["evidence"])
