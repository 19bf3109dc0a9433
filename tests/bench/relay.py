# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP relay in front of sshd that counts bytes: loopback counters would count the rest of the machine, too."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_CHUNK_BYTES = 65536


@dataclass
class Tally:
    """What passed so far, both directions together.

    Args:
        port: where the relay listens, on all loopback addresses.
        bytes_passed: payload of the TCP connections.
    """

    port: int
    bytes_passed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, count: int) -> None:
        """Count bytes; connections are relayed side by side."""
        with self.lock:
            self.bytes_passed += count


@contextmanager
def relaying(address: str, target_port: int) -> Iterator[Tally]:
    """Relay connections to one address and a free port to another port of the same address, while the context lasts."""
    with socket.create_server((address, 0)) as listener:
        tally = Tally(listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, (address, target_port), tally), daemon=True).start()
        try:
            yield tally
        finally:
            # Closing alone does not wake the thread that waits in accept().
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, target: tuple[str, int], tally: Tally) -> None:
    while True:
        try:
            client, _peer = listener.accept()
        except OSError:
            return
        server = socket.create_connection(target)
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=_pass, args=(source, sink, tally), daemon=True).start()


def _pass(source: socket.socket, sink: socket.socket, tally: Tally) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK_BYTES):
            sink.sendall(data)
            tally.add(len(data))
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
