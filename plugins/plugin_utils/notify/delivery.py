# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliver what is due in the outbox: in order, with pauses, each message once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import store
from ..store import outbox
from . import email, slack
from .backoff import pause_seconds
from .channels import EMAIL, Channel, Parcel, RefusedError, SendError, masked
from .splitting import numbered, parts

Send = Callable[[Channel, Parcel], None]
SENDERS: Mapping[str, Send] = {"slack": slack.send, "email": email.send}
#: How often the outbox is looked at while a pause is waited out.
LOOK_SECONDS = 1.0


@dataclass
class Delivered:
    """What a delivery has done.

    Args:
        delivered: ids of messages that have arrived.
        failed: the last error by id of those that will be tried again.
        refused: the error by id of those that will not.
    """

    delivered: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def deliver(
    opened: store.Store,
    channels: Mapping[str, Mapping[str, Channel]],
    holder: store.Holder,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
    patience_seconds: float = 30.0,
    senders: Mapping[str, Send] | None = None,
    lives: Callable[[], bool] = store.play_lives,
) -> Delivered:
    """Deliver the messages of some hosts.

    Args:
        opened: the store.
        channels: by host, the channels of its profile.
        holder: the process that sends; it may outlive its play by one message, and what it has claimed stays its own.
        clock: the wall clock, UTC.
        monotonic: a clock that only goes forward.
        sleep: waits for some seconds.
        patience_seconds: how long to wait for the next attempt of what failed, now or in an earlier run; what is left
            is for the next run.
        senders: how each type of channel is sent on; as it is in earnest unless given.
        lives: whether somebody still waits for the outcome; when nobody does, the rest is for the next run.
    """
    outcome = Delivered()
    end = monotonic() + patience_seconds
    while lives():
        row = outbox.claim(opened, set(channels), holder, clock())
        if row is not None:
            _deliver_one(opened, row, channels[row["host"]].get(row["channel"]), clock, senders or SENDERS, outcome)
            continue
        left = end - monotonic()
        # What an earlier run has put into a pause is waited for like what has failed now.
        if left < LOOK_SECONDS or not (outcome.failed or outbox.pauses(opened, set(channels), clock(), left)):
            break
        sleep(LOOK_SECONDS)
    return outcome


def _deliver_one(
    opened: store.Store,
    row: Mapping[str, Any],
    channel: Channel | None,
    clock: Callable[[], datetime],
    senders: Mapping[str, Send],
    outcome: Delivered,
) -> None:
    identity = row["id"]
    try:
        if channel is None:
            raise SendError(f"{row['host']} has no channel {row['channel']}: add it to system_channels")
        for number, parcel in _parcels(row, channel):
            if number > row["parts_done"]:
                senders[channel.type](channel, parcel)
                outbox.note_part(opened, identity, number)
    except SendError as error:
        said = masked(str(error), channel) if channel else str(error)
        outcome.failed[identity] = said
        outbox.note_failed(opened, identity, clock(), said, pause_seconds(row["attempts"] + 1, error.pause_seconds))
    except RefusedError as error:
        outcome.failed.pop(identity, None)
        outcome.refused[identity] = masked(str(error), channel) if channel else str(error)
        outbox.note_refused(opened, identity, outcome.refused[identity])
    else:
        outcome.failed.pop(identity, None)
        outcome.delivered.append(identity)
        outbox.note_delivered(opened, identity, clock())


def _parcels(row: Mapping[str, Any], channel: Channel) -> list[tuple[int, Parcel]]:
    """Return the message as it is sent: mail in one piece, on other channels a long text in parts."""
    if channel.type == EMAIL:
        attached = tuple(row["attachments"] or ())
        return [(1, Parcel(row["id"], row["receiver"], row["subject"], row["body"], attached))]
    texts = numbered(parts(row["body"]))
    keys = [row["id"]] if len(texts) == 1 else [f"{row['id']}#{number}" for number in range(1, len(texts) + 1)]
    return [
        (number, Parcel(key, row["receiver"], row["subject"], text))
        for number, (key, text) in enumerate(zip(keys, texts, strict=True), 1)
    ]
