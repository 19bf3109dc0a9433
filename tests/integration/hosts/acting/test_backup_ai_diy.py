# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of files, and the logs archived beside and shipped over SSH, while the application writes them (DIY-09)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("ai-diy-1")
HOST = "ai-diy-1"


def test_data_and_logs_are_kept_apart_and_shipped(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host], act: Callable[..., Acted]
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    # The host is its own backup server here, through its real SSH server and with a user of its own.
    key = on_host(HOST, "rm -f /root/ship; ssh-keygen -q -t ed25519 -N '' -f /root/ship; cat /root/ship.pub").strip()
    on_host(
        HOST,
        "id archive >/dev/null 2>&1 || useradd --create-home archive; rm -rf /home/archive/logs /var/backups/ai-diy*; "
        f"mkdir -p /home/archive/.ssh /home/archive/logs; echo '{key}' > /home/archive/.ssh/authorized_keys; "
        "chown -R archive: /home/archive; "
        "echo \"127.0.0.1 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)\" > /root/ship_hosts",
    )
    reach = {"user": "archive", "ssh_key_file": "/root/ship", "known_hosts_file": "/root/ship_hosts"}
    copies = [{"name": "server", "type": "rsync", "destination": "127.0.0.1:/home/archive/logs", **reach}]
    made = act("backup", HOST, "-e", json.dumps({"ai_diy_log_archive_offsite": copies}))
    assert made.returncode == 0, made.output
    assert {name: made.states[name] for name in ("make_backup", "archive_logs", "ship_logs")} == {
        "make_backup": "done",
        "archive_logs": "done",
        "ship_logs": "done",
    }
    data, logs = made.detail("make_backup")["set"], made.detail("archive_logs")["set"]
    assert host.file(f"{data}/models_config.json").sha256sum == host.file("/opt/ai-diy/models_config.json").sha256sum
    (copy,) = made.detail("ship_logs")["copies"]
    assert copy["verified"]
    name = logs.rpartition("/")[2]
    listing = "find . -type f | sort | xargs sha256sum"
    assert host.run(f"cd {logs} && {listing}").stdout == host.run(f"cd /home/archive/logs/{name} && {listing}").stdout
    assert len(host.run(f"ls {logs}/logs").stdout.split()) > 5
