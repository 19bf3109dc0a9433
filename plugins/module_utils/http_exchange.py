# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP/1.1 exchange within a deadline.

The standard library's client counts its time per read, so that a server which drips a byte a second is never late,
and importing it costs more than everything else that a look at a host does.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from .connection import ExpiredError, Reader, RefusedError, connect, left, start_tls
from .errors import CheckError, RunbooksError

_HEAD_BYTES = 65536
# A body that comes in chunks of one byte takes this many times its size.
_CHUNK_OVERHEAD = 8
_STATUS_LINE = re.compile(rb"^HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_URL = re.compile(
    r"^(?P<scheme>https?)://(?:(?P<user>[^/?#@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#:@\[\]\s]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<target>[/?][^#\s]*)?(?:#.*)?$",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Address:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """The host as the Host header says it, with the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what credentials belong to."""
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = True
    seconds: float = 0.0


class ProtocolError(RunbooksError):
    """The peer does not speak HTTP, or hung up before it had answered."""


def parse_url(url: str) -> Address:
    """Take a URL apart.

    Raises:
        CheckError: ``http_url_invalid``; a password in the URL is refused, it would be shown everywhere.
    """
    match = _URL.match(url.strip())
    if match is None or match.group("user") is not None or _CONTROL.search(url.strip()):
        raise CheckError("http_url_invalid", url=url)
    scheme = match.group("scheme").lower()
    target = match.group("target") or "/"
    port = int(match.group("port") or (443 if scheme == "https" else 80))
    if not 0 < port < 65536:
        raise CheckError("http_url_invalid", url=url)
    return Address(
        scheme=scheme,
        host=match.group("host").strip("[]").lower(),
        port=port,
        target=_ascii(target if target.startswith("/") else "/" + target),
    )


def join_url(address: Address, location: str) -> str:
    """Return the URL that a Location header leads to from an address."""
    if re.match(r"^https?://", location, re.IGNORECASE):
        return location
    base = f"{address.scheme}://{address.host_header}"
    if location.startswith("//"):
        return f"{address.scheme}:{location}"
    if location.startswith("/"):
        return base + location
    return base + address.target.partition("?")[0].rpartition("/")[0] + "/" + location


def exchange(
    address: Address,
    method: str,
    headers: dict[str, str],
    deadline: float,
    connect_to: str | None = None,
    tls: Any = None,
    body_bytes: int = 65536,
    body: bytes | None = None,
) -> Answer:
    """Send one request and read the answer.

    Args:
        address: where to; its host goes into the Host header and is the name that TLS asks for.
        method: such as GET.
        headers: further headers.
        deadline: on ``time.monotonic()``, for everything together.
        connect_to: another host to connect to, for a server that is looked at from its own machine.
        tls: ``ssl.SSLContext`` for https.
        body_bytes: how much of the answer's body to read at most.
        body: what is sent; its type is one of the headers.

    Raises:
        ExpiredError, RefusedError, ProtocolError: no answer in time, no connection, no HTTP.
        ssl.SSLError: TLS failed.
    """
    begun = time.monotonic()
    sock = connect(connect_to or address.host, address.port, deadline)
    try:
        if address.scheme == "https":
            sock = start_tls(sock, tls, address.host, deadline)
        lines = {"Host": address.host_header, "Accept": "*/*", "User-Agent": "aiops-runbooks", "Connection": "close"}
        lines.update({name.title(): value for name, value in headers.items()})
        if body is not None:
            lines["Content-Length"] = str(len(body))
        for name, value in lines.items():
            if _CONTROL.search(name + value):
                raise CheckError("http_header_invalid", header=_CONTROL.sub("?", name))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        request = f"{method} {address.target} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "replace")
        _send(sock, request + (body or b""), deadline)
        reader = Reader(sock, deadline, _HEAD_BYTES + _CHUNK_OVERHEAD * (body_bytes + 1))
        status, found = _read_head(reader)
        answered, complete = _read_body(reader, method, status, found, body_bytes)
    except ConnectionError as error:
        raise ProtocolError(str(error) or type(error).__name__) from None
    finally:
        sock.close()
    return Answer(status, found, answered, complete, time.monotonic() - begun)


def _send(sock: Any, data: bytes, deadline: float) -> None:
    import socket

    sock.settimeout(left(deadline, "send"))
    try:
        sock.sendall(data)
    except socket.timeout:
        raise ExpiredError("send") from None


def _read_head(reader: Reader) -> tuple[int, dict[str, str]]:
    while True:
        line = reader.until(b"\n", 8192)
        match = _STATUS_LINE.match(line or b"")
        if match is None:
            raise ProtocolError("closed without an answer" if not reader.received else "the answer is not HTTP")
        headers: dict[str, str] = {}
        while True:
            line = reader.until(b"\n", _HEAD_BYTES)
            if line is None:
                raise ProtocolError("the answer ends within its headers")
            if line in (b"\r\n", b"\n"):
                break
            name, _colon, value = line.decode("latin-1").partition(":")
            headers.setdefault(name.strip().lower(), value.strip())
        status = int(match.group(1))
        # 1xx only announces the answer; 101 would be another protocol.
        if status >= 200 or status == 101:
            return status, headers


def _read_body(
    reader: Reader, method: str, status: int, headers: dict[str, str], body_bytes: int
) -> tuple[bytes, bool]:
    """Return the body and whether it is all of it."""
    if method == "HEAD" or status in (101, 204, 304):
        return b"", True
    if headers.get("transfer-encoding", "").lower().endswith("chunked"):
        return _read_chunks(reader, body_bytes)
    length = headers.get("content-length", "")
    if length.isdigit():
        wanted = min(int(length[:18]), body_bytes)
        body = reader.exactly(wanted)
        if len(body) < wanted:
            raise ProtocolError(f"closed after {len(body)} of {int(length[:18])} bytes")
        return body, wanted == int(length[:18])
    body = reader.exactly(body_bytes + 1)
    return body[:body_bytes], len(body) <= body_bytes


def _read_chunks(reader: Reader, body_bytes: int) -> tuple[bytes, bool]:
    body = b""
    while True:
        line = reader.until(b"\n", 256) or b""
        text = line.split(b";")[0].strip()
        if not re.match(rb"^[0-9A-Fa-f]{1,8}$", text):
            raise ProtocolError("a chunk has no size")
        size = int(text, 16)
        if size == 0:
            return body, True
        wanted = min(size, body_bytes - len(body))
        data = reader.exactly(wanted)
        body += data
        if len(data) < wanted:
            raise ProtocolError("closed within a chunk")
        if wanted < size:
            return body, False
        reader.until(b"\n", 2)


def _ascii(target: str) -> str:
    return "".join(
        sign if sign.isascii() else "".join(f"%{octet:02X}" for octet in sign.encode("utf-8", "replace"))
        for sign in target
    )


__all__ = ["Address", "Answer", "ExpiredError", "ProtocolError", "RefusedError", "exchange", "join_url", "parse_url"]
