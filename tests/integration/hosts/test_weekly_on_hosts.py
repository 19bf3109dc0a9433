# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The weekly procedure on four real hosts: healthy, and broken in each of the ways that the checks exist for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hosts.definition import load_hosts
from tests.integration.hosts.breakages import Breakage, differences, read_breakages, rounds
from tests.integration.hosts.plays import Play, on_host, together

pytestmark = pytest.mark.hosts

# The system is the host's group; the file of its faults has the same name.
SYSTEMS = {"estimator-1": "estimator", "ai-diy-1": "ai_diy", "aimo-1": "aimo", "smartbox-1": "smartbox"}
ROUNDS = list(rounds(read_breakages(SYSTEMS)))


@pytest.fixture(scope="module")
def broken(request: pytest.FixtureRequest, weekly: Callable[..., Play], mended: Play) -> Iterator[Play]:
    """Break one thing per host, run the weekly procedure once on all of them, repair everything afterwards."""
    breakages: tuple[Breakage, ...] = ROUNDS[request.param]
    try:
        together(lambda breakage: on_host(breakage.host, breakage.make), breakages)
        yield weekly()
    finally:
        together(lambda breakage: on_host(breakage.host, breakage.repair), breakages)


def test_every_host_has_faults_to_find() -> None:
    assert set(SYSTEMS) == {host.name for host in load_hosts()}


def test_healthy_systems_are_ok(mended: Play, weekly: Callable[..., Play]) -> None:
    play = weekly()
    found = {host: differences({}, run["results"]) for host, run in play.runs.items()}
    assert found == {host: [] for host in SYSTEMS}, play.output
    assert play.returncode == 0, play.output


def test_nothing_is_left_to_do_after_the_first_play(mended: Play, weekly: Callable[..., Play]) -> None:
    assert mended.returncode == 0, mended.output
    play = weekly()
    assert {host: changes(run) for host, run in play.runs.items()} == {host: [] for host in SYSTEMS}
    assert " changed=0 " in play.output
    assert " changed=1" not in play.output


@pytest.mark.parametrize(
    ("broken", "breakage"),
    [(number, breakage) for number, together_made in enumerate(ROUNDS) for breakage in together_made],
    indirect=["broken"],
    ids=lambda value: str(value) if isinstance(value, Breakage) else "",
)
def test_exactly_the_check_that_should_names_the_fault(broken: Play, breakage: Breakage) -> None:
    run = broken.runs[breakage.host]
    assert differences(breakage.expected, run["results"]) == []
    states = {state.partition(" ")[0] for state in breakage.expected.values()}
    assert run["state"] == max(states, key=("ok", "warning", "unknown", "critical").index)
    if "critical" in states:
        assert broken.returncode != 0
        assert breakage.host in broken.output


def changes(run: Any) -> list[str]:
    """Return the names of the actions that changed something."""
    return [action["name"] for action in run["actions"] if action["changed"]]
