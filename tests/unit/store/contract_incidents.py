# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must do with incidents."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents import engine
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import Happening
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents as kept
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import open_store, outbox
from tests.unit.store.builders import NOON
from tests.unit.store.incident_builders import FORK, begin, detected, message_ids, plan, reading


def test_a_second_event_joins_the_open_incident(store_url: str) -> None:
    store = open_store(store_url)
    first, new = begin(store, level="P3")
    again, newer = begin(store, 5, level="P1", identity="i2")
    assert (new, newer, again["id"], first["level"], again["level"]) == (True, False, "i1", "P3", "P1")
    assert again["levels"] == {"P3": 0.0, "P1": 300.0}
    assert message_ids(store) == ["i1/at_once:P1/manager"]
    assert [each["id"] for each in kept.incidents(store, ["est1"], open_only=True)] == ["i1"]
    # The same event once more, as a webhook that is repeated sends it, changes nothing.
    begin(store, 5, level="P1", identity="i3")
    kinds = [event["kind"] for event in kept.incident_events(store, ["i1"])["i1"]]
    assert kinds == ["detected", "detected", "told"]


def test_the_level_does_not_fall_while_an_incident_is_open(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    assert begin(store, 1, level="P4")[0]["level"] == "P1"


def test_after_the_recovery_a_new_event_is_a_new_incident(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    over = kept.happen(store, "i1", reading(20), [Happening("recovered", "recovered")], plan)
    assert over is not None
    assert (over["state"], over["recovered_seconds"]) == ("recovered", 1200)
    assert begin(store, 60, identity="i2") == (kept.incidents(store, open_only=True)[0], True)
    assert message_ids(store) == [
        "i1/at_once:P1/manager",
        "i1/recovery/manager",
        "i1/update:1/manager",
        "i2/at_once:P1/manager",
    ]
    later = kept.happen(store, "i1", reading(999), [], plan)
    assert later is not None
    assert later["recovered_seconds"] == 1200


def test_a_late_recovery_does_not_swallow_what_was_due_before(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    kept.happen(store, "i1", reading(31), [Happening("recovered", "recovered")], plan)
    assert {"i1/unresolved:P1/cto", "i1/recovery/cto", "i1/recovery/manager"} < set(message_ids(store))


def test_times_to_acknowledge_and_to_recover_are_the_incidents_own(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    kept.happen(store, "i1", reading(4), [Happening("acknowledged", by="sato")], plan)
    kept.happen(store, "i1", reading(5), [Happening("acknowledged", by="mori")], plan)
    # Meanwhile somebody sets the wall clock three hours forward.
    set_forward = replace(reading(10), wall=NOON + timedelta(hours=3))
    kept.happen(store, "i1", set_forward, [Happening("recovered", "recovered")], plan)
    (incident,) = kept.incidents(store)
    assert incident["acknowledged_by"] == "sato"
    assert engine.figures([incident]) == {"incidents": 1, "open": 0, "mtta_seconds": 240.0, "mttr_seconds": 600.0}
    assert "i1/unresolved:P1/cto" not in message_ids(store)


def test_the_keys_of_an_incident_that_is_over_are_known_for_a_while(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    assert not kept.had_key(store, "est1", "run-0", NOON), "it is open: whoever comes joins it"
    kept.happen(store, "i1", reading(20), [Happening("recovered", "recovered")], plan)
    assert kept.had_key(store, "est1", "run-0", NOON + timedelta(minutes=20))
    assert not kept.had_key(store, "est1", "run-0", NOON + timedelta(minutes=21))
    assert not kept.had_key(store, "est1", "run-1", NOON)
    assert not kept.had_key(store, "est2", "run-0", NOON)


def test_secrets_do_not_reach_the_store(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    (row,) = outbox.messages(store)
    assert row["body"] == "password=******** line\nnext line"
    told = {"cause": {"en": "token=abcdef123456"}, "count": 3}
    kept.happen(store, "i1", reading(1), [Happening("note", detail={"lines": ["passwd: hunter22"]}, facts=told)], plan)
    (incident,) = kept.incidents(store)
    assert incident["facts"]["cause"] == {"en": "token=********"}
    assert incident["facts"]["count"] == 3
    assert kept.incident_events(store, ["i1"])["i1"][-1]["detail"] == {"lines": ["passwd: ********"]}


def test_two_controllers_open_one_incident(store_url: str) -> None:
    open_store(store_url)
    openers = [FORK.Process(target=_open_one, args=(store_url, number)) for number in range(6)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert [opener.exitcode for opener in openers] == [0] * 6
    store = open_store(store_url)
    (incident,) = kept.incidents(store)
    events = kept.incident_events(store, [incident["id"]])[incident["id"]]
    assert Counter(event["kind"] for event in events) == {"detected": 6, "told": 1}
    assert len(message_ids(store)) == 1


def _open_one(store_url: str, number: int) -> None:
    store = open_store(store_url)
    kept.open_incident(
        store, "estimator", "est1", f"c{number}", reading(0, f"boot-{number}"), [detected(key=f"run-{number}")], plan
    )
