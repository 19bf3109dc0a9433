# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Those who are told, while everything between them and the store fails: plays, mail servers and webhooks are real."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import outbox
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.schema import tables
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.transactions import write
from tests.integration.incidents.test_incident_plays import opened, run, system
from tests.ports import free_port
from tests.unit.checks.peers import Behaviour, answering, never_answering, saying, serving
from tests.unit.notify.mailbox import PASSWORD, USER, mail_server

#: What happened, in words: longer than a webhook takes at once, with a secret in it.
WHAT = "password=hunter22 " + " ".join(f"event-{number}" for number in range(800))
HOOK_SECRET = "T0-geheim-B0"


@dataclass
class Hook:
    """A webhook that fails as it is told and then works; ``taken`` are the texts that it has answered 200 to, by key.

    Args:
        failures: how it answers instead, by the number of the request.
    """

    failures: dict[int, Behaviour]
    requests: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)

    def behave(self, peer: socket.socket, request: bytes) -> None:
        """Answer one request."""
        number, self.requests = self.requests, self.requests + 1
        head, _end, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None
        while len(body) < int(length[1]):
            body += peer.recv(65536)
        if number in self.failures:
            self.failures[number](peer, request)
            return
        self.taken.append((key_of(request), json.loads(body)["text"]))
        answering(b"ok")(peer, request)


def key_of(request: bytes) -> str:
    """Return the idempotency key of a request."""
    key = re.search(rb"(?i)idempotency-key: (\S+)", request)
    assert key is not None
    return key[1].decode()


def profile(directory: Path, ports: dict[str, int]) -> dict[str, Any]:
    """Return who is told in what language on which channel."""
    channels = [
        {"name": name, "type": "slack", "url": f"http://127.0.0.1:{ports[name]}/{HOOK_SECRET}", "timeout_seconds": 15}
        for name in ("chat", "duty")
    ]
    mail = {"type": "email", "host": "127.0.0.1", "port": ports["post"], "username": USER, "password": PASSWORD}
    mail.update(
        name="post", sender="runbooks@example.com", ca_file=str(directory / "authority.pem"), timeout_seconds=60
    )
    contacts = [
        {"role": "manager", "language": "en", "channels": [{"channel": "chat"}]},
        {"role": "developers", "language": "ja", "channels": [{"channel": "duty"}]},
        {"role": "operations", "language": "ja", "channels": [{"channel": "post", "to": "unyou@example.com"}]},
        {"role": "auditor", "language": "en", "channels": [{"channel": "post", "to": "audit@example.com"}]},
    ]
    return {
        "system_channels": [*channels, mail],
        "system_contacts": contacts,
        "system_escalation": [{"name": "at_once", "levels": ["P1"], "tell": [each["role"] for each in contacts]}],
    }


@contextlib.contextmanager
def receivers(directory: Path, ports: dict[str, int], chat: Hook, duty: Hook) -> Iterator[Any]:
    """Run the webhooks and the mail server on their ports, and yield the mailbox."""
    with (
        serving(chat.behave, port=ports["chat"]),
        serving(duty.behave, port=ports["duty"]),
        mail_server(directory, port=ports["post"]) as box,
    ):
        yield box


def wait_no_longer(there: store.Store) -> None:
    """Let the pauses be over that failed attempts have made, as they are after some minutes."""
    table = tables().messages
    statement = sa.update(table).where(table.c.state == outbox.PENDING).values(due=datetime.now(UTC))
    write(there, lambda connection: connection.execute(statement))


def test_what_is_told_waits_for_its_receivers_and_arrives_once_in_their_language(tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("chat", "duty", "post")}
    inventory = system(tmp_path, **profile(tmp_path, ports))
    (tmp_path / "wiki.log").write_text("full\n")
    # Nobody is there: the system is healed all the same, and everything waits.
    down = run(inventory, "-e", json.dumps({"incident_what": WHAT}))
    assert down.status == 0, down.output
    waiting = outbox.messages(opened(inventory), states=[outbox.PENDING])
    assert len(waiting) == 8, "the beginning and the end, to four receivers"
    assert {row["attempts"] for row in waiting if "/at_once" in row["id"]} <= {1, 2}
    assert "Connection refused" in down.output

    chat = Hook({0: never_answering, 1: answering(b"", "429 Too Many Requests", "Retry-After: 3")})
    # The first part of a long text arrives, then the receiver fails twice.
    duty = Hook({1: answering(b"broken", "500 Internal Server Error"), 2: saying(b"HTTP/1.1 20")})
    with receivers(tmp_path, ports, chat, duty) as box:
        box.answers = ["451 4.3.0 Try again later"]
        wait_no_longer(opened(inventory))
        told = run(inventory, "-e", "escalate_patience_seconds=600", name="escalate")
        assert told.status == 0, told.output
        first = (list(chat.taken), list(duty.taken), list(box.mails))
        again = run(inventory, name="escalate")
        assert "changed=0" in again.output
    assert (chat.taken, duty.taken, box.mails) == first, "nothing comes twice"
    assert {row["state"] for row in outbox.messages(opened(inventory))} == {outbox.DELIVERED}

    for hook, words, other in ((chat, "Impact", "影響"), (duty, "影響", "Impact")):
        keys = [key for key, _text in hook.taken]
        assert len(keys) == len(set(keys))
        begun = [text for key, text in hook.taken if "/at_once" in key]
        assert [re.search(r"\((\d)/\d\)", text)[1] for text in begun] == [str(n + 1) for n in range(len(begun))]
        assert len(begun) > 1
        assert keys == sorted(keys, key=lambda key: "/recovery" in key), "the end comes after the beginning"
        assert "event-799" in "".join(begun)
        assert any(words in text for text in begun)
        assert not any(other in text for _key, text in hook.taken)
        assert all(len(text) < 4000 for _key, text in hook.taken)
    assert (chat.requests, duty.requests) == (len(chat.taken) + 2, len(duty.taken) + 2)

    assert sorted(mail["To"] for mail in box.mails) == ["audit@example.com"] * 2 + ["unyou@example.com"] * 2
    assert len({mail["Message-ID"] for mail in box.mails}) == 4
    assert box.logins == 5, "one delivery was answered with 451"
    for mail in box.mails:
        assert bool(re.search("[ぁ-ん一-龥]", mail["Subject"])) == (mail["To"] == "unyou@example.com")

    texts = [text for _key, text in (*chat.taken, *duty.taken)] + [mail.as_string() for mail in box.mails]
    kept = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert any(b"event-799" in each for each in kept)
    for secret in ("hunter22", HOOK_SECRET, PASSWORD):
        assert not any(secret in text for text in texts)
        assert not any(secret.encode() in each for each in kept)
        assert secret not in down.output.replace(WHAT, "") + told.output
