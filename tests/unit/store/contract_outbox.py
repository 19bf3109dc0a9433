# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must do with messages, killed at any step included."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.channels import Channel, Parcel, SendError
from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.delivery import deliver
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import Store, current_holder, open_store, outbox
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents as kept
from tests.unit.store.builders import ELSEWHERE, NOON
from tests.unit.store.incident_builders import FORK, HOOK, KILLED, begin, plan, reading


class Clock:
    """A clock that goes forward by itself a little, and by much when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wall(self) -> Any:
        """Return the wall clock."""
        return NOON + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


def send_all(store: Store, send: Callable[[Channel, Parcel], None], clock: Clock, patience: float = 0.0) -> Any:
    """Deliver what is due."""
    return deliver(
        store,
        {"est1": {"hook": HOOK}},
        ELSEWHERE,
        clock.wall,
        lambda: clock.seconds,
        clock.sleep,
        patience,
        {"slack": send},
    )


def test_a_sender_whose_play_is_gone_claims_nothing_more(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    kept.happen(store, "i1", reading(40), [], plan)
    pending = len(outbox.messages(store, states=[outbox.PENDING]))
    assert pending > 1
    got: list[str] = []
    clock = Clock()
    clock.seconds = 2400.0
    deliver(
        store,
        {"est1": {"hook": HOOK}},
        ELSEWHERE,
        clock.wall,
        lambda: clock.seconds,
        clock.sleep,
        senders={"slack": lambda _channel, parcel: got.append(parcel.key)},
        lives=lambda: not got,
    )
    assert len(got) == 1
    left = outbox.messages(store, states=[outbox.PENDING])
    assert len(left) == pending - 1
    assert not any(row["claim"] for row in left)


def test_a_receiver_that_is_down_gets_everything_once_when_it_is_back(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    clock = Clock()
    got: list[str] = []
    down = [True]

    def send(_channel: Channel, parcel: Parcel) -> None:
        if down[0]:
            raise SendError(f"no connection to {HOOK.url}")
        got.append(parcel.key)

    for minute in range(0, 40, 2):
        clock.seconds = minute * 60.0
        kept.happen(store, "i1", reading(minute), [], plan)
        send_all(store, send, clock)
    assert got == []
    assert all("secret" not in str(row["error"]) for row in outbox.messages(store))
    down[0] = False
    clock.seconds += outbox.LONGEST_PAUSE_SECONDS
    send_all(store, send, clock)
    early = ["i1/at_once:P1/manager", "i1/update:1/manager"]
    assert got == [*early, "i1/unresolved:P1/cto", "i1/update:2/manager"]
    send_all(store, send, clock)
    assert len(got) == 4
    assert {row["state"] for row in outbox.messages(store)} == {"delivered"}


def test_a_clock_that_was_set_back_holds_no_message_up(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    clock = Clock()
    outbox.note_failed(store, "i1/at_once:P1/manager", NOON + timedelta(days=1), "down", 60)
    got: list[str] = []
    send_all(store, lambda _channel, parcel: got.append(parcel.key), clock)
    assert got == ["i1/at_once:P1/manager"]


def test_a_pause_that_was_asked_for_is_kept(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    clock = Clock()
    asked: list[float] = []

    def send(_channel: Channel, _parcel: Parcel) -> None:
        asked.append(clock.seconds)
        if len(asked) == 1:
            raise SendError("429", pause_seconds=20)

    assert send_all(store, send, clock, patience=60).delivered == ["i1/at_once:P1/manager"]
    assert asked[1] >= 20


def test_a_long_message_goes_on_behind_the_part_that_has_arrived(store_url: str) -> None:
    store = open_store(store_url)
    long = {"id": "report/1", "role": "team", "channel": "hook", "receiver": "", "language": "en"}
    outbox.enqueue(store, [{**long, "subject": "Report", "body": "\n".join(["x" * 99] * 90)}], "est1", NOON)
    clock = Clock()
    got: list[str] = []

    def send(_channel: Channel, parcel: Parcel) -> None:
        if len(got) == 1 and clock.seconds == 0:
            raise SendError("reset")
        got.append(parcel.key)

    send_all(store, send, clock)
    clock.seconds = 60
    send_all(store, send, clock)
    assert got == ["report/1#1", "report/1#2", "report/1#3"]


#: Steps of one round of escalation at which the process may be killed: before and after each thing it does.
STEPS = ("before_plan", "after_plan", "after_claim", "before_send", "after_send", "after_part", "after_mark")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_nothing_is_lost_and_nothing_comes_twice(store_url: str, step: str, tmp_path: Any) -> None:
    store = open_store(store_url)
    begin(store)
    inbox = tmp_path / "inbox"
    inbox.touch()
    # Killed in the first, the second, ... round; then a process that lives does the rest.
    for victim in range(3):
        child = FORK.Process(target=_round, args=(store_url, str(inbox), 31.0, step, victim))
        child.start()
        child.join()
        assert child.exitcode in (0, KILLED)
    child = FORK.Process(target=_round, args=(store_url, str(inbox), 31.0, "never", 0))
    child.start()
    child.join()
    got = Counter(inbox.read_text().split())
    assert set(got) == {"i1/at_once:P1/manager", "i1/unresolved:P1/cto"} | {
        key for key in got if key.startswith("i1/update")
    }
    assert [row["state"] for row in outbox.messages(store)] == ["delivered"] * len(outbox.messages(store))
    # Only where the receiver's answer was lost with the process has the same key come again.
    assert max(got.values()) == 1 or step == "after_send"


def test_what_an_earlier_run_has_put_into_a_pause_is_waited_for_as_long_as_patience_lasts(store_url: str) -> None:
    store = open_store(store_url)
    begin(store)
    clock = Clock()
    kept.happen(store, "i1", reading(0), [], plan)

    def fails(_channel: Channel, _parcel: Parcel) -> None:
        raise SendError("busy", 40.0)

    assert send_all(store, fails, clock).failed
    got: list[str] = []

    def takes(_channel: Channel, parcel: Parcel) -> None:
        got.append(parcel.key)

    send_all(store, takes, clock, 10.0)
    assert (got, clock.seconds < 2) == ([], True), "a pause that is longer than the patience is not begun"
    send_all(store, takes, clock, 60.0)
    assert got
    assert 40.0 <= clock.seconds < 45.0


def _round(store_url: str, inbox: str, minutes: float, step: str, skip: int) -> None:
    """Do one round of escalation, and die at a step; ``skip`` lets the step pass some times before."""
    left = [skip]

    def maybe_die(at: str) -> None:
        if at == step:
            if left[0] == 0:
                os._exit(KILLED)
            left[0] -= 1

    def send(_channel: Channel, parcel: Parcel) -> None:
        maybe_die("before_send")
        with open(inbox, "a", encoding="utf-8") as file:
            file.write(parcel.key + "\n")
        maybe_die("after_send")

    real_claim, real_part = outbox.claim, outbox.note_part

    def claim(*arguments: Any) -> Any:
        row = real_claim(*arguments)
        maybe_die("after_claim" if row is not None else "after_mark")
        return row

    def note_part(*arguments: Any) -> None:
        real_part(*arguments)
        maybe_die("after_part")

    outbox.claim, outbox.note_part = claim, note_part
    store = open_store(store_url)
    maybe_die("before_plan")
    kept.happen(store, "i1", reading(minutes), [], plan)
    maybe_die("after_plan")
    clock = Clock()
    clock.seconds = minutes * 60
    deliver(
        store,
        {"est1": {"hook": HOOK}},
        current_holder(pid=os.getpid()),
        clock.wall,
        lambda: clock.seconds,
        clock.sleep,
        0.0,
        {"slack": send},
    )
