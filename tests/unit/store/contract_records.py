# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must do with records; test modules bring a ``store_url`` fixture."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    StoreError,
    finish,
    last_results,
    last_run,
    last_runs,
    observations,
    observations_of,
    open_store,
    runs_between,
    samples_of,
    series,
)
from tests.unit.store.builders import (
    ELSEWHERE,
    EVER,
    HOUR,
    NOON,
    finished,
    result,
    run,
    states,
    take,
)


def test_a_run_comes_back_as_it_was_given(store_url: str) -> None:
    store = open_store(store_url)
    given = finished("r1", note="kept", failure={"stage": "act", "message": "見積"})

    finish(store, [given])

    assert runs_between(store, None, None, *EVER) == [given]


def test_a_whole_play_is_begun_and_finished(store_url: str) -> None:
    store = open_store(store_url)
    hosts = [f"est{number}" for number in range(450)]

    assert take(store, [run(f"r-{host}", host) for host in hosts]) == dict.fromkeys(sorted(hosts))
    assert set(states(store).values()) == {"running"}
    finish(store, [finished(f"r-{host}", host) for host in hosts])

    found = runs_between(store, hosts, ["weekly"], *EVER)
    assert [len(record["results"]) for record in found] == [2] * 450
    assert {record["state"] for record in found} == {"ok"}
    assert set(take(store, [run(f"s-{host}", host) for host in hosts]).values()) == {None}


def test_finishing_twice_leaves_the_same_rows(store_url: str) -> None:
    store = open_store(store_url)
    take(store, [run("r1")])
    finish(store, [finished("r1", results=[result("web"), result("disk"), result("extra")])])

    finish(store, [finished("r1")])
    finish(store, [finished("r1")])

    assert runs_between(store, None, None, *EVER) == [finished("r1")]


def test_the_finished_record_may_leave_out_what_begin_knew(store_url: str) -> None:
    store = open_store(store_url)
    take(store, [run("r1")])

    finish(store, [finished("r1", operator=None, controller=None, profile=None)])

    found = last_run(store, "est1")
    assert found is not None
    assert (found["operator"], found["controller"]) == (ELSEWHERE.operator, ELSEWHERE.controller)
    assert found["profile"] == run("r1")["profile"]


def test_an_unreachable_host_is_recorded_without_results(store_url: str) -> None:
    store = open_store(store_url)
    down = finished("r1", state="critical", reachable=False, results=[], actions=[],
                    failure={"stage": "connect", "message": "no route to host"})  # fmt: skip

    finish(store, [down])

    assert last_run(store, "est1") == down
    [sighting] = observations(store, "est1", *EVER)
    assert (sighting.reachable, dict(sighting.checks)) == (False, {})


def test_text_that_no_database_takes_is_stored_readably(store_url: str) -> None:
    store = open_store(store_url)
    strange = result(evidence=["a\0b", "half \udc80 pair"], metrics={"nan": float("nan"), "inf": float("inf")})

    finish(store, [finished("r1", results=[strange])])

    [record] = runs_between(store, None, None, *EVER)
    assert record["results"][0]["evidence"] == ["a\N{REPLACEMENT CHARACTER}b", "half ? pair"]
    assert record["results"][0]["metrics"] == {"nan": None, "inf": None}


def test_a_time_without_a_zone_is_refused_and_nothing_is_written(store_url: str) -> None:
    store = open_store(store_url)

    with pytest.raises(StoreError, match=r"run r1 of est1: started: 2026-11-21T12:00:00 has no time zone"):
        take(store, [run("r0", "est0"), run("r1", started="2026-11-21T12:00:00")])
    with pytest.raises(StoreError, match=r"now: .* has no time zone"):
        take(store, [run("r2")], now=NOON.replace(tzinfo=None))

    assert states(store) == {}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (finished("r2", state="running"), "run r2 of est1: its state 'running' is no verdict"),
        ({**finished("r2"), "host": None}, "run r2 of None: the record lacks host"),
        (finished("r2", started="noon"), "run r2 of est1: started: 'noon' is not an ISO 8601 time"),
        (finished("r2", results=[{"check": "web"}]), "result 0 of run r2: the record lacks state"),
        (finished("r2", results=[result(seconds="soon")]), "result 0 of run r2: seconds: 'soon' is not a number"),
        (finished("r2", actions=[{"state": "done"}]), "action 0 of run r2: the record lacks name"),
    ],
)
def test_a_broken_record_is_named_and_nothing_is_written(store_url: str, broken: dict[str, Any], message: str) -> None:
    store = open_store(store_url)

    with pytest.raises(StoreError) as caught:
        finish(store, [finished("r1"), broken])

    assert str(caught.value).startswith(message)
    assert states(store) == {}


def test_times_come_back_in_utc_whatever_zone_they_had(store_url: str) -> None:
    store = open_store(store_url)
    tokyo = timezone(timedelta(hours=9))

    finish(store, [finished("r1", started="2026-11-21T21:00:00+09:00", finished=NOON.astimezone(tokyo) + HOUR)])

    [record] = runs_between(store, None, None, NOON, NOON + timedelta(seconds=1))
    assert (record["started"], record["finished"]) == ("2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z")


