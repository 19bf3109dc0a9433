# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS front of the demo machine, where a test host has Apache: proxies to the backend and keeps an access log.

SIGHUP makes it read its certificate again, as a reload of Apache does.
"""

from __future__ import annotations

import base64
import http.client
import signal
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..files import append_line
from ..paths import EstimatorPaths
from ..web import Request, Response, Server, json_response, run_until, stop_on_signal
from . import traffic
from .logs import access_line, error_line
from .seed import HOST_NAME

USER = "operator"
PASSWORD = "estimator-demo"
BACKEND_TIMEOUT_SECONDS = 20


def live_directory(paths: EstimatorPaths) -> Path:
    """Where certbot keeps the certificate in use: cert.pem, chain.pem, fullchain.pem, privkey.pem."""
    return paths.certificates / "live" / HOST_NAME


class TlsServer(Server):
    """A server whose connections are TLS; the handshake runs in the connection's own thread."""

    def __init__(self, address: str, port: int, answer: Any, heard: Any, directory: Path) -> None:
        """Bind like `Server`, with the certificate of `directory`."""
        super().__init__(address, port, answer, heard)
        self._directory = directory
        self.reload()

    def reload(self) -> None:
        """Read certificate and key again; connections that are open keep the old ones."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self._directory / "fullchain.pem"), str(self._directory / "privkey.pem"))
        self._context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, then answer."""
        request.settimeout(30)
        with self._context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


def _authorised(request: Request) -> str:
    """The user's name when the password is right, else an empty string."""
    scheme, _space, encoded = request.headers.get("authorization", "").partition(" ")
    expected = base64.b64encode((f"{USER}:{PASSWORD}").encode("ascii")).decode("ascii")
    return USER if scheme.lower() == "basic" and encoded.strip() == expected else ""


def _target(path: str) -> str:
    """Apache's mapping: /api/ and /static/ as they are, everything else below /ui/."""
    return path if path.startswith(("/api/", "/static/", "/ui/")) else "/ui" + path


def answer(backend_port: int) -> Callable[[Request], Response]:
    """The front's answering function: password, then the backend; 502 when the backend does not answer."""

    def respond(request: Request) -> Response:
        if not _authorised(request):
            return Response(401, b"Unauthorized\n", {"WWW-Authenticate": 'Basic realm="estimator"'})
        connection = http.client.HTTPConnection("127.0.0.1", backend_port, timeout=BACKEND_TIMEOUT_SECONDS)
        try:
            connection.request(
                request.method,
                _target(request.path),
                request.body or None,
                {"X-Forwarded-For": request.client, "X-Forwarded-Proto": "https"},
            )
            reply = connection.getresponse()
            headers = {
                name: value
                for name, value in reply.getheaders()
                if name.lower() not in ("content-length", "date", "server", "connection")
            }
            return Response(reply.status, reply.read(), headers)
        except (TimeoutError, OSError, http.client.HTTPException):
            return json_response({"detail": "Bad Gateway"}, 502)
        finally:
            connection.close()

    return respond


def timed(respond: Callable[[Request], Response], paths: EstimatorPaths) -> Callable[[Request], Response]:
    """`respond`, with one line in the access log for each answer and one in the error log for a 401 or 502."""

    def respond_and_log(request: Request) -> Response:
        began = time.time()
        response = respond(request)
        finished = time.time()
        entry = traffic.Request(
            began,
            request.client,
            _authorised(request) or "-",
            request.method,
            request.path,
            response.status,
            len(response.body),
            finished - began,
            request.headers.get("user-agent", "-"),
        )
        append_line(paths.apache_logs / "access.log", access_line(entry, finished))
        if response.status in (401, 502):
            append_line(paths.apache_logs / "error.log", error_line(entry))
        return response

    return respond_and_log


def serve(paths: EstimatorPaths, address: str, port: int, backend_port: int) -> int:
    """Run the front in the foreground until it is told to stop."""
    stop = stop_on_signal()
    server = TlsServer(address, port, timed(answer(backend_port), paths), None, live_directory(paths))

    def read_again(number: int, frame: Any) -> None:
        server.reload()

    signal.signal(signal.SIGHUP, read_again)
    return run_until(stop, server)
