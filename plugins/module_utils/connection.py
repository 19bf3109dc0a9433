# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP and TLS connections that end at a deadline, whatever the peer does: name, connect, handshake, every read."""

from __future__ import annotations

import os
import re
import time
from typing import Any

from .errors import CheckError, RunbooksError

_ENDPOINT = re.compile(r"^(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]/]+))(?::(?P<port>\d{1,5}))?$")


class ExpiredError(RunbooksError):
    """The deadline has passed.

    Args:
        phase: what was waited for: ``name``, ``connect``, ``tls``, ``send`` or ``answer``.
    """

    def __init__(self, phase: str) -> None:
        self.phase = phase
        super().__init__(f"No answer in time ({phase})")


class RefusedError(RunbooksError):
    """There is no connection.

    Args:
        cause: ``refused``, ``unreachable`` or ``name``.
        error: what the system says.
    """

    def __init__(self, cause: str, error: str) -> None:
        self.cause = cause
        self.error = error
        super().__init__(f"{cause}: {error}")


def split_endpoint(text: str, default_port: int) -> tuple[str, int]:
    """Return host and port of ``host:port``, ``[address]:port`` or a bare host.

    Raises:
        CheckError: ``endpoint_invalid``.
    """
    match = _ENDPOINT.match(text.strip())
    port = int(match.group("port") or default_port) if match else 0
    if match is None or not 0 < port < 65536:
        raise CheckError("endpoint_invalid", endpoint=text)
    return match.group("six") or match.group("name"), port


def left(deadline: float, phase: str) -> float:
    """Return the seconds until a deadline on ``time.monotonic()``.

    Raises:
        ExpiredError: there are none.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise ExpiredError(phase)
    return seconds


def connect(host: str, port: int, deadline: float) -> Any:
    """Return a connected socket, trying each address of the host in turn.

    Raises:
        ExpiredError: in the phase ``name`` or ``connect``.
        RefusedError: no address took the connection.
    """
    import socket

    refusal = RefusedError("name", "no address")
    for family, kind, protocol, _name, address in _addresses(host, port, deadline):
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:
            refusal = RefusedError("unreachable", os.strerror(error.errno or 0))
            continue
        try:
            sock.settimeout(left(deadline, "connect"))
            sock.connect(address)
            return sock
        except socket.timeout:
            sock.close()
            raise ExpiredError("connect") from None
        except ConnectionRefusedError as error:
            refusal = RefusedError("refused", os.strerror(error.errno or 0))
        except OSError as error:
            refusal = RefusedError("unreachable", os.strerror(error.errno or 0))
        sock.close()
    raise refusal


def _addresses(host: str, port: int, deadline: float) -> list[Any]:
    import socket

    try:
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        pass
    import threading

    # The resolver has its own idea of patience and cannot be interrupted: it is left behind when the time is up.
    answers: list[Any] = []

    def resolve() -> None:
        try:
            answers.append(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.append(error)

    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(left(deadline, "name"))
    if not answers:
        raise ExpiredError("name")
    if isinstance(answers[0], Exception):
        raise RefusedError("name", getattr(answers[0], "strerror", None) or str(answers[0]))
    found: list[Any] = answers[0]
    return found


def start_tls(sock: Any, context: Any, server_name: str | None, deadline: float) -> Any:
    """Return the socket inside TLS.

    Raises:
        ExpiredError: in the phase ``tls``.
        ssl.SSLError: the handshake failed, or the certificate is not trusted.
        ConnectionError: the peer hung up.
    """
    import socket

    sock.settimeout(left(deadline, "tls"))
    try:
        return context.wrap_socket(sock, server_hostname=server_name)
    except socket.timeout:
        raise ExpiredError("tls") from None
    except OSError:
        # An untrusted certificate is both an OSError and a ValueError.
        raise
    except ValueError as error:
        # A name that no certificate can carry, such as one with an empty label.
        raise RefusedError("name", str(error)) from None


class Reader:
    """Reads from a socket with the whole conversation's deadline, not one per read: a peer that drips still ends.

    Args:
        sock: connected, with or without TLS.
        deadline: on ``time.monotonic()``.
        limit: bytes to read at most, over the whole conversation.
    """

    def __init__(self, sock: Any, deadline: float, limit: int) -> None:
        self.sock = sock
        self.deadline = deadline
        self.limit = limit
        self.received = 0
        self._rest = b""

    def more(self) -> bytes:
        """Return some bytes; nothing when the peer has closed or the limit is reached.

        Raises:
            ExpiredError: in the phase ``answer``.
        """
        import socket

        if self._rest:
            data, self._rest = self._rest, b""
            return data
        room = min(65536, self.limit - self.received)
        if room <= 0:
            return b""
        self.sock.settimeout(left(self.deadline, "answer"))
        try:
            data = bytes(self.sock.recv(room))
        except socket.timeout:
            raise ExpiredError("answer") from None
        self.received += len(data)
        return data

    def exactly(self, count: int) -> bytes:
        """Return this many bytes, fewer only when the peer has closed or the limit is reached."""
        parts: list[bytes] = []
        while count > 0:
            data = self.more()
            if not data:
                break
            parts.append(data[:count])
            self._rest = data[count:]
            count -= len(parts[-1])
        return b"".join(parts)

    def until(self, mark: bytes, limit: int) -> bytes | None:
        """Return the bytes up to and with a mark; None when it does not come within the limit."""
        found = b""
        while True:
            data = self.more()
            if not data:
                self._rest = b""
                return None
            found += data
            at = found.find(mark)
            if at >= 0:
                self._rest = found[at + len(mark) :]
                return found[: at + len(mark)]
            if len(found) > limit:
                return None
