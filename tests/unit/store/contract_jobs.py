# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must do about jobs; test modules bring a ``store_url`` fixture."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    NOT_RUN,
    Ended,
    Part,
    Stand,
    StoreError,
    begin,
    finish,
    job_parts,
    job_runs,
    open_store,
    runs_between,
    unfinished_hosts,
)
from tests.unit.store.builders import ELSEWHERE, EVER, LEASE_SECONDS, NOON, finished, run

FIRST = Part("monday-weekly", "play-1", "weekly", ("est1", "est2", "est3"))
SECOND = Part("monday-weekly", "play-2", "weekly", ("est4",))
MINUTE = timedelta(minutes=1)


def start(store_url: str, part: Part, *runs: dict[str, Any]) -> None:
    """Begin runs as a batch of a play does."""
    marked = [{**each, "job": part.job} for each in runs]
    begin(open_store(store_url), marked, holder=ELSEWHERE, now=NOON, lease_seconds=LEASE_SECONDS, part=part)


def left_out(run_id: str, host: str) -> dict[str, Any]:
    """Return the record of a host that was not run."""
    failure = {"stage": "not_run", "message": "Not run: est1 went first."}
    return finished(run_id, host, state=NOT_RUN, reachable=None, failure=failure, counts={}, results=[], actions=[])


def test_a_job_knows_its_runs_and_what_was_not_run(store_url: str) -> None:
    start(store_url, FIRST, run("r1"))
    store = open_store(store_url)
    records = [finished("r1", state="critical", job=FIRST.job), *(left_out(f"n{n}", f"est{n}") for n in (2, 3))]
    records = [{**each, "job": FIRST.job} for each in records]
    stopped = {"id": "not_run_canary", "fields": {"host": "est1"}}

    assert finish(store, records, Ended(FIRST, NOON + MINUTE, stopped)) == Stand(parts=1, running=0)

    assert {each["host"]: each["state"] for each in job_runs(store, FIRST.job)} == {
        "est1": "critical", "est2": NOT_RUN, "est3": NOT_RUN,
    }  # fmt: skip
    (part,) = job_parts(store, FIRST.job)
    assert (part["stopped"], part["finished"]) == (stopped, "2026-11-21T12:01:00Z")
    assert unfinished_hosts(store, "last", "weekly") == (FIRST.job, ["est1", "est2", "est3"])
    measured = ("ok", "warning", "unknown", "critical")
    assert [each["id"] for each in runs_between(store, None, None, *EVER, states=measured)] == ["r1"]


def test_what_a_dead_controller_never_began_is_resumed_behind_what_failed(store_url: str) -> None:
    start(store_url, FIRST, run("r2", "est2"), run("r3", "est3"))
    store = open_store(store_url)
    finish(store, [finished("r2", "est2", job=FIRST.job)])

    assert unfinished_hosts(store, FIRST.job, "weekly")[1] == ["est3", "est1"]


def test_the_last_part_of_a_job_knows_that_it_is_the_last(store_url: str) -> None:
    for part, each in ((FIRST, run("r1")), (SECOND, run("r4", "est4"))):
        start(store_url, part, each)
    store = open_store(store_url)

    assert finish(store, [finished("r1", job=FIRST.job)]) is None, "a batch follows"
    assert finish(store, [], Ended(FIRST, NOON)) == Stand(parts=2, running=1)
    assert finish(store, [], Ended(FIRST, NOON)) == Stand(parts=2, running=1), "repeating it changes nothing"
    assert finish(store, [finished("r4", "est4")], Ended(SECOND, NOON)) == Stand(parts=2, running=0)
    assert [each["host"] for each in job_runs(store, FIRST.job)] == ["est1", "est4"], "the job is kept from the begin"


def test_of_parts_that_end_at_the_same_moment_exactly_one_is_the_last(store_url: str) -> None:
    parts = [Part("tuesday-weekly", f"play-{number}", "weekly", (f"est{number}",)) for number in range(4)]
    for part in parts:
        start(store_url, part, run(part.name, part.hosts[0]))
    ready, stands = threading.Barrier(len(parts)), []

    def close(part: Part) -> None:
        store = open_store(store_url)
        ready.wait()
        stands.append(finish(store, [finished(part.name, part.hosts[0])], Ended(part, NOON)))

    threads = [threading.Thread(target=close, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stand.running for stand in stands if stand) == [0, 1, 2, 3]


def test_a_job_that_is_not_there_or_about_something_else_is_named(store_url: str) -> None:
    start(store_url, FIRST, run("r1"))
    store = open_store(store_url)
    with pytest.raises(StoreError, match="there is no job wednesday"):
        unfinished_hosts(store, "wednesday", "weekly")
    with pytest.raises(StoreError, match="there is no job of backup"):
        unfinished_hosts(store, "last", "backup")
    with pytest.raises(StoreError, match="is one of weekly, not of backup"):
        unfinished_hosts(store, FIRST.job, "backup")
