# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security updates and nothing else: apt against the real security suite, a restart of what runs old code, a reboot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.hosts.acting.power import power_on
from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("estimator-2")
HOST = "estimator-2"
VERSION = "dpkg-query --show --showformat '${Version}' libaprutil1"
STARTED = "systemctl show apache2 --property=ExecMainStartTimestampMonotonic"
UPDATED = {"libaprutil1", "libaprutil1-ldap", "libaprutil1-dbd-sqlite3"}
REBOOT = ("-e", "estimator_reboot=true")


@pytest.fixture(scope="module")
def update(prepared: Callable[..., None], act: Callable[..., Acted]) -> Iterator[Callable[..., Acted]]:
    """Return a function that runs the procedure on a host on which a security update waits."""
    prepared(HOST)
    on_host(HOST, Path(__file__).with_name("old_library.script").read_text(encoding="utf-8"))
    yield lambda *arguments: act("update", HOST, *arguments)
    on_host(HOST, "rm /etc/apt/sources.list.d/network.list /etc/apt/sources.list.d/ordinary.list; apt-get -qq update")


def test_a_plan_names_the_updates_and_installs_nothing(update: Callable[..., Acted]) -> None:
    before = on_host(HOST, VERSION)
    planned = update("--check")
    assert planned.returncode == 0, planned.output
    assert set(planned.output.split()) >= UPDATED
    assert "example-tool" not in planned.output, "no ordinary update"
    assert on_host(HOST, VERSION) == before


def test_security_updates_are_installed_and_what_runs_old_code_is_restarted(update: Callable[..., Acted]) -> None:
    version, started = on_host(HOST, VERSION), on_host(HOST, STARTED)
    done = update()
    assert done.returncode == 0, done.output
    assert done.states["security_update"] == "done"
    detail = done.detail("security_update")
    assert {line.split()[0] for line in detail["updates"]} == UPDATED
    assert detail["other_updates"] >= 1, "they stay"
    assert "apache2.service" in detail["restarted"]
    assert on_host(HOST, VERSION) != version
    assert on_host(HOST, STARTED) != started, "it runs the new library"
    assert on_host(HOST, "dpkg-query --show --showformat '${Version}' example-tool") == "1.0", "no ordinary update"
    assert {result["check"]: result["state"] for result in done.run["results"]}["health"] == "ok"


def test_doing_it_again_changes_nothing(update: Callable[..., Acted]) -> None:
    started = on_host(HOST, STARTED)
    again = update()
    assert again.states["security_update"] == "skipped"
    assert on_host(HOST, STARTED) == started


def test_a_reboot_is_refused_outside_a_window_and_done_inside_one(
    update: Callable[..., Acted], act: Callable[..., Acted]
) -> None:
    on_host(HOST, "touch /run/reboot-required")
    refused = update(*REBOOT)
    assert refused.run["failure"]["stage"] == "window"
    planned = act("maintenance_window", HOST, "-e", "window='now for 30 minutes'", "-e", "window_reason='Reboot'")
    assert planned.returncode == 0, planned.output
    with power_on(HOST):
        done = update(*REBOOT)
    assert done.returncode == 0, done.output
    assert done.detail("security_update")["rebooted"] is True
    assert on_host(HOST, "ls /run/reboot-required 2>/dev/null || echo gone").strip() == "gone"
    assert {result["check"]: result["state"] for result in done.run["results"]}["health"] == "ok"
