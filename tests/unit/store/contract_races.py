# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must survive: plays at once, and plays that are killed."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    begin,
    current_holder,
    finish,
    last_run,
    open_store,
    runs_between,
)
from tests.unit.store.builders import (
    ELSEWHERE,
    EVER,
    LEASE_SECONDS,
    NOON,
    finished,
    result,
    run,
    states,
    take,
)

FORK = multiprocessing.get_context("fork")


def _write_many(url: str, writer: int, plays: int) -> None:
    store = open_store(url)
    holder = current_holder(pid=os.getpid())
    for play in range(plays):
        hosts = [f"host{writer}-{number}" for number in range(4)]
        runs = [run(f"{writer}-{play}-{host}", host) for host in hosts]
        now = datetime.now(UTC)
        begun = begin(store, runs, holder=holder, now=now, lease_seconds=LEASE_SECONDS)
        if any(begun.values()):
            raise RuntimeError(f"refused: {begun}")
        finish(store, [finished(one["id"], one["host"]) for one in runs])


def test_many_plays_at_once_lose_nothing(store_url: str) -> None:
    """The store does not exist yet: its creation is part of the race."""
    writers = [FORK.Process(target=_write_many, args=(store_url, number, 5)) for number in range(12)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0] * 12
    found = runs_between(open_store(store_url), None, None, *EVER)
    assert len(found) == 12 * 5 * 4
    assert {(record["state"], len(record["results"]), len(record["actions"])) for record in found} == {("ok", 2, 1)}


def _ask(url: str, number: int, start: Any, answer: Connection) -> None:
    store = open_store(url)
    hosts = [f"est{host}" for host in range(20)]
    runs = [run(f"{number}-{host}", host) for host in (hosts if number % 2 else reversed(hosts))]
    start.wait()
    begun = begin(
        store, runs, holder=dataclasses.replace(ELSEWHERE, controller=f"ctl{number}"), now=NOON,
        lease_seconds=LEASE_SECONDS,
    )  # fmt: skip
    answer.send({host: refusal.run_id if refusal else f"{number}-{host}" for host, refusal in begun.items()})


def test_of_many_plays_that_want_the_same_systems_exactly_one_gets_each(store_url: str) -> None:
    open_store(store_url)
    start = FORK.Barrier(8)
    pipes = [FORK.Pipe(duplex=False) for _number in range(8)]
    plays = [FORK.Process(target=_ask, args=(store_url, number, start, pipes[number][1])) for number in range(8)]
    for play in plays:
        play.start()
    answers = [receive.recv() for receive, _send in pipes]
    for play in plays:
        play.join()

    assert all(answer == answers[0] for answer in answers)
    found = list(states(open_store(store_url)).values())
    assert (found.count("running"), found.count("refused")) == (20, 140)


def _write_until_killed(url: str, progress: Connection) -> None:
    store = open_store(url)
    holder = current_holder(pid=os.getpid())
    for play in range(10_000):
        one = run(f"{os.getpid()}-{play}")
        begin(store, [one], holder=holder, now=NOON, lease_seconds=LEASE_SECONDS)
        progress.send(play)
        finish(store, [finished(one["id"], results=[result(f"check{number}") for number in range(200)])])


@pytest.mark.parametrize("plays_before", [0, 1, 3])
def test_a_writer_killed_in_the_middle_leaves_whole_runs_and_a_free_system(store_url: str, plays_before: int) -> None:
    store = open_store(store_url)
    receive, send = FORK.Pipe(duplex=False)
    writer = FORK.Process(target=_write_until_killed, args=(store_url, send))
    writer.start()
    while receive.recv() < plays_before:
        pass
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()

    for record in runs_between(store, None, None, *EVER):
        assert (record["state"], len(record["results"])) in {("running", 0), ("ok", 200)}
    assert take(store, [run("next")], holder=current_holder(pid=os.getpid())) == {"est1": None}
    assert "running" not in {state for run_id, state in states(store).items() if run_id != "next"}
    finish(store, [finished("next")])
    assert last_run(store, "est1") is not None
