# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks that fail in every way."""

from __future__ import annotations

import json
import socket
import struct
import time

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.channels import (
    Channel,
    Parcel,
    RefusedError,
    SendError,
)
from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.slack import send
from tests.ports import closed_port
from tests.unit.checks.peers import Behaviour, answering, never_answering, saying, serving
from tests.unit.patience import PATIENCE_SECONDS, quickly

LIMIT_SECONDS = 1.0
PARCEL = Parcel("i1/at_once:P1/manager/hook", "", "障害報告 [P1]", "全停止中")


def post(behave: Behaviour, seconds: float = PATIENCE_SECONDS) -> None:
    """Post to a server with this behaviour, which has so many seconds to answer."""
    with serving(behave) as port:
        url = f"http://127.0.0.1:{port}/services/T0/B0/geheim"
        send(Channel("hook", "slack", url=url, timeout_seconds=seconds), PARCEL)


def reset(peer: socket.socket, _request: bytes) -> None:
    """Hang up with a reset."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def hesitating(peer: socket.socket, _request: bytes) -> None:
    """Answer a byte at a time, and never come to the end of the first line."""
    while True:
        peer.sendall(b"H")
        time.sleep(0.1)


def test_the_text_arrives_with_its_key() -> None:
    requests: list[bytes] = []

    def behave(peer: socket.socket, request: bytes) -> None:
        requests.append(request)
        answering(b"ok")(peer, request)

    post(behave)
    head, _end, body = requests[0].partition(b"\r\n\r\n")
    assert b"idempotency-key: i1/at_once:p1/manager/hook" in head.lower()
    assert json.loads(body)["text"] == "*障害報告 [P1]*\n全停止中\n`i1/at_once:P1/manager/hook`"


@pytest.mark.parametrize(
    "behave",
    [
        never_answering,
        hesitating,
        reset,
        saying(b""),
        saying(b"HTTP/1.1 20"),
        saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
        answering(b"no", "500 Internal Server Error"),
        answering(b"rollup_error", "503 Service Unavailable"),
        answering(b"", "429 Too Many Requests"),
    ],
    ids=["hang", "slow", "reset", "closed", "truncated", "not_http", "500", "503", "429"],
)
def test_a_webhook_that_fails_is_tried_again_and_costs_no_more_than_the_limit(behave: Behaviour) -> None:

    def fails() -> str:
        with pytest.raises(SendError) as caught:
            post(behave, LIMIT_SECONDS)
        return str(caught.value)

    assert "geheim" not in quickly(fails, LIMIT_SECONDS + 1.5)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None)])
def test_what_the_receiver_asks_to_wait_is_heard(header: str, seconds: float | None) -> None:
    with pytest.raises(SendError) as caught:
        post(answering(b"", "429 Too Many Requests", f"Retry-After: {header}"))
    assert caught.value.pause_seconds == seconds


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "404 Not Found", "410 Gone", "302 Found"])
def test_a_webhook_that_is_gone_is_refused(status: str) -> None:
    with pytest.raises(RefusedError, match=f"says {status[:3]}"):
        post(answering(b"no_service", status))


def test_an_answer_whose_body_breaks_off_is_an_answer() -> None:
    post(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok"))


@pytest.mark.parametrize("url", ["", "hooks.slack.com/services/x", "file:///etc/passwd"])
def test_what_is_no_webhook_is_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="its url is not one"):
        send(Channel("hook", "slack", url=url), PARCEL)


def test_nobody_there_is_tried_again() -> None:
    with closed_port() as port, pytest.raises(SendError, match="refused"):
        send(Channel("hook", "slack", url=f"http://127.0.0.1:{port}/x"), PARCEL)
