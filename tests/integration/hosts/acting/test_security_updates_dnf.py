# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security updates by dnf from a real repository with advisories, and nothing else (EST-16, EST-32)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.integration.hosts.acting.power import power_on
from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("wiki-1")
HOST = "wiki-1"
INSTALLED = "rpm -qa --queryformat '%{NAME} %{VERSION}\\n' | sort"
EXTENSION = "wiki-extension-for-the-exchange-of-documents-with-everybody-else"
#: What the security updates make of the first release.
UPDATED = {
    "wiki-server": "1.0",
    "wiki-library": "2.0",  # 3.0 is an enhancement
    "wiki-data": "3.0",  # what the library needs
    "wiki-driver": "2.0",
    EXTENSION: "2.0",
    "wiki-theme": "1.0",  # 2.0 is a bug fix
}
RUNNING = f"{INSTALLED}; systemctl show wiki --property=ExecMainStartTimestampMonotonic"
BROKEN = "sed -i 's/^enabled=.*/enabled={}/' /etc/yum.repos.d/broken.repo"
REBOOT = ("-e", "wiki_reboot=true")
BOOTED = "cut -d ' ' -f 22 /proc/1/stat"


@pytest.fixture
def update(prepared: Callable[..., None], act: Callable[..., Acted]) -> Iterator[Callable[..., Acted]]:
    """Return a function that runs the procedure on a host on which the first release is installed and running."""
    prepared(HOST)
    on_host(HOST, "/opt/packages/reset; systemctl restart wiki; rm -rf /var/backups/wiki")
    yield lambda *arguments: act("update", HOST, *arguments)
    on_host(HOST, "/opt/packages/reset")


def versions() -> dict[str, str]:
    """Return what is installed of the application, by name."""
    return dict(line.split() for line in on_host(HOST, INSTALLED).splitlines())


def test_a_plan_names_the_advisories_and_changes_nothing(
    update: Callable[..., Acted], act: Callable[..., Acted]
) -> None:
    everything = f"{RUNNING}; find /var/backups"
    before = on_host(HOST, everything)
    planned = update("--check")
    assert planned.returncode == 0, planned.output
    for word in ("WIKI-2026:0001", "Important", "CVE-2026-10001", "CVE-2026-10002", "WIKI-2026:0003", "Critical"):
        assert word in planned.output
    assert "WIKI-2026:0004" not in planned.output, "a bug fix"
    assert on_host(HOST, everything) == before
    # The check of the weekly procedure counts the same (EST-15).
    looked = act("check", HOST, "-e", "run_checks=security_updates")
    (result,) = looked.run["results"]
    assert (result["state"], result["value"], result["metrics"]["all_pending"]) == ("warning", 3, 5)
    assert any(EXTENSION in line for line in result["evidence"])


def test_only_what_advisories_call_security_is_installed_after_a_backup(update: Callable[..., Acted]) -> None:
    done = update()
    assert done.returncode == 0, done.output
    assert list(done.states.items())[:2] == [("make_backup", "done"), ("security_update", "done")]
    assert on_host(HOST, "cat /var/backups/wiki/*/release").strip() == "1.0", "kept before it changed"
    assert versions() == UPDATED
    detail = done.detail("security_update")
    assert {line.split(".")[0]: line.split(" ", 1)[1] for line in detail["updates"]} == {
        "wiki-library": "1.0-1 -> 2.0-1",
        "wiki-driver": "1.0-1 -> 2.0-1",
        EXTENSION: "1.0-1 -> 2.0-1",
    }
    assert [line.split(".")[0] for line in detail["needed"]] == ["wiki-data"]
    assert {one["id"]: (one["severity"], one["cves"]) for one in detail["advisories"]} == {
        "WIKI-2026:0001": ("Important", ["CVE-2026-10001", "CVE-2026-10002"]),
        "WIKI-2026:0002": ("Moderate", ["CVE-2026-10003"]),
        "WIKI-2026:0003": ("Critical", ["CVE-2026-10004"]),
    }
    assert (detail["restarted"], detail["still_old"]) == (["wiki.service"], []), "it had the old library loaded"
    assert (detail["reboot_required"], detail["rebooted"]) == (True, False), "nobody has allowed a reboot"
    before = on_host(HOST, RUNNING)
    again = update()
    assert again.states["security_update"] == "skipped"
    assert on_host(HOST, RUNNING) == before


def test_a_transaction_that_fails_says_how_far_it_came_and_is_finished_later(update: Callable[..., Acted]) -> None:
    on_host(HOST, BROKEN.format(1))
    failed = update()
    assert failed.returncode == 2, failed.output
    assert (failed.states["make_backup"], failed.states["security_update"]) == ("done", "failed")
    message = failed.detail("security_update")["message"]
    assert "PREIN scriptlet in rpm package wiki-driver" in message
    installed, waiting = message.partition("Installed: ")[2].split("Still waiting: ")
    assert ("wiki-library" in installed, "wiki-driver" in waiting) == (True, True), message
    assert message.endswith("run the procedure again: it installs what waits"), message
    on_host(HOST, BROKEN.format(0))
    finished = update()
    assert finished.returncode == 0, finished.output
    assert versions() == UPDATED
    assert finished.detail("security_update")["restarted"] == ["wiki.service"], (
        "the failed run had replaced its library"
    )


def test_a_repository_that_cannot_be_reached_ends_it_before_anything_is_installed(update: Callable[..., Acted]) -> None:
    before = on_host(HOST, RUNNING)
    on_host(HOST, "mv /srv/updates /srv/away")
    try:
        failed = update()
    finally:
        on_host(HOST, "mv /srv/away /srv/updates")
    assert failed.states["security_update"] == "failed"
    assert "The package lists could not be renewed" in failed.detail("security_update")["message"]
    assert on_host(HOST, RUNNING) == before


def test_a_reboot_that_is_required_is_done_inside_a_window_only(
    update: Callable[..., Acted], act: Callable[..., Acted]
) -> None:
    before = on_host(HOST, RUNNING)
    refused = update(*REBOOT)
    assert refused.run["failure"]["stage"] == "window"
    assert on_host(HOST, RUNNING) == before
    planned = act("maintenance_window", HOST, "-e", "window='now for 30 minutes'", "-e", "window_reason='Reboot'")
    assert planned.returncode == 0, planned.output
    booted = on_host(HOST, BOOTED)
    with power_on(HOST):
        done = update(*REBOOT)
    assert done.returncode == 0, done.output
    assert done.detail("security_update")["rebooted"] is True
    assert on_host(HOST, BOOTED) != booted
    assert versions() == UPDATED
    assert {result["check"]: result["state"] for result in done.run["results"]} == {"service": "ok", "page": "ok"}
    assert update(*REBOOT).states["security_update"] == "skipped", "the reboot has done what it was for"
