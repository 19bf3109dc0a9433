# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.bench.fleet` at the root of the checkout: 200 simulated systems, and one table."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.bench import server, simulated
from tests.bench.commands import TOOLS
from tests.bench.contestants import Bench, Contestant, fleet_contestants
from tests.bench.fleet.jobs import Cost, JobFailedError, counted, event_kinds, middle, run_job
from tests.bench.fleet.table import goals, render
from tests.bench.places import CACHE, CHECKOUT, MOST_HOSTS, SYSTEM
from tests.bench.processes import become_subreaper
from tests.integration import postgresql
from tests.ports import free_port

#: The peer takes seconds per host: its figures per host are those of fewer hosts.
_PEER_HOSTS = 20
_FORKS = 20


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 when a job failed, because its figures would mean nothing."""
    options = _options(arguments)
    missing = [package for package, program in TOOLS.items() if shutil.which(program) is None]
    if missing:
        print(f"Not on this machine: {', '.join(missing)}. Install them to run the benchmark.", file=sys.stderr)
        return 1
    CACHE.mkdir(parents=True, exist_ok=True)
    become_subreaper()
    port = free_port()
    try:
        with (
            simulated.running(SYSTEM, port, time.time()) as running,
            server.running(CACHE) as (sshd, client),
            postgresql.server() as database,
        ):
            costs: dict[tuple[str, int], list[Cost]] = {}
            # The server has detached itself, and so become a child of the benchmark, as what a job leaves behind does.
            postmaster = int((database.data / "postmaster.pid").read_text(encoding="ascii").split()[0])
            keep = {*running, sshd, postmaster}
            for number in range(options.rounds):
                for one, hosts in _plan(options):
                    # Each job has a store of its own: reports that look back do not grow from round to round.
                    name = f"bench_{one.key}_{hosts}_{number}"
                    database.sql(f"CREATE DATABASE {name} OWNER store")
                    url = database.url(name)
                    # The tables are made once in the life of a store: they are nobody's writes.
                    _make_store(url)
                    bench = Bench(hosts, min(_FORKS, hosts), client, port)
                    shutil.rmtree(CACHE / "state", ignore_errors=True)
                    before = _written(database, name)
                    cost = run_job(one, bench, sshd, keep, {"AIOPS_STORE_URL": url})
                    cost = counted(cost, before, _written(database, name))
                    costs.setdefault((one.key, hosts), []).append(cost)
                    _say(f"round {number + 1}, {hosts} hosts, {one.title}: {cost.wall:.0f} s, {cost.events:.0f} events")
                    if options.kinds:
                        kinds = event_kinds(CACHE / "runner" / "artifacts" / "job" / "job_events")
                        print("\n".join(f"  {count:6} {kind}" for kind, count in sorted(kinds.items(), key=str)))
    except (JobFailedError, server.ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    rows = {place: middle(found) for place, found in costs.items()}
    titles = {one.key: one.title for one in fleet_contestants()}
    how = f"{_FORKS} hosts at the same time, through ansible-runner, store on PostgreSQL; medians"
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, {how}\n")
    print(render(rows, titles))
    print("\n".join(["", *goals(rows)]))
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleet", description=__doc__)
    parser.add_argument("--hosts", type=int, default=MOST_HOSTS, help="how many systems")
    parser.add_argument("--peer-hosts", type=int, default=_PEER_HOSTS, help="how many for one task per command")
    parser.add_argument("--rounds", type=int, default=1, help="rounds of each job")
    parser.add_argument("--only", nargs="+", default=[one.key for one in fleet_contestants()], help="these jobs")
    parser.add_argument("--kinds", action="store_true", help="print how many events of each kind there were")
    return parser.parse_args(arguments)


def _plan(options: argparse.Namespace) -> list[tuple[Contestant, int]]:
    """Return the jobs of a round: everybody on the peer's hosts, ours on all."""
    chosen = [one for one in fleet_contestants() if one.key in options.only]
    few = min(options.peer_hosts, options.hosts)
    plan = [(one, few) for one in chosen]
    return plan + [(one, options.hosts) for one in chosen if one.key != "tasks" and options.hosts > few]


def _make_store(url: str) -> None:
    """Make the tables of a store."""
    sys.path.insert(0, str(CHECKOUT / ".cache" / "collections"))
    from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import open_store

    open_store(url)


def _written(database: postgresql.Server, name: str) -> tuple[int, int]:
    """Return how many transactions a database has committed, and how many rows were written."""
    query = "SELECT xact_commit, tup_inserted + tup_updated + tup_deleted FROM pg_stat_database"
    # What a connection did is counted when it ends, and read from a snapshot that is a moment old.
    clients = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname ="
    while int(database.sql(f"{clients} '{name}'")):
        time.sleep(0.1)
    time.sleep(1)
    transactions, rows = database.sql(f"{query} WHERE datname = '{name}'").split("|")
    return int(transactions), int(rows)


def _say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
