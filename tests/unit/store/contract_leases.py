# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must do about leases; test modules bring a ``store_url`` fixture."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    StoreError,
    current_holder,
    finish,
    open_store,
    refusals,
    release,
    runs_between,
)
from tests.unit.store.builders import (
    ELSEWHERE,
    EVER,
    HOUR,
    LEASE_SECONDS,
    NOON,
    finished,
    holding_run,
    run,
    states,
    take,
)


def test_a_second_play_is_told_who_holds_the_system(store_url: str) -> None:
    store = open_store(store_url)
    take(store, [run("r1"), run("q1", "est2")])

    answer = take(store, [run("r2"), run("r3", "est3")], holder=dataclasses.replace(ELSEWHERE, controller="near"))

    assert answer["est3"] is None
    held = answer["est1"]
    assert held is not None
    assert (held.run_id, held.procedure, held.operator, held.controller, held.pid) == (
        "r1", "weekly", "mika", "far.example", 4711,
    )  # fmt: skip
    assert (held.since, held.until) == ("2026-11-21T12:00:00Z", "2026-11-21T12:10:00Z")
    assert states(store) == {"r1": "running", "q1": "running", "r2": "refused", "r3": "running"}
    [refused] = runs_between(store, None, None, *EVER, states=["refused"])
    assert "run r1 of mika on far.example (PID 4711)" in refused["failure"]["message"]
    assert refused["refused_by"]["run_id"] == "r1"


def test_a_refused_run_stays_refused_and_does_not_free_the_lease(store_url: str) -> None:
    store = open_store(store_url)
    here = current_holder(pid=os.getpid())
    take(store, [run("r1")])
    take(store, [run("r2")], holder=here)

    finish(store, [finished("r2")])
    finish(store, [finished("r2", state="refused")])
    release(store, ["r2"])

    assert states(store) == {"r1": "running", "r2": "refused"}
    assert holding_run(take(store, [run("r3")], holder=here)) == "r1"


def test_beginning_again_for_the_same_run_changes_nothing(store_url: str) -> None:
    store = open_store(store_url)
    take(store, [run("r1")])

    assert take(store, [run("r1")], now=NOON + HOUR / 60) == {"est1": None}

    assert states(store) == {"r1": "running"}


def test_the_same_host_in_two_systems_has_two_leases(store_url: str) -> None:
    store = open_store(store_url)
    take(store, [run("r1")])

    assert take(store, [run("r2", system="aimo")], holder=dataclasses.replace(ELSEWHERE, pid=1)) == {"est1": None}


def test_a_play_cannot_name_a_host_twice(store_url: str) -> None:
    with pytest.raises(StoreError, match="two runs for est1"):
        take(open_store(store_url), [run("r1"), run("r2")])


def test_an_expired_lease_of_another_controller_is_taken_over(store_url: str) -> None:
    store = open_store(store_url)
    near = dataclasses.replace(ELSEWHERE, controller="near")
    take(store, [run("r1")])

    assert take(store, [run("r2")], holder=near, now=NOON + timedelta(seconds=LEASE_SECONDS - 1))["est1"] is not None
    assert take(store, [run("r3")], holder=near, now=NOON + timedelta(seconds=LEASE_SECONDS)) == {"est1": None}

    assert states(store) == {"r1": "interrupted", "r2": "refused", "r3": "running"}
    [interrupted] = runs_between(store, None, None, *EVER, states=["interrupted"])
    assert interrupted["failure"] == {
        "stage": "interrupted",
        "message": "Never finished: the lease of far.example expired at 2026-11-21T12:10:00Z; run r3 took over.",
    }
    assert interrupted["finished"] == "2026-11-21T12:10:00Z"


def test_a_run_that_was_taken_over_records_its_outcome_but_not_the_successors_lease(store_url: str) -> None:
    store = open_store(store_url)
    near = dataclasses.replace(ELSEWHERE, controller="near")
    take(store, [run("r1")])
    take(store, [run("r2")], holder=near, now=NOON + HOUR)

    finish(store, [finished("r1", state="warning")])

    assert states(store) == {"r1": "warning", "r2": "running"}
    held = take(store, [run("r3")], now=NOON + HOUR)["est1"]
    assert held is not None
    assert held.run_id == "r2"


def test_a_released_lease_is_free(store_url: str) -> None:
    store = open_store(store_url)
    take(store, [run("r1")])

    release(store, ["r1"])

    assert take(store, [run("r2")], holder=dataclasses.replace(ELSEWHERE, pid=1)) == {"est1": None}


def test_a_live_process_keeps_its_lease_after_it_expired(store_url: str) -> None:
    store = open_store(store_url)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        take(store, [run("r1")], holder=current_holder(pid=other.pid))

        assert take(store, [run("r2")], holder=current_holder(pid=os.getpid()), now=NOON + HOUR)["est1"] is not None
        other.kill()


def test_the_lease_of_a_killed_process_is_taken_over_at_once(store_url: str) -> None:
    store = open_store(store_url)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        take(store, [run("r1")], holder=current_holder(pid=other.pid))
        other.kill()
    asking = [run("r2")]

    assert refusals(store, asking, holder=current_holder(pid=os.getpid()), now=NOON) == {"est1": None}
    assert take(store, asking, holder=current_holder(pid=os.getpid())) == {"est1": None}

    [interrupted] = runs_between(store, None, None, *EVER, states=["interrupted"])
    assert interrupted["failure"]["message"] == f"Never finished: process {other.pid} is gone; run r2 took over."


def test_a_process_id_that_another_process_has_now_does_not_hold_a_lease(store_url: str) -> None:
    store = open_store(store_url)
    here = current_holder(pid=os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        new_owner = current_holder(pid=other.pid)
        assert new_owner.process_started is not None
        take(store, [run("r1")], holder=dataclasses.replace(new_owner, process_started=new_owner.process_started - 1))

        assert take(store, [run("r2")], holder=here) == {"est1": None}
        other.kill()


def test_a_process_of_another_container_is_not_looked_up(store_url: str) -> None:
    store = open_store(store_url)
    here = current_holder(pid=os.getpid())
    take(store, [run("r1")], holder=dataclasses.replace(here, pid_namespace="pid:[1]", pid=2**22 + 1))

    assert holding_run(take(store, [run("r2")], holder=here)) == "r1"
    assert take(store, [run("r3")], holder=here, now=NOON + HOUR) == {"est1": None}


def test_a_lease_from_before_the_controller_restarted_is_taken_over(store_url: str) -> None:
    store = open_store(store_url)
    here = current_holder(pid=os.getpid())
    take(store, [run("r1")], holder=dataclasses.replace(here, boot="an-earlier-boot"))

    assert take(store, [run("r2")], holder=here) == {"est1": None}


def test_asking_who_would_refuse_writes_nothing(store_url: str) -> None:
    store = open_store(store_url)
    take(store, [run("r1")])
    asking = [run("r2"), run("r3", "est3")]

    view = open_store(store_url, read_only=True)
    answer = refusals(view, asking, holder=current_holder(pid=os.getpid()), now=NOON)

    assert answer["est1"] is not None
    assert answer["est1"].run_id == "r1"
    assert answer["est3"] is None
    assert states(store) == {"r1": "running"}
    with pytest.raises(StoreError, match="it was opened for reading only"):
        take(view, asking)
