# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart, configuration and log archives of containers on their real host."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted, act_on
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("smartbox-1")
HOST = "smartbox-1"
COMPOSE = "/opt/smartbox/docker-compose.yml"
LOGS = "/opt/smartbox/logs"


@pytest.fixture(autouse=True)
def host(prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]) -> testinfra.host.Host:
    """Return the healthy host."""
    prepared(HOST)
    return testinfra_host(HOST)


@pytest.fixture
def act(tmp_path: Path) -> Callable[..., Acted]:
    """Return a function that runs a procedure; attempts are counted anew in every test."""
    return lambda procedure, *arguments: act_on(tmp_path, procedure, HOST, *arguments)


@pytest.fixture
def compose_file(host: testinfra.host.Host) -> Iterator[str]:
    """Return the compose file's content, and put it back after the test."""
    content = str(host.file(COMPOSE).content_string)
    on_host(HOST, f"cp -p {COMPOSE} /root/compose.yml")
    yield content
    on_host(
        HOST,
        f"""cmp -s /root/compose.yml {COMPOSE} || cp -p /root/compose.yml {COMPOSE}
        rm -f {COMPOSE}.*.bak; cd /opt/smartbox; docker compose up --detach --wait --wait-timeout 300""",
    )


def started(host: testinfra.host.Host) -> str:
    """Return which container runs the detection, since when and with how much memory."""
    form = "{{.Id}} {{.State.StartedAt}} {{.HostConfig.Memory}} {{.State.Health.Status}}"
    return str(host.check_output(f"docker inspect smartbox-anomaly --format '{form}'"))


def wanted(key: list[str], value: Any) -> str:
    """Return the extra variables that set a value of the compose file."""
    return json.dumps({"configure_set": [{"file": "compose", "key": ["services", "yaga", *key], "value": value}]})


def test_restart_saves_the_evidence_and_leaves_the_dashboard_alone(
    host: testinfra.host.Host, act: Callable[..., Acted]
) -> None:
    before = started(host)
    dashboard = host.check_output("docker inspect smartbox-admin-dashboard-1 --format '{{.State.StartedAt}}'")
    assert act("restart", "--check").returncode == 0
    assert started(host) == before
    done = act("restart")
    assert done.returncode == 0, done.output
    after = started(host)
    assert after != before
    assert after.endswith(" healthy")
    assert host.check_output("docker inspect smartbox-admin-dashboard-1 --format '{{.State.StartedAt}}'") == dashboard
    evidence = host.file(done.detail("save_evidence")["directory"] + "/evidence.txt").content_string
    assert "== output of yaga" in evidence
    assert f"== last lines of {LOGS}/inference.log" in evidence


def test_resources_are_set_applied_and_go_back_on_demand(
    host: testinfra.host.Host, act: Callable[..., Acted], compose_file: str
) -> None:
    change = ("-e", "configure_preset=reduce_resources")
    before = started(host)
    assert act("configure", *change, "--check").returncode == 0
    assert (host.file(COMPOSE).content_string, started(host)) == (compose_file, before)
    done = act("configure", *change)
    assert done.returncode == 0, done.output
    new = host.file(COMPOSE).content_string
    assert "          memory: 2G\n" in new
    assert [line for line in compose_file.splitlines() if line not in new.splitlines()] == []
    assert " 2147483648 healthy" in started(host)
    again = act("configure", *change)
    assert (again.returncode, again.states["configure"]) == (0, "skipped")
    back = act("rollback", "-e", '{"configure_only": ["compose"]}')
    assert back.returncode == 0, back.output
    assert host.file(COMPOSE).content_string == compose_file
    assert " 0 healthy" in started(host)


def test_what_compose_refuses_is_never_applied(
    host: testinfra.host.Host, act: Callable[..., Acted], compose_file: str
) -> None:
    before = started(host)
    refused = act("configure", "-e", wanted(["deploy", "resources", "limits", "memory"], "plenty"))
    assert refused.returncode != 0
    assert "refuses it with status" in refused.output
    assert (host.file(COMPOSE).content_string, started(host)) == (compose_file, before)


def test_a_service_that_does_not_start_with_it_goes_back_by_itself(
    host: testinfra.host.Host, act: Callable[..., Acted], compose_file: str
) -> None:
    failed = act("configure", "-e", wanted(["entrypoint"], "/missing"))
    assert failed.returncode != 0
    assert "the old configuration is back and the system is well" in " ".join(failed.output.split())
    assert host.file(COMPOSE).content_string == compose_file
    assert started(host).endswith(" healthy")


def test_containers_are_stopped_and_started_by_compose(
    host: testinfra.host.Host, act: Callable[..., Acted], tmp_path: Path
) -> None:
    running = "cd /opt/smartbox; docker compose ps --services --filter status=running"
    try:
        stopped = act("stop")
        assert stopped.states["stop_services"] == "done", stopped.output
        assert on_host(HOST, running).split() == []
        assert host.file(stopped.detail("save_evidence")["directory"] + "/evidence.txt").contains("^== output of yaga$")
    finally:
        begun = act("start")
    assert begun.returncode == 0, begun.output
    assert sorted(on_host(HOST, running).split()) == ["admin-dashboard", "yaga"]
    healthy = started(host)
    assert healthy.endswith(" healthy")
    # A store of its own: a second attempt within the cool-down would be refused.
    assert act_on(tmp_path / "again", "start", HOST).states["start_services"] == "skipped"
    assert started(host) == healthy


