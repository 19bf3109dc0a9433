# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real TCP servers that behave well or badly, for as long as a test runs."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

Behaviour = Callable[[socket.socket, bytes], None]
#: Longer than anybody may wait for a server here.
_PATIENCE_SECONDS = 600
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@contextlib.contextmanager
def serving(
    behave: Behaviour, tls: ssl.SSLContext | None = None, port: int = 0, speaks_first: bool = False
) -> Iterator[int]:
    """Listen on a port of 127.0.0.1, a free one unless given; each connection's request is given to the behaviour.

    Args:
        behave: speaks with whoever connects.
        tls: the server's certificate, when it speaks TLS.
        port: where it listens.
        speaks_first: as a mail server does, which waits for no request.

    Yields:
        The port.
    """
    listener = socket.create_server(("127.0.0.1", port))
    over = threading.Event()

    def converse(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            peer.settimeout(_PATIENCE_SECONDS)
            inner = tls.wrap_socket(peer, server_side=True) if tls else peer
            with inner:
                behave(inner, b"" if speaks_first else _request(inner))
                # Whoever closes with something unread resets the connection, and takes back what was said last.
                inner.shutdown(socket.SHUT_WR)
                while inner.recv(65536):
                    pass

    def accept() -> None:
        with contextlib.suppress(OSError):
            while not over.is_set():
                peer, _address = listener.accept()
                threading.Thread(target=converse, args=(peer,), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listener.close()


def _request(peer: socket.socket) -> bytes:
    """Return what a client says first; of HTTP all of it, also when it comes in pieces."""
    data = peer.recv(65536)
    head, end, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    while end and length and len(body) < int(length.group(1)):
        more = peer.recv(65536)
        if not more:
            break
        data, body = data + more, body + more
    return data


def saying(*parts: bytes) -> Behaviour:
    """Send these bytes and hang up."""

    def behave(peer: socket.socket, _request: bytes) -> None:
        for part in parts:
            peer.sendall(part)

    return behave


def answering(body: bytes, status: str = "200 OK", *headers: str) -> Behaviour:
    """Answer with a body of known length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return saying("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def never_answering(peer: socket.socket, _request: bytes) -> None:
    """Take the request and say nothing."""
    peer.recv(1)


def dripping(peer: socket.socket, _request: bytes) -> None:
    """Send a byte at a time, for ever: no single read is ever late."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        peer.sendall(b"x")
        time.sleep(0.05)


def hanging_up(_peer: socket.socket, _request: bytes) -> None:
    """Take the request and hang up."""
