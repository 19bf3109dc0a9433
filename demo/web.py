# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server: one function answers every request, one function may hear about each answer."""

from __future__ import annotations

import dataclasses
import http.server
import json
import signal
import sys
import threading
import urllib.parse
from collections.abc import Mapping
from typing import Any, Callable

REASONS = {429: "Too Many Requests"}


@dataclasses.dataclass(frozen=True)
class Request:
    """What a client asked. `path` has no query; header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    client: str
    body: bytes


@dataclasses.dataclass(frozen=True)
class Response:
    """What it gets."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response whose body is `value` as JSON."""
    merged = {"Content-Type": "application/json"}
    merged.update(headers or {})
    return Response(status, json.dumps(value, ensure_ascii=False).encode("utf-8"), merged)


Answer = Callable[[Request], Response]
Heard = Callable[[Request, Response], None]


ANSWERED_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")


class Server(http.server.ThreadingHTTPServer):
    """Answers with `answer`; tells `heard` after each answer. Connections never keep the process alive."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: str, port: int, answer: Answer, heard: Heard | None = None) -> None:
        """Bind `address`:`port`. Raises OSError when the port is taken."""
        super().__init__((address, port), _Handler)
        self.answer = answer
        self.heard = heard

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or failed its TLS handshake is no event for the server."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""
    timeout = 30

    def __getattr__(self, name: str) -> Any:
        """`do_GET` and its sisters: what the base class calls for a method."""
        if name.startswith("do_") and name[3:] in ANSWERED_METHODS:
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            parts.path,
            dict(urllib.parse.parse_qsl(parts.query)),
            {name.lower(): value for name, value in self.headers.items()},
            self.client_address[0],
            self.rfile.read(length) if length else b"",
        )
        server: Any = self.server
        response = server.answer(request)
        self.send_response(response.status, REASONS.get(response.status))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        if server.heard:
            server.heard(request, response)

    def log_message(self, *arguments: Any) -> None:
        pass


def stop_on_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set from now on; a program asks for it before it holds anything."""
    stop = threading.Event()

    def finish(number: int, frame: Any) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    return stop


def run_until(stop: threading.Event, server: Server | None = None) -> int:
    """Serve in the foreground until `stop` is set, which ends the background threads too. Returns 0."""
    if server is not None:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    while not stop.wait(3600):
        pass
    if server is not None:
        server.shutdown()
        server.server_close()
    sys.stdout.flush()
    return 0
