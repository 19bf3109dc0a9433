# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark of a fleet computes, and that it sees the memory of a process tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.bench.fleet.jobs import Cost, counted, event_kinds, middle
from tests.bench.fleet.memory import watching
from tests.bench.fleet.table import goals, render
from tests.unit.patience import until

COST = Cost(wall=10, cpu=5, main_bytes=1e8, resident_bytes=4e8, proportional_bytes=2e8, events=100, event_bytes=2e5)


def test_the_middle_of_several_rounds_is_taken_figure_by_figure() -> None:
    rounds = [COST, replace(COST, wall=30, events=90), replace(COST, wall=20, events=95)]
    assert (middle(rounds).wall, middle(rounds).events) == (20, 95)
    assert counted(COST, (4, 100), (10, 350)) == replace(COST, transactions=6, rows=250)


def test_the_table_and_the_goals_are_about_hosts() -> None:
    rows = {
        ("weekly", 10): COST,
        ("weekly", 200): replace(COST, events=820, main_bytes=1.95e8, wall=20),
        ("tasks", 10): replace(COST, events=470, wall=30),
    }
    lines = render(rows, {"weekly": "ours", "tasks": "plain"}).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[-1].strip("| ").split("|")][:3] == ["200", "ours", "20.0"]
    assert goals(rows) == [
        "weekly.yml on 200 hosts: 4.1 events per host (goal: at most 5)",
        "weekly.yml on 200 hosts: 41 events per second, 4.1 % of what an AWX node takes in (about 1000)",
        "weekly.yml, 10 to 200 hosts: ansible-playbook grows by 500 kB per host",
        "one task per command on 10 hosts: 4.7 x the events, 3.0 x the time and 1.0 x the memory of weekly.yml",
    ]


def test_events_are_counted_by_kind_and_task(tmp_path: Path) -> None:
    for number, event in enumerate(("runner_on_ok", "runner_on_ok", "playbook_on_start")):
        data = {"task": "Look"} if event == "runner_on_ok" else {}
        (tmp_path / f"{number}.json").write_text(json.dumps({"event": event, "event_data": data}))
    assert event_kinds(tmp_path) == {"runner_on_ok Look": 2, "playbook_on_start": 1}


def test_memory_is_that_of_the_program_below_and_of_nobody_else(tmp_path: Path) -> None:
    holding = "import sys, time; held = bytearray(64_000_000); print('held', flush=True); time.sleep(600)"
    argv = [sys.executable, "-c", holding, "ansible-playbook"]
    bystander = [sys.executable, "-c", holding, "somebody"]
    with watching(os.getpid()) as peak:
        processes = [subprocess.Popen(each, stdout=subprocess.PIPE) for each in (argv, bystander)]
        try:
            for process in processes:
                assert process.stdout is not None
                process.stdout.readline()
            until(lambda: peak.main > 64_000_000)
        finally:
            for process in processes:
                process.kill()
                process.communicate()
    assert 64_000_000 < peak.main < 128_000_000
    assert peak.resident == peak.main
    assert peak.proportional <= peak.resident
