# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test hosts from the command line: `python -m tests.hosts up|down|status`, at the root of the checkout."""

from __future__ import annotations

import argparse
import os
import sys

from tests.hosts import lifecycle, report
from tests.hosts.containers import PodmanError
from tests.hosts.definition import all_hosts, load_hosts
from tests.hosts.machine import CannotRunHostsError, prepare_machine

# Not a failure of what is tested: this machine cannot test it (EX_TEMPFAIL of sysexits.h).
CANNOT_RUN = 75


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status: 0, 1 when it failed, 75 when this machine cannot run hosts."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument(
        "--fresh", action="store_true", help="with `up`: start the hosts anew, whatever was done to them"
    )
    parser.add_argument("--host", action="append", metavar="NAME", help="only this host; may be given several times")
    options = parser.parse_args(arguments)
    hosts = load_hosts() if options.command == "up" and not options.host else all_hosts()
    if options.host:
        strange = set(options.host) - {host.name for host in hosts}
        if strange:
            parser.error(f"no such host: {', '.join(sorted(strange))}")
        hosts = tuple(host for host in hosts if host.name in options.host)
    try:
        prepare_machine()
        if options.command == "up":
            if options.fresh:
                lifecycle.down(hosts)
            with report.step("Test hosts up"):
                lifecycle.up(hosts)
        elif options.command == "down":
            lifecycle.down(hosts)
        print("\n".join(lifecycle.describe(hosts)))
    except CannotRunHostsError as error:
        report.say(f"NOT TESTED on real hosts: {error}")
        return 1 if os.environ.get("CI") == "true" else CANNOT_RUN
    except (PodmanError, lifecycle.HostError) as error:
        report.say(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
