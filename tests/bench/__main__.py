# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.bench` at the root of the checkout: measure, and print the table."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from tests.bench import server, simulated
from tests.bench.commands import TOOLS
from tests.bench.contestants import CONTESTANTS, FLOOR, Bench, Contestant
from tests.bench.meter import ContestantFailedError, count_bytes, measure
from tests.bench.places import CACHE, SYSTEM
from tests.bench.processes import become_subreaper
from tests.bench.table import Row, Sample, goals, render, summarise
from tests.ports import free_port

# Hosts: rounds, for all contestants but the slow one, which takes nine seconds per host.
_PLANS = {
    "quick": {1: (1, 1), 10: (1, 0)},
    "default": {1: (3, 1), 10: (3, 1), 50: (3, 1)},
    "full": {1: (3, 3), 10: (3, 2), 50: (3, 1)},
}
_SLOW = "tasks"
_FORKS = 20


@dataclass(frozen=True)
class Place:
    """The running pieces: the listening sshd, how to reach it, and processes that are not a contestant's."""

    sshd: int
    client: server.Client
    port: int
    keep: set[int]


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 when a contestant failed, because its figures would mean nothing."""
    options = _options(arguments)
    missing = [package for package, program in TOOLS.items() if shutil.which(program) is None]
    if missing:
        print(f"Not on this machine: {', '.join(missing)}. Install them to run the benchmark.", file=sys.stderr)
        return 1
    plan = dict.fromkeys(options.hosts, (options.rounds or 1, options.rounds or 1)) or _PLANS[options.plan]
    contestants = [one for one in CONTESTANTS if one.key in options.only or one is FLOOR]
    CACHE.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(CACHE / "state", ignore_errors=True)
    become_subreaper()
    port = free_port()
    exchange = None if options.own_key_exchange else server.SHARED_KEY_EXCHANGE
    try:
        with simulated.running(SYSTEM, port, time.time()) as running, server.running(CACHE, exchange) as (sshd, client):
            place = Place(sshd, client, port, {*running, sshd})
            rows = _measured(plan, contestants, place, options.forks)
    except (ContestantFailedError, server.ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{_circumstances(options.forks, exchange)}\n")
    print(render([row for by_hosts in _by_hosts(rows) for row in by_hosts]))
    print("\n".join(["", *goals(rows)]))
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", dest="plan", action="store_const", const="quick", help="one round, 1 and 10 hosts")
    parser.add_argument(
        "--full", dest="plan", action="store_const", const="full", help="(b) on 50 hosts, too: twenty minutes"
    )
    parser.add_argument("--hosts", type=int, nargs="+", default=[], help="only these numbers of hosts")
    parser.add_argument("--rounds", type=int, help="rounds of each contestant; with --hosts")
    parser.add_argument("--forks", type=int, default=_FORKS, help="hosts at the same time")
    parser.add_argument(
        "--own-key-exchange",
        action="store_true",
        help="each SSH implementation's own choice instead of the same for all",
    )
    keys = [one.key for one in CONTESTANTS]
    parser.add_argument("--only", nargs="+", choices=keys, default=keys, help="these contestants, and the floor")
    parser.set_defaults(plan="default")
    return parser.parse_args(arguments)


def _measured(
    plan: dict[int, tuple[int, int]], contestants: Sequence[Contestant], place: Place, forks: int
) -> dict[str, dict[int, Row]]:
    """Do all rounds, interleaved, and return the rows by contestant and number of hosts."""
    bench = Bench(1, forks, place.client, place.port)
    payload = {}
    for one in contestants:
        _say(f"counting bytes: {one.key}")
        payload[one.key] = count_bytes(one, bench, place.sshd, place.keep)
    rows: dict[str, dict[int, Row]] = {one.key: {} for one in contestants}
    for hosts, (rounds, slow_rounds) in plan.items():
        samples: dict[str, list[Sample]] = {one.key: [] for one in contestants}
        bench = Bench(hosts, min(forks, hosts), place.client, place.port)
        for number in range(max(rounds, slow_rounds)):
            for one in contestants:
                if number < (slow_rounds if one.key == _SLOW else rounds):
                    sample = measure(one, bench, place.sshd, place.keep)
                    samples[one.key].append(sample)
                    _say(f"{hosts} hosts, round {number + 1}, {one.key}: {sample.wall:.1f} s")
        for one in contestants:
            if samples[one.key]:
                row = summarise(hosts, one.title, samples[one.key], samples[FLOOR.key], payload[one.key])
                rows[one.key][hosts] = row
    return rows


def _by_hosts(rows: dict[str, dict[int, Row]]) -> list[list[Row]]:
    counts = sorted({hosts for by_hosts in rows.values() for hosts in by_hosts})
    return [[by_hosts[hosts] for by_hosts in rows.values() if hosts in by_hosts] for hosts in counts]


def _circumstances(forks: int, exchange: str | None) -> str:
    tools = ", ".join(f"{name} {version(name)}" for name in ("ansible-core", "pyinfra"))
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {tools}"
    agreed = (exchange or "as each prefers").partition(",")[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}; {forks} hosts at the same time; connections opened anew, "
        f"key exchange {agreed}; medians; CPU x (a) is that of controller and hosts together; "
        "bytes counted by a TCP relay on one host"
    )


def _say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
