# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind http against real servers, good ones and bad ones."""

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import registry
from tests.ports import closed_port
from tests.unit.patience import given_time, quickly

from .asking import look
from .authority import issue, server_context
from .peers import Behaviour, answering, dripping, hanging_up, never_answering, saying, serving

HEALTHY = b'{"status": "healthy"}'
LIMIT_SECONDS = 1.0


def ask(behave: Behaviour, **keys: Any) -> dict[str, Any]:
    """Look at a server with this behaviour."""
    with serving(behave) as port:
        return look("http", url=f"http://127.0.0.1:{port}/health", **keys)


def test_a_healthy_application_is_ok() -> None:
    result = ask(answering(HEALTHY), expect_body={"status": "healthy"})
    assert (result["state"], result["metrics"]["status"]) == ("ok", 200)
    assert 0 <= result["value"] < 60


@pytest.mark.parametrize(
    "parts",
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"4\r\n",
            HEALTHY[:4],
            b"\r\n11;x=y\r\n",
            HEALTHY[4:],
            b"\r\n0\r\n\r\n",
        ),
        (b"HTTP/1.0 200 OK\n\n", HEALTHY),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n", HEALTHY),
    ],
    ids=["chunked", "until_closed", "announced"],
)
def test_every_way_to_send_a_body_is_read(parts: tuple[bytes, ...]) -> None:
    assert ask(saying(*parts), expect_body={"status": "healthy"})["state"] == "ok"


@pytest.mark.parametrize("behave", [never_answering, dripping])
def test_a_peer_that_does_not_finish_costs_the_limit_and_is_unknown(behave: Behaviour) -> None:

    def wait(limit: float) -> dict[str, Any]:
        return quickly(partial(ask, behave, timeout_seconds=limit), limit + 1.5)

    # A busy machine may need the shortest limit for the connection alone.
    result = given_time(wait, lambda seen: seen["evidence"] == ["waited for: answer"])
    assert (result["state"], result["reason"]["id"]) == ("unknown", "timed_out")
    assert result["evidence"] == ["waited for: answer"]


def test_no_answer_is_critical_where_the_runbook_says_so() -> None:
    result = given_time(
        lambda limit: ask(never_answering, timeout_seconds=limit, no_answer_state="critical"),
        lambda seen: seen["state"] == "critical",
    )
    assert (result["state"], result["reason"]["id"]) == ("critical", "http_no_answer")


def test_a_backlog_that_is_full_is_waited_for_no_longer_than_the_limit() -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        result = look("http", url=f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_seconds=LIMIT_SECONDS)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "timed_out")


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (hanging_up, "closed without an answer"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP"),
        (saying(b"\x00" * 100_000), "not HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000), "within its headers"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"), "after 5 of 50"),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "no size"),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort"), "within a chunk"),
    ],
    ids=["hangs_up", "another_protocol", "zeros", "endless_header", "short_body", "bad_chunk", "short_chunk"],
)
def test_what_is_no_answer_is_critical_and_named(behave: Behaviour, words: str) -> None:
    result = ask(behave)
    assert (result["state"], result["reason"]["id"]) == ("critical", "http_no_http")
    assert words in result["reason"]["fields"]["error"]


def test_a_closed_port_is_critical() -> None:
    with closed_port() as port:
        result = look("http", url=f"http://127.0.0.1:{port}/")
    assert (result["state"], result["reason"]["id"]) == ("critical", "http_refused")


def test_a_name_that_does_not_exist_is_unknown() -> None:
    result = look("http", url="http://no-such-host.invalid/")
    assert result["state"] == "unknown"
    assert result["reason"]["id"] in ("http_name_unresolved", "timed_out")


@pytest.mark.parametrize("host", ["a" * 70, "a..b", "例" * 70])
def test_a_name_that_cannot_be_one_is_unknown(host: str) -> None:
    for scheme in ("http", "https"):
        result = look("http", url=f"{scheme}://{host}/")
        assert (result["state"], result["reason"]["id"]) == ("unknown", "http_name_unresolved")


def test_a_header_of_the_profile_replaces_our_own() -> None:
    seen: list[bytes] = []

    def note(peer: socket.socket, request: bytes) -> None:
        seen.append(request)
        answering(HEALTHY)(peer, request)

    assert ask(note, headers={"host": "wiki.example.org"})["state"] == "ok"
    assert seen[0].count(b"Host:") == 1
    assert b"Host: wiki.example.org\r\n" in seen[0]


