# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must remove and keep; test modules bring a ``store_url`` fixture."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import Happening
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    Ended,
    Part,
    Store,
    attest,
    attestations,
    begin,
    expire,
    expired,
    expiry,
    finish,
    incidents,
    open_store,
    outbox,
    plan_maintenance,
    runs_between,
)
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.approvals import approve
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.schema import tables
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.transactions import read
from tests.unit.store import incident_builders
from tests.unit.store.builders import ELSEWHERE, EVER, LEASE_SECONDS, NOON, attested, finished, maintenance, run
from tests.unit.store.incident_builders import FORK

DAY = timedelta(days=1)
NOTHING = dict.fromkeys(expiry.KINDS, 0)
LIMIT = NOON - 400 * DAY


def at(days: float) -> dict[str, str]:
    """Return when a run started that is so many days old."""
    return {"started": (NOON - days * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")}


def had(store: Store, run_id: str, days: float, host: str = "est1", **changes: Any) -> None:
    """Record a run that is finished and so many days old."""
    record = finished(run_id, host, **at(days), **changes)
    begun = run(run_id, host, **at(days), **{key: changes[key] for key in ("profile", "job") if key in changes})
    begin(store, [begun], holder=ELSEWHERE, now=NOON - days * DAY, lease_seconds=LEASE_SECONDS)
    finish(store, [record])


def ids(store: Store) -> list[str]:
    """Return the ids of all runs there are."""
    return [one["id"] for one in runs_between(store, None, None, *EVER)]


def rows(store: Store) -> dict[str, int]:
    """Return how many rows each table has."""
    counted = [sa.select(sa.func.count()).select_from(table) for table in tables().metadata.sorted_tables]
    names = [table.name for table in tables().metadata.sorted_tables]
    return dict(zip(names, read(store, lambda connection: [connection.scalar(one) for one in counted]), strict=True))


def gone(store: Store) -> dict[str, int]:
    """Remove what is older than the limit, and return what went; a plan must have said so before."""
    planned = expired(store, LIMIT)
    removed = expire(store, LIMIT)
    assert removed == planned
    assert expire(store, LIMIT) == NOTHING, "the second time there is nothing left to do"
    return {kind: count for kind, count in removed.items() if count}


def test_what_is_old_goes_and_the_newest_of_each_procedure_stays(store_url: str) -> None:
    store = open_store(store_url)
    for number in range(6):
        had(store, f"w{number}", 900 - number * 100)
    had(store, "d1", 800, procedure="restore_drill")
    had(store, "d2", 700, procedure="restore_drill")
    had(store, "other", 800, host="est2")
    # 900 to 400 days: the last is exactly at the limit and not older than it.
    assert gone(store) == {"runs": 6}
    assert ids(store) == ["other", "d2", "w5"]
    counted = rows(store)
    assert (counted["results"], counted["actions"]) == (
        sum(len(one["results"]) for one in runs_between(store, None, None, *EVER)),
        sum(len(one["actions"]) for one in runs_between(store, None, None, *EVER)),
    )


def test_a_run_that_did_not_finish_is_no_reason_for_an_older_one_to_go(store_url: str) -> None:
    store = open_store(store_url)
    had(store, "good", 900)
    begin(store, [run("killed", **at(800))], holder=ELSEWHERE, now=NOON - 800 * DAY, lease_seconds=LEASE_SECONDS)
    begin(store, [run("next", **at(700))], holder=ELSEWHERE, now=NOON - 700 * DAY, lease_seconds=LEASE_SECONDS)
    assert {one["id"]: one["state"] for one in runs_between(store, None, None, *EVER)} == {
        "good": "ok", "killed": "interrupted", "next": "running",
    }  # fmt: skip
    assert gone(store) == {}
    had(store, "again", 10)
    # The lease of the run that nobody ended was taken over.
    assert gone(store) == {"runs": 3}


def test_an_attestation_keeps_its_evidence(store_url: str) -> None:
    store = open_store(store_url)
    for number, days in enumerate((900, 800, 700, 600)):
        had(store, f"w{number}", days)
    when = {number: (NOON - days * DAY).strftime("%Y-%m-%dT%H:%M:%SZ") for number, days in enumerate((899, 799))}
    attest(store, [attested(f"a{n}", host="est1", attested=when[n], evidence_run_id=f"w{n}") for n in when])
    assert gone(store) == {"attestations": 1, "runs": 2}
    assert ids(store) == ["w1", "w3"]
    assert [one["id"] for one in attestations(store, ["est1"])] == ["a1"]


def test_a_profile_goes_with_its_last_run(store_url: str) -> None:
    store = open_store(store_url)
    had(store, "w1", 900, profile={"title": {"en": "Before"}})
    had(store, "w2", 800, profile={"title": {"en": "Now"}})
    assert gone(store) == {"runs": 1, "profiles": 1}
    (left,) = runs_between(store, None, None, *EVER)
    assert left["profile"] == {"title": {"en": "Now"}}


def test_a_job_goes_with_its_last_run(store_url: str) -> None:
    store = open_store(store_url)
    for job, days in (("first", 900), ("second", 800)):
        part = Part(job, f"play-{job}", "weekly", ("est1",))
        then = NOON - days * DAY
        begun = [run(f"r-{job}", job=job, **at(days))]
        begin(store, begun, holder=ELSEWHERE, now=then, lease_seconds=LEASE_SECONDS, part=part)
        finish(store, [finished(f"r-{job}", job=job, **at(days))], Ended(part, then + timedelta(minutes=1), None))
    assert gone(store) == {"runs": 1, "job_parts": 1}


def test_an_incident_goes_when_it_is_over_and_everybody_was_told(store_url: str) -> None:
    store = open_store(store_url)
    incident_builders.begin(store)
    long_ago, longer = NOON + timedelta(minutes=30), NOON + 500 * DAY
    assert expire(store, longer) == NOTHING, "it is open"
    over = [Happening("recovered", "recovered")]
    incidents.happen(store, "i1", incident_builders.reading(20), over, incident_builders.plan)
    assert expire(store, long_ago) == NOTHING, "messages wait"
    for row in outbox.messages(store):
        outbox.note_delivered(store, row["id"], long_ago)
    assert expire(store, NOON) == NOTHING
    told = len(outbox.messages(store))
    assert told
    assert expired(store, longer) == expire(store, longer) == {**NOTHING, "messages": told, "incidents": 1}
    counted = rows(store)
    assert [counted[name] for name in ("incidents", "incident_events", "messages")] == [0, 0, 0]


def test_windows_and_approvals_go_when_they_are_over(store_url: str) -> None:
    store = open_store(store_url)
    plan_maintenance(store, [maintenance("m1")])
    stated = {"id": "p1", "host": "est1", "system": "estimator", "step": "reboot", "operator": "sora", "note": ""}
    approve(store, {**stated, "approved": NOON, "until": NOON + DAY})
    assert expire(store, NOON + timedelta(minutes=30)) == NOTHING, "they are not over"
    assert expire(store, NOON + 2 * DAY) == {**NOTHING, "maintenance_windows": 1, "approvals": 1}


def test_more_than_one_statement_can_take(store_url: str) -> None:
    store = open_store(store_url)
    hosts = [f"h{number:04}" for number in range(900)]
    for days in (900, 800):
        begun = [run(f"{host}-{days}", host, **at(days)) for host in hosts]
        begin(store, begun, holder=ELSEWHERE, now=NOON - days * DAY, lease_seconds=LEASE_SECONDS)
        finish(store, [finished(f"{host}-{days}", host, **at(days)) for host in hosts])
    assert gone(store) == {"runs": 900}
    assert len(ids(store)) == 900


def test_whoever_is_killed_has_removed_less_and_nothing_half(store_url: str) -> None:
    store = open_store(store_url)
    hosts = [f"h{number:04}" for number in range(900)]
    for days in (900, 800):
        begun = [run(f"{host}-{days}", host, **at(days)) for host in hosts]
        begin(store, begun, holder=ELSEWHERE, now=NOON - days * DAY, lease_seconds=LEASE_SECONDS)
        finish(store, [finished(f"{host}-{days}", host, **at(days)) for host in hosts])

    def die_in_the_second() -> None:
        original, calls = expiry.write, []

        def dying(given: Store, work: Any) -> Any:
            def work_and_die(connection: Any) -> Any:
                answer = work(connection)
                calls.append(answer)
                if sum(1 for one in calls if one) == 2:
                    os.kill(os.getpid(), signal.SIGKILL)
                return answer

            return original(given, work_and_die)

        expiry.write = dying
        expire(open_store(store_url), LIMIT)

    child = FORK.Process(target=die_in_the_second)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    counted = rows(open_store(store_url))
    assert counted["runs"] == 1400
    assert counted["results"] == 1400 * len(finished("r1")["results"])
    assert gone(open_store(store_url)) == {"runs": 500}
