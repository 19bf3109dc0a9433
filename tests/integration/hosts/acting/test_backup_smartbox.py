# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of a system in containers, its database copied while they run; and a file system that is read-only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("smartbox-1")
HOST = "smartbox-1"
SETS = "/var/backups/smartbox"


def test_models_data_and_configuration_are_in_one_set(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host], act: Callable[..., Acted]
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    made = act("backup", HOST)
    assert made.returncode == 0, made.output
    path = made.detail("make_backup")["set"]
    listing = "find . -type f | sort | xargs sha256sum"
    here = host.run(f"cd /opt/smartbox/smartbox_models && {listing}").stdout
    assert host.run(f"cd {path}/smartbox_models && {listing}").stdout == here != ""
    assert host.run(f"sqlite3 {path}/data/anomaly_state.db 'PRAGMA integrity_check'").stdout == "ok\n"
    assert host.file(f"{path}/config.json").sha256sum == host.file("/opt/smartbox/config.json").sha256sum
    running = host.run("docker compose --project-directory /opt/smartbox ps --status running --services").stdout
    assert "yaga" in running.split()


def test_a_file_system_that_cannot_be_written_to_is_said_and_nothing_is_left(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host], act: Callable[..., Acted]
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    on_host(HOST, f"mkdir -p {SETS}; mount -t tmpfs -o size=64m tmpfs {SETS}; mount -o remount,ro {SETS}")
    try:
        refused = act("backup", HOST)
        assert refused.returncode == 2
        assert "Read-only file system" in " ".join(refused.output.split())
        assert host.run(f"ls -A {SETS}").stdout == ""
        on_host(HOST, f"mount -o remount,rw {SETS}")
        assert act("backup", HOST).returncode == 0
    finally:
        on_host(HOST, f"umount {SETS}")
