# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runbook's tar archive on a real host: a harmless one is restored, a hostile one changes nothing (DIY-20)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("ai-diy-1")

HOST = "ai-diy-1"
CONFIRM = ("-e", f"run_confirm={HOST}")
GOOD, HOSTILE = "/root/ai-diy-backup-20250107.tar.gz", "/root/from-somebody.tar.gz"


def test_a_tar_of_the_application_is_restored_and_a_hostile_one_is_not(
    prepared: Callable[..., None],
    act: Callable[..., Acted],
    testinfra_host: Callable[[str], testinfra.host.Host],
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    root = on_host(HOST, "systemctl show --property=WorkingDirectory --value ai-diy").strip().split("/development")[0]
    data = f"{root}/development/src/static/appdocs"
    on_host(
        HOST, f"mkdir -p {data}/visions && echo before > {data}/visions/one.txt && chmod 640 {data}/visions/one.txt"
    )
    on_host(HOST, f"tar -czf {GOOD} -C {root} development")
    on_host(HOST, f"ln -s /etc /tmp/link && tar -czf {HOSTILE} -C {root} development -C /tmp link && rm /tmp/link")
    on_host(HOST, f"echo after > {data}/visions/one.txt && echo new > {data}/visions/two.txt")
    listing = f"find {root} -path '*/logs' -prune -o -type f -printf '%p %i %s %m\n' | sort"
    before = on_host(HOST, listing)
    refused = act("restore", HOST, *CONFIRM, "-e", f"restore_archive={HOSTILE}")
    assert refused.returncode != 0
    assert "a symlink, and only files and directories are unpacked" in refused.output
    assert on_host(HOST, listing) == before
    assert host.service("ai-diy").is_running
    restored = act("restore", HOST, *CONFIRM, "-e", f"restore_archive={GOOD}")
    assert restored.returncode == 0, restored.output
    assert host.file(f"{data}/visions/one.txt").content_string == "before\n"
    assert host.file(f"{data}/visions/one.txt").mode == 0o640
    assert not host.file(f"{data}/visions/two.txt").exists
    kept = {one["target"]: one["path"] for one in restored.detail("restore")["kept"]}
    assert host.file(f"{kept[data]}/visions/two.txt").exists, "the old data is kept"
    assert host.service("ai-diy").is_running
    on_host(HOST, f"rm -r {GOOD} {HOSTILE} {' '.join(kept.values())}")
