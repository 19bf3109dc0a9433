# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The weekly procedure on four real hosts: healthy, and broken in each of the ways that the checks exist for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.hosts.definition import load_hosts
from tests.integration.hosts.breakages import Breakage, differences, read_breakages, rounds
from tests.integration.hosts.plays import Play, on_host, settle, settle_before_a_round, together

pytestmark = pytest.mark.hosts

# The system is the host's group; the file of its faults has the same name.
SYSTEMS = {"estimator-1": "estimator", "ai-diy-1": "ai_diy", "aimo-1": "aimo", "smartbox-1": "smartbox"}
ROUNDS = list(rounds(read_breakages(SYSTEMS)))


@dataclass(frozen=True)
class Broken:
    """A weekly play while something was broken."""

    made: tuple[Breakage, ...]
    play: Play


@pytest.fixture
def broken(request: pytest.FixtureRequest, weekly: Callable[..., Play], mended: Play) -> Iterator[Broken]:
    """Break one thing per host, run the weekly procedure once on all of them, repair everything afterwards."""
    made = ROUNDS[request.param]
    settle_before_a_round(*SYSTEMS)
    try:
        together(lambda fault: on_host(fault.host, fault.make), made)
        yield Broken(made, weekly())
    finally:
        together(lambda fault: on_host(fault.host, fault.repair), made)
        together(lambda fault: settle(fault.host), made)


def test_every_host_has_faults_to_find() -> None:
    assert set(SYSTEMS) == {host.name for host in load_hosts()}


def test_healthy_systems_are_ok(mended: Play, weekly: Callable[..., Play]) -> None:
    play = weekly()
    found = {host: differences({}, run["results"]) for host, run in play.runs.items()}
    assert found == {host: [] for host in SYSTEMS}, play.output
    assert play.returncode == 0, play.output


def test_nothing_is_left_to_do_after_the_first_play(mended: Play, weekly: Callable[..., Play]) -> None:
    assert mended.returncode == 0, mended.output
    # The hours go by: what has become due since the session's first play is done by one of its own.
    weekly()
    play = weekly()
    assert {host: changes(run) for host, run in play.runs.items()} == {host: [] for host in SYSTEMS}
    assert " changed=0 " in play.output
    assert " changed=1" not in play.output


@pytest.mark.parametrize(
    "broken", range(len(ROUNDS)), indirect=True, ids=[" + ".join(map(str, made)) for made in ROUNDS]
)
def test_exactly_the_check_that_should_names_the_fault(broken: Broken) -> None:
    runs = broken.play.runs
    faults = {fault.host: fault for fault in broken.made}
    expected = {host: faults[host].expected if host in faults else {} for host in SYSTEMS}
    found = {host: differences(expected[host], runs[host]["results"]) for host in SYSTEMS}
    assert found == {host: [] for host in SYSTEMS}
    verdicts = {host: faults[host].verdict if host in faults else "ok" for host in SYSTEMS}
    assert {host: run["state"] for host, run in runs.items()} == verdicts
    critical = {host for host, verdict in verdicts.items() if verdict == "critical"}
    assert (broken.play.returncode != 0) == bool(critical)
    assert all(f"fatal: [{host}]" in broken.play.output for host in critical)


def changes(run: Any) -> list[str]:
    """Return the names of the actions that changed something."""
    return [action["name"] for action in run["actions"] if action["changed"]]
