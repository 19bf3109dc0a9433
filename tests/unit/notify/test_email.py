# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail to a real receiving server: TLS, login, refusals, a server that goes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.channels import (
    Channel,
    Parcel,
    RefusedError,
    SendError,
)
from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.email import send
from tests.ports import closed_port
from tests.unit.checks.peers import Behaviour, dripping, never_answering, saying, serving
from tests.unit.notify.mailbox import PASSWORD, USER, Mailbox, mail_server
from tests.unit.patience import quickly

LIMIT_SECONDS = 1.0


def channel(box: Mailbox, **changes: object) -> Channel:
    """Return the channel to a mail server of a test."""
    stated = {
        "name": "mail",
        "type": "email",
        "host": "127.0.0.1",
        "port": box.port,
        "username": USER,
        "password": PASSWORD,
        "sender": "runbooks@example.com",
        "ca_file": box.ca_file or None,
        "timeout_seconds": 60.0,
        **changes,
    }
    return Channel(**stated)


def parcel(key: str = "i1/at_once:P1/manager/mail", **changes: object) -> Parcel:
    """Return a message."""
    stated = {
        "key": key,
        "to": "manager@example.com",
        "subject": "障害報告 [P1]",
        "body": "全停止中\n.\nend",
        **changes,
    }
    return Parcel(**stated)


def test_a_mail_arrives_whole_by_tls_and_login(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        report = {"name": "report.html", "type": "text/html", "text": "<p>報告</p>"}
        send(channel(box), parcel(attachments=(report,)))
        send(channel(box), parcel())
    first, second = box.mails
    assert box.logins == 2
    assert (first["Subject"], first["To"]) == ("障害報告 [P1]", "manager@example.com")
    body = first.get_body()
    assert body is not None
    assert body.get_content().splitlines() == ["全停止中", ".", "end"]
    assert [each.get_content().strip() for each in first.iter_attachments()] == ["<p>報告</p>"]
    # The same message once more is recognised by its id.
    assert first["Message-ID"] == second["Message-ID"]


def test_another_message_has_another_id(tmp_path: Path) -> None:
    with mail_server(tmp_path, tls=False) as box:
        for key in ("a", "b"):
            send(channel(box, tls="none", username=""), parcel(key))
    assert len({mail["Message-ID"] for mail in box.mails}) == 2


@pytest.mark.parametrize(
    ("changes", "receiver", "message"),
    [
        ({"password": "wrong"}, "manager@example.com", "535"),
        ({}, "nobody@example.com", "550"),
        ({}, "not an address", "Correct the address"),
        ({}, "manager@example.com\nBcc: everybody@example.com", "Correct the address"),
    ],
    ids=["login", "receiver", "no_address", "header_in_address"],
)
def test_what_will_never_be_taken_is_refused(
    tmp_path: Path, changes: dict[str, object], receiver: str, message: str
) -> None:
    with mail_server(tmp_path) as box, pytest.raises(RefusedError, match=message) as caught:
        send(channel(box, **changes), parcel(to=receiver))
    assert box.mails == []
    assert PASSWORD not in str(caught.value)


def test_a_password_is_never_sent_without_tls(tmp_path: Path) -> None:
    with mail_server(tmp_path, tls=False) as box, pytest.raises(RefusedError, match="STARTTLS"):
        send(channel(box), parcel())
    assert box.logins == 0


def test_a_certificate_that_is_not_trusted_stops_everything(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box, pytest.raises(SendError, match="certificate not trusted"):
        send(channel(box, ca_file=None), parcel())
    assert box.logins == 0


def test_a_server_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        box.answers = ["451 4.3.0 Try again later"]
        with pytest.raises(SendError, match="451"):
            send(channel(box), parcel())
        send(channel(box), parcel())
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    "behave",
    [never_answering, dripping, saying(b""), saying(b"220 mail.test\r\n250 mail.test\r\n"), saying(b"554 go away\r\n")],
    ids=["hang", "drip", "reset", "broken_off", "turned_away"],
)
def test_a_server_that_misbehaves_costs_no_more_than_the_limit(behave: Behaviour) -> None:
    with serving(behave, speaks_first=True) as port:
        asked = channel(Mailbox(port=port), tls="none", username="", timeout_seconds=LIMIT_SECONDS)

        def fails() -> None:
            with pytest.raises((SendError, RefusedError)):
                send(asked, parcel())

        quickly(fails, LIMIT_SECONDS + 1.5)


def test_nobody_there_is_tried_again() -> None:
    with closed_port() as port, pytest.raises(SendError, match="refused"):
        send(channel(Mailbox(port=port)), parcel())
