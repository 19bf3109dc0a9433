# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents caused for real, and healed or escalated as the ladder says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.hosts.acting.incidents import Desk, desk_for
from tests.integration.hosts.acting.power import power_on
from tests.integration.hosts.plays import SOON_GONE, on_host
from tests.unit.notify.mailbox import PASSWORD

HOST = "estimator-1"
pytestmark = pytest.mark.xdist_group("estimator-1")
#: The processors are the whole machine's, on which other tests are at work: how busy they are is not this host's doing.
NOT_OURS: dict[str, Any] = {"name": "cpu", "kind": "command", "parameters": {"argv": ["true"]}}
#: Short waits for what no step heals, and a provider that is well.
QUICK = (
    "-e",
    # On a busy machine a program takes more than a second to find that its port is taken.
    "estimator_heal_seconds=2 estimator_provider_seconds=120 incident_verify_interval_seconds=1"
    " service_control_steady_seconds=5",
    "-e",
    "estimator_provider_status_url=http://127.0.0.1:8101/status.json",
    "-e",
    json.dumps({"system_check_changes": [NOT_OURS]}),
)
#: What a step heals is waited for: on a busy machine a start takes its time.
HEALS = (*QUICK, "-e", "estimator_heal_seconds=120 estimator_reboot_seconds=900")
#: Says that the provider is well, so many seconds after it was first asked and answered 503.
PROVIDER = """
import http.server, json, sys, time
asked = []
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(time.monotonic())
        well = asked[-1] - asked[0] >= float(sys.argv[1])
        self.send_response(200 if well else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"status": {"indicator": "none"}}).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", 8101), Handler).serve_forever()
"""


def provider(sick_seconds: float) -> None:
    """Run the stand-in of the provider's status page."""
    on_host(
        HOST,
        f"""systemctl stop provider 2> /dev/null || true
cat > /root/provider.py <<'END'
{PROVIDER}
END
cat > /etc/systemd/system/provider.service <<'END'
[Service]
ExecStart=/usr/bin/python3 /root/provider.py {sick_seconds}
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload; systemctl enable --quiet --now provider
until ss -ltn | grep -q :8101; do sleep 0.1; done""",
    )


