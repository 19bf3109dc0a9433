# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The weekly procedure when a host itself is in trouble, in check mode, and when it acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.hosts.containers import podman
from tests.hosts.definition import load_hosts
from tests.hosts.lifecycle import wait_until_running
from tests.integration.hosts.breakages import differences
from tests.integration.hosts.plays import Play, on_host, settle

pytestmark = pytest.mark.hosts
HOSTS = {host.name: host for host in load_hosts()}

# Something is due on three hosts, and the fourth has nothing to do.
MAKE_WORK = {
    "estimator-1": "truncate --size=105M /var/log/estimator/debug.log",
    "ai-diy-1": "touch --date 2020-01-01 /opt/ai-diy/logs/ai_diy_api_20200101.jsonl",
    "aimo-1": """
        cd /opt/aimo/data/work
        /opt/aimo/.venv/bin/python -c "
import duckdb
connection = duckdb.connect('/opt/aimo/data/cache/aimo.duckdb', read_only=True)
query = \\"SELECT run_id FROM runs WHERE status = 'succeeded' ORDER BY started_at LIMIT 1\\"
print(connection.execute(query).fetchone()[0])" > /root/old-run
        mkdir -p "$(cat /root/old-run)/raw"
        touch -d '20 days ago' "$(cat /root/old-run)/raw" "$(cat /root/old-run)"
    """,
}
DONE = {"estimator-1": {"rotate_logs"}, "ai-diy-1": {"apply_log_retention"}, "aimo-1": {"remove_work_directories"}}
# What the systems themselves write all the time, and what any login leaves.
LIVING = (
    "^/(proc|sys|run|dev|tmp)/|^/var/(log/(journal|apache2|estimator/backend|wtmp|lastlog|btmp)|lib/(docker|containerd|systemd|victoria-metrics))"
    "|^/opt/ai-estimator2/backend/app.db|^/opt/ai-diy/logs/ai_diy_api_[0-9]*.jsonl$|^/opt/smartbox/logs/inference.log$|^/root/.cache/"
)


@pytest.fixture
def work(mended: Play) -> Iterator[None]:
    """Make work for the procedure, and take it away in case nobody did it."""
    for host, script in MAKE_WORK.items():
        on_host(host, script)
    yield
    on_host("estimator-1", "rm -f /var/log/estimator/debug.log*")
    on_host("ai-diy-1", "rm -f /opt/ai-diy/logs/*20200101*")
    on_host("aimo-1", 'rm -rf "/opt/aimo/data/work/$(cat /root/old-run)"')


def test_check_mode_plans_the_work_and_changes_nothing(work: None, weekly: Callable[..., Play]) -> None:
    before = weekly_runs(weekly("--check"))
    for host in HOSTS:
        on_host(host, "touch /root/marker; sleep 0.1")
    play = weekly("--check")
    assert play.returncode == 0, play.output
    for name in ("rotate_logs", "apply_log_retention", "remove_work_directories"):
        assert name in play.output
    assert weekly_runs(play) == before
    changed = {
        host: on_host(host, f"find / -xdev -newer /root/marker -type f | grep -vE '{LIVING}' || true") for host in HOSTS
    }
    assert changed == dict.fromkeys(HOSTS, "")


def test_due_work_is_done_once(work: None, weekly: Callable[..., Play]) -> None:
    first, second = weekly(), weekly()
    for host in HOSTS:
        assert changes(first, host) == DONE.get(host, set()), first.output
        assert changes(second, host) == set(), second.output
    assert on_host("estimator-1", "find /var/log/estimator -size +100M") == ""
    assert on_host("aimo-1", 'ls -d "/opt/aimo/data/work/$(cat /root/old-run)" 2> /dev/null || true') == ""


def test_a_host_that_is_down_is_recorded_and_costs_the_others_nothing(
    mended: Play, weekly: Callable[..., Play]
) -> None:
    down = HOSTS["ai-diy-1"]
    podman("stop", "--time", "2", down.container)
    try:
        play = weekly()
    finally:
        podman("start", down.container)
        wait_until_running(down)
        settle(down.name)
    run = play.runs[down.name]
    assert (run["reachable"], run["state"], run["results"]) == (False, "critical", [])
    assert run["failure"]["message"]
    assert faults_of_others(play, down.name) == []
    assert play.returncode != 0


def test_a_host_without_python_is_named(mended: Play, weekly: Callable[..., Play]) -> None:
    on_host("ai-diy-1", "mv /usr/bin/python3.11 /usr/bin/python3.11.kept")
    try:
        play = weekly()
    finally:
        on_host("ai-diy-1", "mv /usr/bin/python3.11.kept /usr/bin/python3.11; systemctl restart ai-diy")
        settle("ai-diy-1")
    assert "python" in play.runs["ai-diy-1"]["failure"]["message"].lower()
    assert faults_of_others(play, "ai-diy-1") == []
    assert play.returncode != 0


def faults_of_others(play: Play, host: str) -> list[str]:
    """Return what is not ok on all hosts but one."""
    return [fault for other in HOSTS if other != host for fault in differences({}, play.runs[other]["results"])]


def weekly_runs(play: Play) -> dict[str, str]:
    """Return which run is the newest of each host."""
    return {host: run["id"] for host, run in play.runs.items()}


def changes(play: Play, host: str) -> set[str]:
    """Return the names of the actions that changed something on a host."""
    return {action["name"] for action in play.runs[host]["actions"] if action["changed"]}