def test_runs_are_chosen_by_host_procedure_and_half_open_interval(store_url: str) -> None:
    store = open_store(store_url)
    finish(store, [finished("a", started=NOON), finished("b", started=NOON + HOUR),
                   finished("c", "est2", started=NOON), finished("d", started=NOON, procedure="daily")])  # fmt: skip

    def ids(*arguments: Any) -> list[str]:
        return [record["id"] for record in runs_between(store, *arguments)]

    assert ids(["est1"], ["weekly"], NOON, NOON + HOUR) == ["a"]
    assert ids(["est1"], None, NOON, NOON + 2 * HOUR) == ["a", "d", "b"]
    assert ids(None, None, NOON, NOON + HOUR) == ["a", "d", "c"]
    assert ids([], None, *EVER) == []
    assert ids([f"est{number}" for number in range(2, 1000)], None, *EVER) == ["c"]


def test_the_last_run_is_the_newest_finished_one_of_each_host(store_url: str) -> None:
    store = open_store(store_url)
    finish(store, [finished("a", started=NOON), finished("b", started=NOON + HOUR), finished("c", "est2")])
    finish(store, [finished("d", started=NOON + 2 * HOUR, procedure="daily")])
    take(store, [run("e", started=NOON + 3 * HOUR)])

    assert {host: record["id"] for host, record in last_runs(store, None).items()} == {"est1": "d", "est2": "c"}
    assert {host: record["id"] for host, record in last_runs(store, ["est1"], "weekly").items()} == {"est1": "b"}
    assert last_run(store, "est1", "weekly", before=NOON + HOUR) == finished("a")
    assert (last_run(store, "est1", states=["running"]) or {})["id"] == "e"
    assert last_run(store, "nobody") is None


def test_a_series_has_only_figures_that_were_measured(store_url: str) -> None:
    store = open_store(store_url)
    measured = [(80, {"inodes": 1}), (None, {}), ("active", {"inodes": "many"}), (81.5, {"inodes": 2})]
    for hour, (value, metrics) in enumerate(measured):
        look = result("disk", started=NOON + hour * HOUR, value=value, metrics=metrics)
        finish(store, [finished(f"r{hour}", results=[look])])

    points = series(store, "est1", "disk", None, *EVER)
    assert [(point.at, point.value, point.state, point.run_id) for point in points] == [
        (NOON, 80, "ok", "r0"),
        (NOON + 3 * HOUR, 81.5, "ok", "r3"),
    ]
    assert [point.value for point in series(store, "est1", "disk", "inodes", *EVER)] == [1, 2]
    assert [point.value for point in series(store, "est1", "disk", "inodes", NOON + HOUR, NOON + 3 * HOUR)] == []
    assert series(store, "est1", "disk", "no such metric", *EVER) == []


def test_observations_name_the_checks_that_decide_availability(store_url: str) -> None:
    store = open_store(store_url)
    finish(store, [finished("a", results=[result("web", "critical"), result("disk")])])
    finish(store, [finished("b", started=NOON + HOUR, state="critical", reachable=False, results=[])])
    take(store, [run("c", started=NOON + 2 * HOUR)])

    seen = [(sighting.at, sighting.reachable, dict(sighting.checks)) for sighting in observations(store, "est1", *EVER)]

    assert seen == [(NOON, True, {"web": "critical"}), (NOON + HOUR, False, {})]


def test_histories_of_many_hosts_are_read_at_once(store_url: str) -> None:
    store = open_store(store_url)
    hosts = [f"est{number}" for number in range(450)]
    finish(store, [finished(f"r-{host}", host) for host in hosts])
    lost = {"stage": "look", "message": "no Python"}
    finish(store, [finished("f", "est7", started=NOON + HOUR, failure=lost, results=[result("disk", value=None)])])

    seen = observations_of(store, hosts, *EVER)
    samples = samples_of(store, hosts[:2], ["disk", "web"], *EVER)

    assert set(seen) == set(hosts)
    assert [(dict(sighting.checks), sighting.failed) for sighting in seen["est7"]] == [
        ({"web": "ok"}, False),
        ({}, True),
    ]
    assert set(observations_of(store, ["est1", "elsewhere"], *EVER)) == {"est1"}
    assert set(samples) == {("est0", "disk"), ("est0", "web"), ("est1", "disk"), ("est1", "web")}
    [sample] = samples["est1", "disk"]
    assert (sample.value, sample.state, sample.metrics["status"]) == (81, "ok", 200)


def test_the_last_good_figures_of_checks_are_found_behind_the_unknown_ones(store_url: str) -> None:
    store = open_store(store_url)
    wanted = {("est1", "cost"), ("est2", "cost"), ("est3", "cost")}
    for hour, state in enumerate(["ok", "warning", "unknown"]):
        looks = [result("cost", state, started=NOON + hour * HOUR), result("other", started=NOON + hour * HOUR)]
        finish(store, [finished(f"r{hour}", results=looks), finished(f"s{hour}", "est2", results=looks)])
    finish(store, [finished("t1", "est3", results=[result("cost", value=None)])])

    good = last_results(store, wanted, before=NOON + 9 * HOUR)

    assert {key: (row["run_id"], row["started"], row["state"]) for key, row in good.items()} == {
        ("est1", "cost"): ("r1", "2026-11-21T13:00:00Z", "warning"),
        ("est2", "cost"): ("s1", "2026-11-21T13:00:00Z", "warning"),
    }
    assert last_results(store, wanted, before=NOON) == {}
    assert last_results(store, set(), before=NOON) == {}