#: A detection that runs without a container, and does not end when it is asked to while there is the file `stubborn`.
PROGRAM = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: None if os.path.exists("/root/pid/stubborn") else os._exit(0))
print("up", flush=True)
while not os.path.exists("/root/pid/broken"):
    time.sleep(0.1)
raise SystemExit("no such metric")
"""
PID_FILE = "/root/pid/detection.pid"
BY_PID_FILE = json.dumps(
    {
        "smartbox_manager": "pid_file",
        "smartbox_pid_file": PID_FILE,
        "smartbox_process": "/root/pid/detection.py",
        "smartbox_start_command": ["python3", "/root/pid/detection.py"],
        "smartbox_start_directory": "/root/pid",
        "smartbox_evidence": "/root/pid/evidence",
        "service_control_only": ["detection"],
    }
)


def test_a_program_with_a_pid_file_is_controlled_by_it_within_bounds(
    host: testinfra.host.Host, act: Callable[..., Acted], tmp_path: Path
) -> None:
    def process() -> str:
        return str(host.file(PID_FILE).content_string).strip()

    arguments = ("-e", BY_PID_FILE)
    # Another process with the same command line: no pid file names it, and nothing is ever done to it.
    on_host(
        HOST,
        f"mkdir -p /root/pid; cat > /root/pid/detection.py <<'END'\n{PROGRAM}END\n"
        "systemd-run --quiet --collect --unit=namesake python3 /root/pid/detection.py",
    )
    namesake = host.check_output("systemctl show --property MainPID --value namesake")
    try:
        assert "Planned: start_services" in act("start", *arguments, "--check").output
        assert not host.file(PID_FILE).exists
        begun = act("start", *arguments)
        assert begun.returncode == 0, begun.output
        first = process()
        assert "detection.py" in host.file(f"/proc/{first}/cmdline").content_string
        on_host(HOST, "touch /root/pid/stubborn")
        restarted = act("restart", *arguments, "-e", "service_control_force_after_seconds=2")
        assert restarted.states["restart_services"] == "done", restarted.output
        assert (
            f"pid: {first}"
            in host.file(restarted.detail("save_evidence")["directory"] + "/evidence.txt").content_string
        )
        second = process()
        assert second != first
        assert not host.file(f"/proc/{first}").exists
        stopped = act("stop", *arguments, "-e", "service_control_force_after_seconds=2")
        assert stopped.states["stop_services"] == "done", stopped.output
        assert not host.file(PID_FILE).exists
        assert not host.file(f"/proc/{second}").exists
        assert act("stop", *arguments).states["stop_services"] == "skipped"
        assert host.check_output("systemctl show --property MainPID --value namesake") == namesake != "0"
        # What ends at once was not started; a store of its own, because attempts have a cool-down.
        on_host(HOST, "systemctl kill --signal=KILL namesake; touch /root/pid/broken")
        failed = act_on(tmp_path / "later", "start", HOST, *arguments, "-e", "service_control_steady_seconds=5")
        assert failed.states["start_services"] == "failed", failed.output
        assert "Its last lines are in" in failed.detail("start_services")["message"]
        assert host.file(f"{PID_FILE}.log").contains("no such metric")
    finally:
        on_host(
            HOST,
            f"""systemctl kill --signal=KILL namesake 2> /dev/null || true
            if [ -s {PID_FILE} ]; then kill -KILL $(cat {PID_FILE}) || true; fi; rm -rf /root/pid""",
        )


WRITER = """
import pathlib, time
number, logs = 0, pathlib.Path("/app/logs")
with open(logs / "inference.log", "a", buffering=1) as log:
    while not (logs / "stop").exists():
        number += 1
        log.write(f"numbered {number}\\n")
        time.sleep(0.01)
(logs / "written").write_text(str(number))
"""
#: Waits until there is a line of it in the log that is written now.
WRITES = f"until grep -aq ^numbered {LOGS}/inference.log; do sleep 0.1; done"


def test_logs_are_archived_and_no_line_of_a_job_is_lost(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    on_host(HOST, f"rm -f {LOGS}/inference.log-* {LOGS}/stop {LOGS}/written")
    planned = act("retention", "--check")
    assert planned.returncode == 0, planned.output
    assert host.run(f"ls {LOGS}/inference.log-*").rc != 0
    try:
        on_host(HOST, f"docker exec --detach smartbox-anomaly python3 -c '{WRITER}'\n{WRITES}")
        done = act("retention")
        assert done.returncode == 0, done.output
        on_host(HOST, WRITES)
    finally:
        on_host(HOST, f"touch {LOGS}/stop; while [ ! -s {LOGS}/written ]; do sleep 0.1; done")
    [archive] = host.check_output(f"ls {LOGS}/inference.log-*").split()
    archived = host.check_output(f"zcat {archive} | grep -a ^numbered").splitlines()
    live = host.check_output(f"grep -a ^numbered {LOGS}/inference.log").splitlines()
    assert archived
    assert live
    count = int(host.check_output(f"cat {LOGS}/written"))
    assert [*archived, *live] == [f"numbered {number}" for number in range(1, count + 1)]
    on_host(HOST, f"rm -f {LOGS}/stop {LOGS}/written")
