# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one contestant and say what it cost."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace

from tests.bench.contestants import Bench, Contestant, environment
from tests.bench.places import CACHE, CHECKOUT, addresses
from tests.bench.processes import (
    cpu_of_finished_children,
    cpu_of_tree,
    end_children,
    wait_for_idle,
)
from tests.bench.relay import relaying
from tests.bench.server import write_client
from tests.bench.table import Sample

_LIMIT_SECONDS = 1800
_LAST_CHARACTERS = 2000


class ContestantFailedError(Exception):
    """A contestant did not do the checks, so that its figures mean nothing."""


def measure(contestant: Contestant, bench: Bench, sshd: int, keep: set[int]) -> Sample:
    """Do the checks once, over connections that are opened for it, and return what that cost.

    Args:
        contestant: who does them.
        bench: on how many hosts, and how they are reached.
        sshd: process id of the listening sshd.
        keep: children of this process that are not the contestant's.

    Raises:
        ContestantFailedError: it ended with an error.
    """
    order = contestant.order(bench)
    printed = CACHE / f"{contestant.key}.out"
    control, host = cpu_of_finished_children(), cpu_of_tree(sshd)
    with printed.open("wb") as output:
        begun = time.monotonic()
        status = subprocess.run(
            order.argv,
            cwd=CHECKOUT,
            env=environment(order),
            input=order.stdin.encode(),
            stdout=output,
            stderr=output,
            check=False,
            timeout=_LIMIT_SECONDS,
        ).returncode
        wall = time.monotonic() - begun
    # The next one opens its own connections, and sshd counts what its sessions used when they end.
    end_children(keep)
    wait_for_idle(sshd)
    if status != 0:
        said = printed.read_text(encoding="utf-8", errors="replace")[-_LAST_CHARACTERS:]
        raise ContestantFailedError(f"{contestant.title} ended with status {status}:\n{said}")
    return Sample(wall, cpu_of_finished_children() - control, cpu_of_tree(sshd) - host)


def count_bytes(contestant: Contestant, bench: Bench, sshd: int, keep: set[int]) -> int:
    """Do the checks once on one host through a relay, and return the bytes of TCP payload in both directions."""
    with relaying(addresses(1)[0], bench.client.port) as tally:
        client = write_client(CACHE, "relayed", tally.port)
        measure(contestant, replace(bench, hosts=1, client=client), sshd, keep)
        return tally.bytes_passed
