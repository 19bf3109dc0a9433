# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup, drill, break, restore and back again on a real host, whose service writes all the time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import testinfra.host

from tests.hosts.definition import CHECKOUT, FURTHER, INVENTORY, all_hosts
from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("estimator-2")

HOST = "estimator-2"
CONFIRM = ("-e", f"run_confirm={HOST}")
BACKEND, SETS = "/opt/ai-estimator2/backend", "/var/backups/estimator"
BROKEN = "20260101_000000"
#: Everything about the data that must not change when nothing was confirmed.
LISTING = f"find {BACKEND} {SETS} -not -name '*-shm' -not -name '*-wal' -printf '%p %i %s %m %U\\n' | sort"
CORRUPT = f"""
systemctl stop estimator
dd if=/dev/urandom of={BACKEND}/app.db bs=4096 seek=3 count=40 conv=notrunc status=none
echo since > {BACKEND}/uploads/since.txt
systemctl start estimator || true
"""
#: A set of which the service cannot start: its unit runs a program that fails.
BREAKING_SET = f"""
set -- {SETS}/2*
for newest; do :; done
cp -a "$newest" {SETS}/{BROKEN}
rm {SETS}/{BROKEN}/manifest.json
sed -i 's|^ExecStart=.*|ExecStart=/bin/false|; /^ *--/d' {SETS}/{BROKEN}/estimator.service
"""
COUNT = "SELECT COUNT(*) FROM tasks"
#: So long that no play finds the host back by chance, however long it pauses between two tasks.
CUT = "systemctl kill --signal=KILL ssh.service; systemctl stop ssh.service; sleep 25; systemctl start ssh.service"

Act = Callable[..., Acted]


def rows(path: str) -> int:
    """Return how many tasks a database on the host has."""
    return int(on_host(HOST, f"sqlite3 -readonly {path} '{COUNT}'"))


@pytest.fixture(scope="module")
def backed_up(prepared: Callable[..., None], act: Act) -> dict[str, Any]:
    """Return the manifest of a backup of the healthy system."""
    prepared(HOST)
    made = act("backup", HOST)
    assert made.returncode == 0, made.output
    newest = on_host(HOST, f"ls -d {SETS}/2*_* | tail -1").strip()
    manifest: dict[str, Any] = json.loads(on_host(HOST, f"cat {newest}/manifest.json"))
    return {**manifest, "name": Path(newest).name}


@pytest.fixture
def host(testinfra_host: Callable[[str], testinfra.host.Host], backed_up: dict[str, Any]) -> testinfra.host.Host:
    """Return testinfra's view of the host."""
    return testinfra_host(HOST)


def test_a_drill_measures_a_real_restore_and_leaves_production_alone(
    host: testinfra.host.Host, act: Act, backed_up: dict[str, Any]
) -> None:
    drilled = act("restore_drill", HOST)
    assert drilled.returncode == 0, drilled.output
    (result,) = (one for one in drilled.run["results"] if one["check"] == "restore_drill")
    assert result["state"] == "ok"
    assert result["metrics"]["rows"] > 500
    assert 0 < result["metrics"]["rto_seconds"] < 60
    assert 0 < result["metrics"]["rpo_seconds"] < 600
    assert drilled.detail("restore_drill")["set"] == backed_up["name"]
    assert not host.file(f"{SETS}/.restore-drill").exists
    assert host.service("estimator").is_running


