# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rate-limit probe: what it makes of answers, against real servers, and whom it never asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import rate_limit_probe
from tests.unit.cases import load_cases

from .asking import differences, judged, look


class Limiting(BaseHTTPRequestHandler):
    """Refuses each client after five requests."""

    seen: dict[str, int]
    limit = 5

    def do_GET(self) -> None:
        client = self.headers.get("X-Forwarded-For", "")
        self.seen[client] = self.seen.get(client, 0) + 1
        self.send_response(429 if self.seen[client] > self.limit else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def served() -> Iterator[tuple[str, type[Limiting]]]:
    """Serve a rate limit and return its URL and what it has seen."""
    handler = type("Counting", (Limiting,), {"seen": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/env", handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_rate_limit_probe"))
def test_answers_are_judged(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    result = judged(
        "rate_limit_probe",
        lambda: rate_limit_probe.observe(arguments["statuses"], arguments["parameters"]),
        arguments,
    )
    assert not differences(result, expected)


def test_a_limit_takes_effect_and_nobody_else_pays_for_it(served: tuple[str, type[Limiting]]) -> None:
    url, handler = served
    result = look("rate_limit_probe", url=url, maximum_requests=20, headers={"X-Forwarded-For": "192.0.2.25"})
    assert (result["state"], result["value"]) == ("ok", 6)
    assert handler.seen == {"192.0.2.25": 6}


def test_without_a_limit_it_stops_at_its_bound(served: tuple[str, type[Limiting]]) -> None:
    url, handler = served
    handler.limit = 10000
    result = look("rate_limit_probe", url=url, maximum_requests=15)
    assert (result["state"], result["reason"]["id"]) == ("warning", "rate_limit_absent")
    assert handler.seen == {"": 15}


def test_nobody_there_is_critical() -> None:
    assert look("rate_limit_probe", url="http://127.0.0.1:1/")["state"] == "critical"


@pytest.mark.parametrize("host", ["example.org", "192.0.2.1", "127.0.0.1.example.org", "10.0.0.1"])
def test_another_host_is_never_asked(host: str) -> None:
    result = look("rate_limit_probe", url=f"http://{host}/")
    assert (result["state"], result["reason"]["id"]) == ("unknown", "probe_host_foreign")


def test_a_name_of_the_system_is_its_own() -> None:
    assert rate_limit_probe.is_own("wiki.example.org", ["Wiki.Example.Org"])
    assert rate_limit_probe.is_own("127.8.0.1", [])
