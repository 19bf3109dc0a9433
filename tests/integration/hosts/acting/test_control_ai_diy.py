# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop, restart and configuration of a systemd service on its real host, and the ways in which they can fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted, act_on
from tests.integration.hosts.plays import on_host, settle

pytestmark = pytest.mark.xdist_group("ai-diy-1")
HOST = "ai-diy-1"
MODELS = "/opt/ai-diy/models_config.json"
ENVIRONMENT = "/opt/ai-diy/.env"
EVIDENCE = "/var/lib/ai-diy/evidence"


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
def mended() -> Iterator[None]:
    """Put configuration and service back as they were after the test."""
    on_host(HOST, f"cp -p {MODELS} /root/models; cp -p {ENVIRONMENT} /root/environment")
    yield
    on_host(
        HOST,
        f"""cp -p /root/models {MODELS}; cp -p /root/environment {ENVIRONMENT}
        rm -f {MODELS}.*.bak {ENVIRONMENT}.*.bak {ENVIRONMENT}.raised
        systemctl reset-failed ai-diy.service 2>/dev/null || true
        systemctl restart ai-diy.service""",
    )
    settle(HOST)


def pid(host: testinfra.host.Host) -> str:
    """Return the service's main process."""
    return str(host.check_output("systemctl show -p MainPID --value ai-diy.service"))


def state_of(host: testinfra.host.Host) -> str:
    """Return everything that a procedure could have changed."""
    unit = "systemctl show -p MainPID,ActiveState ai-diy.service"
    return str(host.run(f"{unit}; ls -A /opt/ai-diy {EVIDENCE} 2>&1; md5sum {MODELS} {ENVIRONMENT}").stdout)


