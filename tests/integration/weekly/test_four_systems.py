# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The weekly run on the four stand-in systems of this machine, as published and as their runbooks describe them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.serving import PROGRAMS
from tests.day import wait_for_a_day_that_lasts
from tests.integration.weekly.runs import CHECKOUT, Played, play
from tests.ports import free_base

LAYOUTS = {"published": "inventories/demo", "runbook": "tests/integration/inventories/runbook"}
HOSTS = {"aimo-demo", "ai-diy-demo", "estimator-demo", "smartbox-demo"}
# What the machine that runs the tests has to update or to spare is not the demo's doing.
OF_THE_MACHINE = {"security_updates", "disk", "memory"}
TROUBLES = {
    "database": ("estimator-demo", {"database"}),
    "certificate": ("estimator-demo", {"certificate"}),
    "lock": ("aimo-demo", {"lock"}),
    "disk": ("smartbox-demo", {"disk_usage"}),
    "service": ("ai-diy-demo", {"service", "health", "security_status"}),
}


@dataclass(frozen=True)
class Demo:
    """The demo systems of one layout, running."""

    root: Path
    port: int
    layout: str
    state: Path

    def play(self, *arguments: str, state: Path | None = None) -> Played:
        """Run weekly.yml on them."""
        return play(
            LAYOUTS[self.layout],
            state or self.state,
            "-e",
            f"demo_root={self.root}",
            *arguments,
            DEMO_ROOT=str(self.root),
            DEMO_PORT_BASE=str(self.port),
        )

    def say(self, word: str, *arguments: str) -> None:
        """Say a word of the demo: up, break, repair, down."""
        demo(word, self.root, self.port, *arguments)


def demo(word: str, root: Path, port: int, *arguments: str) -> None:
    """Run ``python -m demo WORD`` and fail with what it printed."""
    completed = subprocess.run(
        [sys.executable, "-m", "demo", word, "--root", str(root), *arguments],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "DEMO_PORT_BASE": str(port), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr


@pytest.fixture(scope="module", params=sorted(LAYOUTS))
def systems(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start the four systems of one layout and stop them at the end."""
    base = tmp_path_factory.mktemp(request.param)
    offsets = [program.port_offset for program in PROGRAMS.values() if program.port_offset is not None]
    started = Demo(base / "demo", free_base(offsets), request.param, base / "state")
    started.say("up", "--layout", request.param)
    try:
        yield started
    finally:
        started.say("down")
    assert not started.root.exists()


def _troubled(played: Played) -> dict[str, set[str]]:
    return {host: checks for host, found in played.not_ok().items() if (checks := set(found) - OF_THE_MACHINE)}


def _kept(root: Path) -> list[str]:
    """Return the logs, and what is in work directories; other files come and go as the applications work."""
    paths = [str(path.relative_to(root)) for path in root.rglob("*")]
    return sorted(path for path in paths if "/work/" in path or path.endswith((".jsonl", ".gz")))


def test_check_mode_shows_the_plan_and_changes_nothing_at_all(systems: Demo) -> None:
    # An application that is asked whether it is well writes that into the log of the day.
    wait_for_a_day_that_lasts()
    before = _kept(systems.root)
    played = systems.play("--check", state=systems.state.with_name("plan"))
    assert played.status == 0, played.output
    assert not systems.state.with_name("plan").exists()
    assert "remove_work_directories" in played.output
    assert _kept(systems.root) == before


def test_healthy_systems_are_ok_and_their_actions_done_once(systems: Demo) -> None:
    first = systems.play()
    assert first.status == 0, first.output
    assert set(first.newest()) == HOSTS
    assert _troubled(first) == {}
    done = {action["name"] for run in first.newest().values() for action in run["actions"] if action["state"] == "done"}
    assert "remove_work_directories" in done

    second = systems.play()
    assert second.status == 0, second.output
    assert re.findall(r"changed=(\d+)", second.output) == ["0"] * len(HOSTS)
    assert [run["actions"] for run in second.newest().values()] == [[]] * len(HOSTS)


def test_the_report_says_the_same_in_both_languages_and_the_terminal_where_it_is(systems: Demo) -> None:
    played = systems.play()
    reports = systems.state / "reports"
    english, japanese = (max(reports.glob(f"*.{name}.txt")).read_text() for name in ("en", "ja"))
    assert english.startswith("【Weekly Operations Report】")
    assert japanese.startswith("【週次運用レポート】")
    for section in ("■ Uptime", "■ Performance", "■ Usage", "■ Resource Usage", "■ Security", "■ Notes"):
        assert section in english
    assert str(max(reports.glob("*.html"))) in played.output
    page = max(reports.glob("*.html")).read_text()
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page), "the page needs nothing from elsewhere"


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
def test_each_trouble_is_named_by_the_check_that_should_name_it(systems: Demo, trouble: str) -> None:
    host, expected = TROUBLES[trouble]
    systems.say("break", "--trouble", trouble)
    try:
        played = systems.play()
    finally:
        systems.say("repair")
    assert played.status != 0, "the exit status must not hide it"
    assert _troubled(played) == {host: expected}
    assert f"{host} is critical." in " ".join(played.output.split())


def test_repaired_systems_are_ok_again(systems: Demo) -> None:
    played = systems.play()
    assert played.status == 0, played.output
    assert _troubled(played) == {}