def test_a_corrupt_database_is_restored_and_the_old_one_kept(
    host: testinfra.host.Host, act: Act, backed_up: dict[str, Any]
) -> None:
    on_host(HOST, CORRUPT)
    before = on_host(HOST, LISTING)
    assert act("restore", HOST).returncode != 0, "nobody confirmed it"
    planned = act("restore", HOST, "--check")
    assert "Planned: restore" in planned.output
    assert on_host(HOST, LISTING) == before
    restored = act("restore", HOST, *CONFIRM)
    assert restored.returncode == 0, restored.output
    detail = restored.detail("restore")
    assert detail["set"] == backed_up["name"]
    wanted = next(one for one in backed_up["items"] if one["name"] == "app.db")["tables"]["tasks"]["rows"]
    assert rows(f"{BACKEND}/app.db") >= wanted, "the service writes on"
    (kept,) = (one["path"] for one in detail["kept"] if one["target"] == f"{BACKEND}/app.db")
    assert host.file(kept).exists
    assert host.file(f"{BACKEND}/.env").mode == 0o600
    assert (host.file(f"{BACKEND}/app.db").user, host.file(f"{BACKEND}/app.db").mode) == ("root", 0o644)
    assert not host.file(f"{BACKEND}/uploads/since.txt").exists
    assert host.service("estimator").is_running
    assert host.run("curl -fsS http://127.0.0.1:8100/health").rc == 0
    assert not host.run(f"ls -A {BACKEND} | grep restore- | grep '^\\.[a-z]*\\.restore'").stdout, "nothing half is left"
    assert on_host(HOST, f"sqlite3 -readonly {BACKEND}/app.db 'PRAGMA integrity_check'").strip() == "ok"


def test_a_restore_that_the_service_does_not_survive_goes_back_by_itself(host: testinfra.host.Host, act: Act) -> None:
    on_host(HOST, BREAKING_SET)
    count, unit = rows(f"{BACKEND}/app.db"), on_host(HOST, "cat /etc/systemd/system/estimator.service")
    tried = act("restore", HOST, *CONFIRM, "-e", f"restore_set={BROKEN}")
    on_host(HOST, f"rm -r {SETS}/{BROKEN}")
    assert tried.returncode != 0
    assert tried.states["restore"] == "failed"
    assert "was restored and put back" in tried.output
    assert on_host(HOST, "cat /etc/systemd/system/estimator.service") == unit
    assert rows(f"{BACKEND}/app.db") >= count
    assert host.service("estimator").is_running
    assert all(result["state"] == "ok" for result in tried.run["results"])


def test_going_back_on_demand(host: testinfra.host.Host, act: Act) -> None:
    (first,) = act("restore", HOST, *CONFIRM, "-e", '{"restore_only": ["uploads"]}').detail("restore")["kept"]
    on_host(HOST, f"echo since > {BACKEND}/uploads/since-restore.txt")
    undone = act("restore", HOST, *CONFIRM, "-e", "restore_undo=true")
    assert undone.returncode == 0, undone.output
    assert not host.file(f"{BACKEND}/uploads/since-restore.txt").exists
    assert not host.file(first["path"]).exists, "it is in place again"
    (aside,) = undone.detail("restore")["undone"]
    assert host.file(f"{aside['path']}/since-restore.txt").exists


def test_a_connection_that_is_cut_in_the_middle_costs_nothing(
    host: testinfra.host.Host, act: Act, backed_up: dict[str, Any], tmp_path: Path
) -> None:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(INVENTORY), "-i", str(FURTHER)]
    variables = {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "AIOPS_STATE_DIR": str(tmp_path)}
    play = subprocess.Popen(
        [*command, "playbooks/restore.yml", "--limit", HOST, *CONFIRM],
        cwd=CHECKOUT,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert play.stdout is not None
    said = []
    # However slow the machine is, the cut comes when the service is down: the play itself says so.
    for line in play.stdout:
        said.append(line)
        if "Put the restored data into place" in line:
            break
    subprocess.run(["podman", "exec", _container(), "sh", "-c", CUT], check=True)
    rest, _errors = play.communicate(timeout=240)
    assert play.returncode != 0, "".join(said) + rest
    place = host.file(f"{BACKEND}/app.db")
    assert place.exists, "old or new, the data is there"
    again = act("restore", HOST, *CONFIRM)
    assert again.returncode == 0, again.output
    assert again.detail("restore")["set"] == backed_up["name"]
    assert host.service("estimator").is_running
    assert not host.run(f"ls -A {BACKEND} | grep '^\\.[a-z.]*restore-'").stdout
    on_host(HOST, f"rm -rf {BACKEND}/*restore-* {BACKEND}/.env.*restore-* /etc/systemd/system/*restore-*")


def _container() -> str:
    return next(one.container for one in all_hosts() if one.name == HOST)