def test_restart_saves_the_evidence_first_and_is_capped(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    before, first = state_of(host), pid(host)
    planned = act("restart", "--check")
    assert planned.returncode == 0, planned.output
    assert state_of(host) == before
    done = act("restart")
    assert done.returncode == 0, done.output
    assert (done.states["restart_services"], done.states["verify_services"]) == ("done", "skipped")
    assert pid(host) != first
    saved = done.detail("save_evidence")
    evidence = host.file(saved["directory"] + "/evidence.txt")
    assert evidence.mode == 0o600
    assert f"pid: {first}" in evidence.content_string
    assert "== journal of ai-diy.service" in evidence.content_string
    assert any("ai_diy_api_" in path and host.file(path).size > 0 for path in saved["saved"])
    second = pid(host)
    for attempts, reason in (
        ({"at_most": 9, "within_hours": 24, "cool_down_minutes": 600}, "still cooling down; possible again at"),
        ({"at_most": 1, "within_hours": 24}, "tried 1 times in 24 hours, which is the limit"),
    ):
        refused = act("restart", "-e", json.dumps({"ai_diy_attempts": attempts}))
        assert refused.returncode != 0
        assert reason in " ".join(refused.output.split())
        assert pid(host) == second


def test_stop_then_start_then_nothing_left_to_do(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    stopped = act("stop")
    assert stopped.returncode == 0, stopped.output
    assert not host.service("ai-diy.service").is_running
    started = act("start")
    assert started.returncode == 0, started.output
    assert host.service("ai-diy.service").is_running
    assert started.states["start_services"] == "done"


def test_an_invalid_configuration_is_never_started(
    host: testinfra.host.Host, act: Callable[..., Acted], mended: None
) -> None:
    first = pid(host)
    on_host(HOST, f"""echo '{{"default": "x", "favorites": ["y"]}}' > {MODELS}""")
    for arguments in (["--check"], []):
        refused = act("restart", *arguments)
        assert refused.returncode != 0
        assert "default is not one of favorites" in refused.output
        assert pid(host) == first


def test_the_first_cause_of_a_failed_start_is_named(
    host: testinfra.host.Host, act: Callable[..., Acted], mended: None
) -> None:
    on_host(
        HOST,
        """systemctl stop ai-diy.service
        systemd-run --unit=squatter --collect python3 -m http.server --bind 127.0.0.1 8000
        until ss -Hltn 'sport = :8000' | grep -q .; do sleep 0.1; done""",
    )
    try:
        # On a busy machine a program takes more than a second to find that its port is taken.
        failed = act("start", "-e", "service_control_steady_seconds=5")
    finally:
        on_host(HOST, "systemctl stop squatter ai-diy.service")
    assert failed.returncode != 0
    assert failed.states["start_services"] == "failed"
    assert "another program has its port" in failed.detail("explain_start")["message"]


def test_a_start_in_detail_puts_the_level_back(
    host: testinfra.host.Host, act: Callable[..., Acted], mended: None
) -> None:
    done = act("start_debug", "-e", "debug_start_seconds=5")
    assert done.returncode == 0, done.output
    assert "LOG_LEVEL=INFO" in host.file(ENVIRONMENT).content_string
    assert not host.file(ENVIRONMENT + ".raised").exists
    said = host.file(done.detail("start_in_detail")["directory"] + "/evidence.txt").content_string
    assert "Started ai-diy.service" in said
    # A start that was interrupted left the level raised.
    on_host(HOST, f"sed -i s/LOG_LEVEL=INFO/LOG_LEVEL=DEBUG/ {ENVIRONMENT}; printf INFO > {ENVIRONMENT}.raised")
    mended_by_restart = act("restart")
    assert mended_by_restart.returncode == 0, mended_by_restart.output
    assert mended_by_restart.states["put_back_log_level"] == "done"
    assert "LOG_LEVEL=INFO" in host.file(ENVIRONMENT).content_string
    assert not host.file(ENVIRONMENT + ".raised").exists


def wanted(file: str, key: str, value: Any) -> str:
    """Return the extra variables that set a value."""
    return json.dumps({"configure_set": [{"file": file, "key": key, "value": value}]})


def test_a_value_is_set_restarted_verified_and_goes_back_on_demand(
    host: testinfra.host.Host, act: Callable[..., Acted], mended: None
) -> None:
    old, first = host.file(MODELS).content_string, pid(host)
    change = ("-e", wanted("models", "default", "anthropic/claude-3.5-haiku"))
    before = state_of(host)
    assert act("configure", *change, "--check").returncode == 0
    assert state_of(host) == before
    done = act("configure", *change)
    assert done.returncode == 0, done.output
    new = host.file(MODELS).content_string
    assert new == old.replace('"default": "openai/gpt-4o-mini"', '"default": "anthropic/claude-3.5-haiku"')
    second = pid(host)
    assert second != first
    again = act("configure", *change)
    assert (again.returncode, again.states["configure"], pid(host)) == (0, "skipped", second)
    back = act("rollback", "-e", '{"configure_only": ["models"]}')
    assert back.returncode == 0, back.output
    assert host.file(MODELS).content_string == old
    assert pid(host) != second


def test_what_the_validator_refuses_is_never_applied(
    host: testinfra.host.Host, act: Callable[..., Acted], mended: None
) -> None:
    before = state_of(host)
    refused = act("configure", "-e", wanted("models", "default", "nobody/knows"))
    assert refused.returncode != 0
    assert "default is not one of favorites" in refused.output
    assert state_of(host) == before


def test_a_configuration_with_which_it_does_not_start_goes_back_by_itself(
    host: testinfra.host.Host, act: Callable[..., Acted], mended: None
) -> None:
    old = host.file(ENVIRONMENT).content_string
    failed = act("configure", "-e", wanted("environment", "PYTHONHOME", "/nowhere"))
    assert failed.returncode != 0
    assert "the old configuration is back and the system is well" in failed.output
    assert host.file(ENVIRONMENT).content_string == old
    assert host.service("ai-diy.service").is_running
    assert host.check_output("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8000/health") == "200"


def test_records_go_by_their_class_from_rotated_files_alone(
    host: testinfra.host.Host, act: Callable[..., Acted]
) -> None:
    logs = "/opt/ai-diy/logs"
    on_host(
        HOST,
        f"""python3 - <<'END'
import gzip, json, os, time
then = time.time() - 100 * 86400
stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then))
lines = [json.dumps({{"timestamp": stamp, "logger": f"ai_diy.{{name}}"}}) for name in ("api", "security", "audit")]
with gzip.open("{logs}/ai_diy_api_20260101.jsonl.gz", "wt") as file:
    file.write("\\n".join(lines) + "\\n")
os.utime("{logs}/ai_diy_api_20260101.jsonl.gz", (then, then))
END""",
    )
    try:
        refused = act("retention")
        assert "run_confirm=ai-diy-1" in refused.output
        done = act("retention", "-e", "run_confirm=ai-diy-1")
        assert done.returncode == 0, done.output
        kept = host.check_output(f"zcat {logs}/ai_diy_api_20260101.jsonl.gz").splitlines()
        assert [json.loads(line)["logger"] for line in kept] == ["ai_diy.audit"]
        due = {one["path"]: one for one in done.detail("apply_record_retention")["due"]}
        assert due[f"{logs}/ai_diy_api_20260101.jsonl.gz"]["removed"] == {"application": 1, "security": 1}
        assert host.check_output(f"ls -t {logs}/*.jsonl | head -1") not in due
        again = act("retention", "-e", "run_confirm=ai-diy-1")
        assert again.states["apply_record_retention"] == "skipped"
    finally:
        on_host(HOST, f"rm -f {logs}/ai_diy_api_20260101.jsonl.gz")
