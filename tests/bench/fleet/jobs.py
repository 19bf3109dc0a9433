# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One job through ansible-runner, as AWX starts it, and what it cost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from statistics import median

from tests.bench.contestants import Bench, Contestant, environment
from tests.bench.fleet.memory import watching
from tests.bench.places import BINARIES, CACHE, CHECKOUT
from tests.bench.processes import cpu_of_finished_children, end_children, wait_for_idle

_LIMIT_SECONDS = 3600
_LAST_CHARACTERS = 3000
_ALL_EVENTS = "*.json"


@dataclass(frozen=True)
class Cost:
    """What one job cost.

    Args:
        wall: seconds from start to end.
        cpu: CPU seconds of the controller.
        main_bytes: peak of the resident memory of ansible-playbook.
        resident_bytes: peak of it and its forks together, shared pages counted for each.
        proportional_bytes: peak of it and its forks together, shared pages counted once.
        events: job events.
        event_bytes: their size as ansible-runner writes them.
        transactions: transactions of the store.
        rows: rows written to the store.
    """

    wall: float
    cpu: float
    main_bytes: float
    resident_bytes: float
    proportional_bytes: float
    events: float
    event_bytes: float
    transactions: float = 0
    rows: float = 0


class JobFailedError(Exception):
    """A job did not do its work, so that its figures mean nothing."""


def run_job(contestant: Contestant, bench: Bench, sshd: int, keep: set[int], settings: Mapping[str, str]) -> Cost:
    """Do a job once and return what it cost.

    Args:
        contestant: what is done.
        bench: on how many hosts, and how they are reached.
        sshd: process id of the listening sshd.
        keep: children of this process that are not the job's.
        settings: further variables of its environment.

    Raises:
        JobFailedError: it ended with an error.
    """
    order = contestant.order(bench)
    directory = CACHE / "runner"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    playbook, *inventories = (value for value in order.argv[1:] if value != "-i")
    (directory / "env").mkdir()
    (directory / "env" / "cmdline").write_text(" ".join(f"-i {one}" for one in inventories[1:]), encoding="utf-8")
    argv = [str(BINARIES / "ansible-runner"), "run", str(directory), "--quiet", "--ident", "job"]
    argv += ["--playbook", str((CHECKOUT / playbook).resolve()), "--inventory", inventories[0]]
    variables = {**environment(order), **settings, "PATH": os.pathsep.join([str(BINARIES), os.environ["PATH"]])}
    before = cpu_of_finished_children()
    with (CACHE / "job.out").open("wb") as output:
        begun = time.monotonic()
        process = subprocess.Popen(argv, cwd=CHECKOUT, env=variables, stdout=output, stderr=output)
        with watching(process.pid) as peak:
            status = process.wait(timeout=_LIMIT_SECONDS)
        wall = time.monotonic() - begun
    end_children(keep)
    wait_for_idle(sshd)
    artifacts = directory / "artifacts" / "job"
    if status != 0:
        said = (artifacts / "stdout").read_text(encoding="utf-8", errors="replace")[-_LAST_CHARACTERS:]
        raise JobFailedError(f"{contestant.title} ended with status {status}:\n{said}")
    events = list((artifacts / "job_events").glob(_ALL_EVENTS))
    return Cost(
        wall=wall,
        cpu=cpu_of_finished_children() - before,
        main_bytes=peak.main,
        resident_bytes=peak.resident,
        proportional_bytes=peak.proportional,
        events=len(events),
        event_bytes=sum(file.stat().st_size for file in events),
    )


def counted(cost: Cost, before: tuple[int, int], after: tuple[int, int]) -> Cost:
    """Return the cost with what the store has counted between two moments: transactions and rows."""
    return replace(cost, transactions=after[0] - before[0], rows=after[1] - before[1])


def event_kinds(directory: Path) -> dict[str, int]:
    """Return how many events of each kind a job gave, by ``event task``."""
    found: dict[str, int] = {}
    for file in directory.glob(_ALL_EVENTS):
        event = json.loads(file.read_text(encoding="utf-8"))
        name = "{} {}".format(event["event"], event.get("event_data", {}).get("task") or "").strip()
        found[name] = found.get(name, 0) + 1
    return found


def middle(costs: list[Cost]) -> Cost:
    """Return the medians of several costs."""
    return Cost(*(median(figures) for figures in zip(*map(astuple, costs), strict=True)))
