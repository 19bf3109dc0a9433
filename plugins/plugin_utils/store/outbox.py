# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages on their way out: planned once by their id, claimed by one process at a time, marked when delivered.

Nothing is lost: a message is pending until it is marked. Nothing is repeated, but for one case that no sender can
avoid: whoever is killed between the receiver's answer and the mark has to send again, because nobody knows the answer
any more. Then it is the same id once more (Message-ID, Idempotency-Key), by which the receiver can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ansible_collections.aiops.runbooks.plugins.module_utils.redact import redact

from .clock import utc, wire_time
from .holder import Holder, process_started
from .requirements import sa
from .rows import fetch, insert_missing
from .schema import tables
from .staleness import same_kernel, stale_reason
from .transactions import Store, read, write
from .wire import storable, text

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = dict[str, Any]

PENDING, DELIVERED, REFUSED = "pending", "delivered", "refused"
#: The longest that a message waits for its next attempt; one that seems to wait longer was planned by a wrong clock.
LONGEST_PAUSE_SECONDS = 3600.0
CLAIM_SECONDS = 300.0


def message_rows(messages: Iterable[Mapping[str, Any]], host: str, incident_id: str | None, now: datetime) -> list[Row]:
    """Return the rows of new messages. Secrets in their texts are masked here, before anything is stored."""
    rows = []
    for message in messages:
        attached = [
            {"name": text(each["name"]), "type": text(each["type"]), "text": _masked(each["text"])}
            for each in message.get("attachments") or ()
        ]
        rows.append(
            {
                **{key: text(message[key]) for key in ("id", "role", "channel", "receiver", "language")},
                "subject": _masked(message["subject"]).replace("\n", " "),
                "body": _masked(message["body"]),
                "attachments": attached or None,
                "host": text(host),
                "incident_id": incident_id,
                "state": PENDING,
                "created": now,
                "due": now,
                "attempts": 0,
                "parts_done": 0,
                "claim": None,
                "delivered": None,
                "error": None,
            }
        )
    return rows


def enqueue(store: Store, messages: Iterable[Mapping[str, Any]], host: str, now: datetime) -> None:
    """Plan messages that belong to no incident; one whose id is planned already stays as it is."""
    rows = message_rows(messages, host, None, utc(now, "now"))
    write(store, lambda connection: insert_missing(connection, tables().messages, rows))


def claim(store: Store, hosts: Collection[str], holder: Holder, now: datetime) -> Row | None:
    """Take the next message that is due, or None.

    A receiver's messages are sent in their order: while one waits for its next attempt, the later ones do, too.

    Args:
        store: an open store.
        hosts: inventory hosts whose receivers are known.
        holder: the process that sends it; a claim of one that is gone is void at once, any other after five minutes.
        now: the wall clock.
    """
    now = utc(now, "now")

    def work(connection: Connection) -> Row | None:
        table = tables().messages
        query = sa.select(table).where(table.c.state == PENDING).order_by(table.c.created, table.c.id)
        waiting: set[tuple[str, ...]] = set()
        for row in fetch(connection, query.with_for_update()):
            receiver = (row["host"], row["channel"], row["receiver"])
            if row["host"] not in hosts or receiver in waiting:
                continue
            waiting.add(receiver)
            if _is_due(row["due"], now) and _is_free(row["claim"], holder, now):
                until = now + timedelta(seconds=CLAIM_SECONDS)
                claimed = {**vars(holder), "until": wire_time(until)}
                connection.execute(sa.update(table).where(table.c.id == row["id"]).values(claim=storable(claimed)))
                return row
        return None

    return write(store, work)


def pauses(store: Store, hosts: Collection[str], now: datetime, seconds: float) -> bool:
    """Tell whether a message of some hosts waits for an attempt that is due within some seconds, but not yet."""
    now = utc(now, "now")
    table = tables().messages
    query = sa.select(table.c.host, table.c.due).where(table.c.state == PENDING)
    rows = read(store, lambda connection: fetch(connection, query))
    return any(row["host"] in hosts and now < row["due"] <= now + timedelta(seconds=seconds) for row in rows)


def note_part(store: Store, identity: str, parts_done: int) -> None:
    """Record that the first parts of a message have arrived: whoever goes on begins behind them."""
    _update(store, identity, {"parts_done": parts_done})


def note_delivered(store: Store, identity: str, now: datetime) -> None:
    """Record that a message has arrived; what was attached is not kept."""
    _update(
        store,
        identity,
        {"state": DELIVERED, "delivered": utc(now, "now"), "claim": None, "error": None, "attachments": None},
    )


def note_failed(store: Store, identity: str, now: datetime, error: str, pause_seconds: float) -> None:
    """Record that an attempt has failed, and when the next one is due."""
    due = utc(now, "now") + timedelta(seconds=min(pause_seconds, LONGEST_PAUSE_SECONDS))
    values = {"attempts": tables().messages.c.attempts + 1, "due": due, "claim": None, "error": text(error)}
    _update(store, identity, values)


def note_refused(store: Store, identity: str, error: str) -> None:
    """Record that the receiver will never take a message: it is tried no more, and somebody has to look."""
    values = {"attempts": tables().messages.c.attempts + 1, "state": REFUSED, "claim": None, "error": text(error)}
    _update(store, identity, values)


def messages(store: Store, *, incident_id: str | None = None, states: Collection[str] = ()) -> list[Row]:
    """Return messages in the order in which they were planned."""
    table = tables().messages
    query = sa.select(table).order_by(table.c.created, table.c.id)
    if incident_id is not None:
        query = query.where(table.c.incident_id == incident_id)
    if states:
        query = query.where(table.c.state.in_(sorted(states)))
    return read(store, lambda connection: fetch(connection, query))


def _masked(value: Any) -> str:
    return text("\n".join(redact(line) for line in str(value).split("\n")))


def _is_due(due: datetime, now: datetime) -> bool:
    # A clock that was set back would otherwise keep a message for as long as it went back.
    return due <= now or (due - now).total_seconds() > LONGEST_PAUSE_SECONDS


def _is_free(claimed: Mapping[str, Any] | None, holder: Holder, now: datetime) -> bool:
    if not claimed:
        return True
    until = utc(claimed["until"], "claim")
    if (until - now).total_seconds() > CLAIM_SECONDS:
        return True
    started = process_started(claimed["pid"]) if same_kernel(claimed, holder) else None
    return stale_reason({**claimed, "until": until}, holder, started, now) is not None


def _update(store: Store, identity: str, values: Mapping[str, Any]) -> None:
    table = tables().messages
    statement = sa.update(table).where(table.c.id == identity, table.c.state == PENDING).values(**values)
    write(store, lambda connection: connection.execute(statement))
