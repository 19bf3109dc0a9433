# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set whose unit file is no good: the service that cannot be started, or dies soon, goes back to its old unit."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("ai-diy-1")

HOST, NAME = "ai-diy-1", "ai-diy.service"
UNIT, SETS, SET = f"/etc/systemd/system/{NAME}", "/root/unit-sets", "20260101_000000"
#: A unit without a program is one that systemd does not load.
NOT_LOADABLE = "/^ExecStart=/,/timezone/d"
#: It answers, and is ended so many seconds after its start; on a busy machine it answers late.
DIES_SOON = "s|^Restart=|RuntimeMaxSec=20\\nRestart=|"


@pytest.mark.parametrize(
    ("edit", "why", "steady_seconds"),
    [(NOT_LOADABLE, f"Unit {NAME} is bad-setting", 2), (DIES_SOON, "Did not stay up", 22)],
    ids=["not_loadable", "dies_soon"],
)
def test_a_unit_that_is_no_good_goes_back_by_itself(
    prepared: Callable[..., None],
    act: Callable[..., Acted],
    testinfra_host: Callable[[str], testinfra.host.Host],
    edit: str,
    why: str,
    steady_seconds: int,
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    on_host(HOST, f"mkdir -p {SETS}/{SET}; sed '{edit}' {UNIT} > {SETS}/{SET}/{NAME}")
    variables = {
        "run_confirm": HOST,
        "restore_directory": SETS,
        "restore_contents": [{"name": NAME, "type": "files", "source": UNIT}],
        "verify_steady_seconds": steady_seconds,
    }
    before = on_host(HOST, f"cat {UNIT}")
    try:
        tried = act("restore", HOST, "-e", json.dumps(variables))
        words = " ".join(tried.output.split())
        assert tried.returncode != 0, words
        assert tried.states["restore"] == "failed"
        assert f"Set {SET} was restored and put back" in words
        assert why in words
        assert on_host(HOST, f"cat {UNIT}") == before
        assert host.service("ai-diy").is_running
        assert on_host(HOST, "systemctl show --property=LoadState --value ai-diy") == "loaded\n"
        assert {one["check"]: one["state"] for one in tried.run["results"]}["health"] == "ok"
    finally:
        on_host(HOST, f"rm -rf {SETS} {UNIT}.undone-restore-*; systemctl daemon-reload; systemctl is-active ai-diy")
