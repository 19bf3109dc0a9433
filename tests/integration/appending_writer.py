# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Append numbered lines to a file until told to stop, as a service under ``append:`` does."""

from __future__ import annotations

import os
import signal
import sys
import threading


def main() -> None:
    """Write lines to the file named first; a second argument asks for so many threads."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_signal: stopping.set())
    descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    threads = [threading.Thread(target=write, args=(descriptor, name, stopping)) for name in range(int(sys.argv[2]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def write(descriptor: int, name: int, stopping: threading.Event) -> None:
    """Write one thread's lines: its name, a number that counts up, and some length."""
    number = 0
    while not stopping.wait(0.0002):
        for _line in range(20):
            os.write(descriptor, b"%d %d %s\n" % (name, number, b"x" * 80))
            number += 1
    os.write(descriptor, b"%d %d end\n" % (name, number))


if __name__ == "__main__":
    main()