@pytest.fixture(scope="module")
def desk(prepared: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return a healthy host with its receivers."""
    prepared(HOST)
    provider(0)
    with desk_for(HOST, tmp_path_factory.mktemp("incidents")) as desk:
        yield desk
    on_host(HOST, "systemctl disable --quiet --now provider; rm /etc/systemd/system/provider.service")


@pytest.fixture(autouse=True)
def own_incident(desk: Desk) -> Iterator[None]:
    """End the incident of each test."""
    yield
    desk.close()
    desk.hook.texts.clear()
    desk.box.mails.clear()


def test_a_killed_service_is_restarted_and_those_who_are_told_hear_of_the_end(desk: Desk) -> None:
    on_host(
        HOST,
        """mkdir -p /run/systemd/system/estimator.service.d
printf '[Service]\\nRestart=no\\n' > /run/systemd/system/estimator.service.d/no.conf
systemctl daemon-reload; systemctl kill -s KILL estimator
until systemctl is-failed --quiet estimator; do sleep 0.1; done""",
    )
    try:
        planned = desk.act("--check", *HEALS)
        assert "incident_restart_backend" in planned.output
        assert not (desk.state / "store.sqlite").exists(), "a plan leaves no trace"
        acted = desk.act(*HEALS)
    finally:
        on_host(HOST, "rm /run/systemd/system/estimator.service.d/no.conf; systemctl daemon-reload")
    assert acted.returncode == 0, acted.output
    assert acted.states == {"incident_restart_backend": "done"}
    assert desk.steps() == {"incident_restart_backend": "healed"}
    incident, events = desk.incident(), desk.events()
    assert (incident["level"], incident["state"]) == ("P1", "recovered")
    kinds = [event["kind"] for event in events]
    assert kinds == ["detected", "told", "evidence", "rung", "recovered", "told"]
    assert events[2]["elapsed_seconds"] < 300, "the evidence is gathered within five minutes"
    assert any("ActiveState=failed" in line for line in desk.evidence()["unit estimator.service"])
    # Operations and the manager, by webhook and by mail, in their language; the start and the end.
    assert [mail["To"] for mail in desk.box.mails] == ["infrastructure@example.com", "operations@example.com"] * 2
    assert len(desk.hook.told("【障害報告】")) == 4
    assert len(desk.hook.told("復旧時刻")) == 2
    assert len({mail["Message-ID"] for mail in desk.box.mails}) == 4
    final = next((desk.state / "reports").glob("*.final.en.txt")).read_text(encoding="utf-8")
    assert "Restart of the backend → recovered" in final
    for secret in (PASSWORD, "geheim"):
        assert secret not in acted.output
        assert secret.encode() not in (desk.state / "store.sqlite").read_bytes()


def test_a_port_that_is_taken_waits_for_the_approval_of_a_reboot_which_heals_it(desk: Desk) -> None:
    on_host(
        HOST,
        """systemctl stop estimator
systemd-run --quiet --collect --unit=squatter python3 -m http.server 8100 --bind 127.0.0.1
until ss -ltn | grep -q :8100; do sleep 0.1; done""",
    )
    acted = desk.act(*QUICK)
    identity = desk.incident()["id"]
    assert acted.returncode == 2
    assert desk.steps() == {
        "incident_restart_backend": "failed",
        "incident_restart_front": "not_healed",
        "incident_reboot": "waiting",
    }
    assert desk.incident()["facts"]["next"]["name"] == "incident_reboot"
    assert any("port 8100" in line and "http.server" in line for line in desk.evidence()["sockets"])
    assert acted.states["incident_reboot"] == "planned"

    # The machine's boot id is that of all containers on it: what changes with a boot is when init was started.
    boot = {"host_reboot_boot_time_command": "cut -d ' ' -f 22 /proc/1/stat"}
    with power_on(HOST):
        approved = desk.act(*HEALS, "-e", "run_approve=incident_reboot", "-e", json.dumps(boot))
    assert approved.returncode == 0, approved.output
    assert approved.states["incident_reboot"] == "done"
    assert desk.steps()["incident_reboot"] == "healed"
    assert (desk.incident()["id"], desk.incident()["state"]) == (identity, "recovered"), "the second event joined"
    # Told once, although two runs went through it.
    assert len(desk.hook.texts) == len({key for key, _text in desk.hook.texts})


def test_a_database_that_another_process_locks_is_told_apart_from_the_provider(desk: Desk) -> None:
    on_host(
        HOST,
        """cat > /root/hold.py <<'END'
import sqlite3, time
connection = sqlite3.connect("/opt/ai-estimator2/backend/app.db", isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
open("/run/held", "w").close()
time.sleep(3600)
END
rm -f /run/held
systemd-run --quiet --collect --unit=holder python3 /root/hold.py
until [ -e /run/held ]; do sleep 0.1; done""",
    )
    try:
        acted = desk.act(*QUICK)
    finally:
        on_host(HOST, "systemctl stop holder")
    assert acted.returncode == 2
    assert (desk.incident()["level"], desk.incident()["facts"]["rules"]) == ("P2", ["database_locked"])
    assert desk.steps() == {"incident_restart_backend": "not_healed"}
    assert "unresolved" in desk.incident()["categories"], "the next level is told"
    (lock,) = (lines for name, lines in desk.evidence().items() if name.startswith("database "))
    assert "hold.py" in lock[0]
    assert desk.hook.told("データベースのロック")


def test_an_outage_of_the_provider_is_waited_for(desk: Desk) -> None:
    provider(8)
    acted = desk.act(*QUICK)
    assert acted.returncode == 0, acted.output
    assert desk.incident()["facts"]["rules"] == ["provider_down"]
    assert desk.steps() == {"wait_1": "healed"}


def test_a_full_disk_is_escalated_when_the_steps_do_not_free_it(desk: Desk) -> None:
    on_host(HOST, "dd if=/dev/zero of=/srv/volume/ballast bs=1M count=64 2> /dev/null || true")
    try:
        acted = desk.act(*QUICK)
    finally:
        on_host(HOST, "rm /srv/volume/ballast")
    assert acted.returncode == 2
    assert desk.incident()["level"] == "P3"
    assert desk.steps()["incident_restart_backend"] == "not_healed"
    assert desk.steps()["incident_drop_page_cache"] == "waiting"
    assert any(line.startswith("/srv/volume") and "100 % used" in line for line in desk.evidence()["disk"])


def test_a_process_that_takes_the_memory_is_named(desk: Desk) -> None:
    on_host(
        HOST,
        f"systemd-run --quiet --collect --unit=hog {SOON_GONE} stress-ng --vm 1 --vm-bytes 400M --vm-keep\n"
        "until ps -eo rss=,comm= | awk '/stress-ng/ && $1 > 200000 {big = 1} END {exit !big}'; do sleep 0.1; done",
    )
    lowered = {"system_check_changes": [NOT_OURS, {"name": "memory", "warning": ">= 1", "critical": ">= 2"}]}
    try:
        acted = desk.act(*QUICK, "-e", json.dumps(lowered))
    finally:
        on_host(HOST, "systemctl stop hog")
    assert acted.returncode == 2
    assert (desk.incident()["level"], desk.incident()["facts"]["rules"]) == ("P3", ["resources"])
    assert any("stress-ng" in line for line in desk.evidence()["processes"][:3])


def test_an_expired_certificate_is_renewed_where_the_site_allows_it(desk: Desk) -> None:
    issue = "cd /opt/stand-ins; python3 -m demo certificates --root /etc/letsencrypt --host-name estimator.test"
    on_host(HOST, f"{issue} --days-left -3; systemctl reload apache2")
    renewal = {
        "estimator_renew_certificate": True,
        "estimator_renew_command": ["sh", "-c", issue],
        "estimator_renew_test_command": ["apachectl", "configtest"],
    }
    try:
        acted = desk.act(*HEALS, "-e", json.dumps(renewal))
    finally:
        on_host(HOST, f"{issue}; systemctl reload apache2")
    assert acted.returncode == 0, acted.output
    assert (desk.incident()["level"], desk.steps()) == ("P2", {"incident_renew_certificate": "healed"})


def test_a_damaged_database_is_restored_when_that_is_approved(desk: Desk) -> None:
    database = "/opt/ai-estimator2/backend/app.db"
    on_host(
        HOST,
        f"""systemctl stop estimator; rm -f {database}-wal {database}-shm
dd if=/dev/urandom of={database} bs=4096 count=6 seek=2 conv=notrunc 2> /dev/null; systemctl start estimator""",
    )
    acted = desk.act(*HEALS, "-e", "run_approve=incident_restore")
    assert acted.returncode == 0, acted.output
    assert desk.steps() == {"incident_restore": "healed"}
    assert "data_loss" in desk.incident()["categories"]
    assert "cto@example.com" in [mail["To"] for mail in desk.box.mails]
    assert acted.states["incident_restore"] == "done"
    assert on_host(HOST, f"sqlite3 {database} 'PRAGMA integrity_check'") == "ok\n"
    on_host(HOST, "rm -rf /opt/ai-estimator2/backend/*.before-restore-*")