def test_a_redirect_is_named_and_followed_only_on_request() -> None:
    def behave(peer: socket.socket, request: bytes) -> None:
        if request.startswith(b"GET /health"):
            peer.sendall(b"HTTP/1.1 307 Temporary\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")
        else:
            answering(HEALTHY)(peer, request)

    result = ask(behave)
    assert (result["state"], result["reason"]["id"]) == ("critical", "http_redirected")
    assert result["reason"]["fields"]["location"] == "/login"
    assert ask(behave, follow_redirects=True)["state"] == "ok"


def test_a_redirect_in_a_circle_ends() -> None:
    result = ask(answering(b"", "302 Found", "Location: /health"), follow_redirects=True)
    assert (result["state"], result["reason"]["id"]) == ("critical", "http_redirected")


def test_credentials_go_to_their_own_origin_only() -> None:
    seen: dict[str, bytes] = {}

    def note(name: str, behave: Behaviour) -> Behaviour:
        def both(peer: socket.socket, request: bytes) -> None:
            seen[name] = request
            behave(peer, request)

        return both

    with serving(note("other", answering(HEALTHY))) as other:
        first = note("first", answering(b"", "302 Found", f"Location: http://127.0.0.1:{other}/"))
        result = ask(first, username="watch", password="correct horse", headers={"X-Key": "abc"}, follow_redirects=True)
    assert result["state"] == "ok"
    assert b"Authorization: Basic d2F0Y2g6Y29ycmVjdCBob3JzZQ==\r\n" in seen["first"]
    assert b"X-Key: abc\r\n" in seen["first"]
    assert b"Authorization" not in seen["other"]
    assert b"X-Key" not in seen["other"]


def test_credentials_that_a_server_echoes_are_not_shown() -> None:
    def echo(peer: socket.socket, request: bytes) -> None:
        answering(request + b"correct horse", "500 Oops")(peer, request)

    result = ask(echo, username="watch", password="correct horse", headers={"X-Key": "abcdef"})
    assert result["state"] == "critical"
    shown = str(result)
    assert "GET /health" in shown
    assert not [secret for secret in ("correct horse", "d2F0Y2g6Y29y", "abcdef") if secret in shown]


def test_the_password_is_marked_as_a_secret() -> None:
    assert registry.load("http").PARAMETERS["password"]["no_log"] is True


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\0b"])
def test_a_header_cannot_smuggle_another(value: str) -> None:
    result = ask(answering(HEALTHY), headers={"X-Key": value})
    assert (result["state"], result["reason"]["id"]) == ("unknown", "http_header_invalid")


def test_a_body_is_read_up_to_its_limit(tmp_path: Path) -> None:
    result = ask(answering(b"x" * 100_000), max_body_bytes=1000)
    assert (result["state"], result["metrics"]["body_bytes"]) == ("ok", 1000)
    result = ask(answering(b"x" * 100_000), max_body_bytes=1000, expect_body={"status": "healthy"})
    assert (result["state"], result["reason"]["id"]) == ("unknown", "http_body_too_large")


def test_tls_is_verified_unless_the_profile_says_otherwise(tmp_path: Path) -> None:
    root = issue("Root", authority=True)
    (tmp_path / "ca.pem").write_bytes(root.pem)
    leaf = issue("app", root, names=("app.example.org",))
    with serving(answering(HEALTHY), server_context(tmp_path, [leaf])) as port:
        url = f"https://app.example.org:{port}/"
        untrusted = look("http", url=url, address="127.0.0.1")
        trusted = look("http", url=url, address="127.0.0.1", ca_file=str(tmp_path / "ca.pem"))
        other_name = look("http", url=f"https://127.0.0.1:{port}/", ca_file=str(tmp_path / "ca.pem"))
        unverified = look("http", url=f"https://127.0.0.1:{port}/", verify_tls=False)
        no_ca = look("http", url=url, ca_file=str(tmp_path / "missing.pem"))
    assert (untrusted["state"], untrusted["reason"]["id"]) == ("critical", "http_tls_untrusted")
    assert trusted["state"] == "ok"
    assert (other_name["state"], other_name["reason"]["id"]) == ("critical", "http_tls_untrusted")
    assert unverified["state"] == "ok"
    assert (no_ca["state"], no_ca["reason"]["id"]) == ("unknown", "http_ca_file_unusable")


def test_plain_http_on_a_tls_port_and_silence_in_the_handshake_are_told_apart() -> None:
    with serving(answering(HEALTHY)) as port:
        result = look("http", url=f"https://127.0.0.1:{port}/")
    assert (result["state"], result["reason"]["id"]) == ("critical", "http_tls_failed")
    with serving(never_answering) as port:
        asked = partial(look, "http", url=f"https://127.0.0.1:{port}/")
        result = given_time(asked, lambda seen: seen["evidence"] == ["waited for: tls"])
    assert (result["state"], result["evidence"]) == ("unknown", ["waited for: tls"])
