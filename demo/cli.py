# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of `python3 -m demo`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from .clock import use_timezone
from .paths import LAYOUTS, PATHS, paths_of
from .serving import PROGRAMS, RUNS, run_program, seed_system, serve_program

PACKAGE_DIRECTORY = Path(__file__).resolve().parent


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m demo", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, text in (
        ("up", "seed and start the demo systems"),
        ("down", "stop them and remove their files"),
        ("break", "make trouble"),
        ("repair", "undo the trouble"),
        ("status", "say what is running"),
    ):
        command = verbs.add_parser(verb, help=text)
        command.add_argument("--root", type=Path, default=Path(".demo"), help="directory of the demo (default .demo)")
        command.add_argument("--system", nargs="+", choices=sorted(PATHS), metavar="NAME", help="only these systems")
        if verb == "up":
            command.add_argument("--layout", choices=LAYOUTS, default="published")
            command.add_argument("--timezone", default="UTC", help="zone of the demo systems (default UTC)")
        if verb == "break":
            command.add_argument("--trouble", nargs="+", metavar="NAME", help="only these troubles")
    for verb, names in (("seed", sorted(PATHS)), ("serve", sorted(PROGRAMS)), ("run", sorted(RUNS))):
        command = verbs.add_parser(verb, help="{} one {}".format(verb, "system" if verb == "seed" else "program"))
        command.add_argument("name", choices=names)
        command.add_argument("--root", type=Path, required=True, help="the system's own directory")
        command.add_argument("--layout", choices=LAYOUTS, default="published")
        command.add_argument("--timezone", default="UTC", help="zone of the system (default UTC)")
        command.add_argument(
            "--path",
            action="append",
            default=[],
            metavar="FIELD=DIRECTORY",
            help="keep one of the system's paths elsewhere, such as logs=/var/log/estimator",
        )
        if verb == "seed":
            command.add_argument("--now", type=float, help="epoch seconds at which the history ends (default: now)")
        elif verb == "run":
            command.add_argument("--input", help="file that aimo reads")
            command.add_argument("--vendor", default="paloalto", help="whose log it is")
            command.add_argument("--service", help="train this one alone")
            command.add_argument("--verbose", action="store_true")
        else:
            command.add_argument("--port", type=int, default=0)
            command.add_argument("--address", default="127.0.0.1")
            command.add_argument("--backend-port", type=int, default=8100, help="where the front finds the estimator")
    certificates = verbs.add_parser("certificates", help="make a chain of certificates in certbot's layout")
    certificates.add_argument("--root", type=Path, required=True)
    certificates.add_argument("--host-name", default="estimator.test")
    certificates.add_argument("--days-left", type=float, default=64, help="negative makes an expired leaf")
    certificates.add_argument("--now", type=float)
    return parser


def main(arguments: list[str]) -> int:
    """Run one command. Returns the exit status: 0 done, 1 it could not, 2 it was asked wrongly."""
    options = _parser().parse_args(arguments)
    try:
        if options.verb in ("seed", "serve", "run"):
            use_timezone(options.timezone)
            moved = _moved(options.path)
            if options.verb == "seed":
                began = time.monotonic()
                paths = paths_of(options.name, options.root, options.layout, moved)
                seed_system(options.name, paths, options.layout, options.now or time.time())
                seconds = time.monotonic() - began
                print(f"Seeded {options.name} ({options.layout} layout) in {paths.root} in {seconds:.1f} s")
                return 0
            if options.verb == "run":
                return run_program(options.name, options.root, options.layout, moved, vars(options))
            return serve_program(
                options.name, options.root, options.layout, moved, options.address, options.port, options.backend_port
            )
        if options.verb == "certificates":
            from . import certificates

            certificates.issue(
                options.root.absolute(), options.host_name, options.now or time.time(), options.days_left
            )
            return 0
        return _machine(options)
    except ImportError as error:
        print(f"demo: {error}: {sys.executable} needs it (pip install -r requirements-demo.txt)", file=sys.stderr)
        return 1
    except (OSError, ValueError, RuntimeError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _machine(options: argparse.Namespace) -> int:
    from .machine import lifecycle, trouble

    root, systems = options.root.absolute(), options.system or sorted(PATHS)
    if options.verb == "up":
        return lifecycle.up(root, systems, options.layout, options.timezone)
    if options.verb == "down":
        return lifecycle.down(root, options.system)
    if options.verb == "status":
        return lifecycle.status(root)
    if options.verb == "break":
        return trouble.make(root, systems, options.trouble)
    return trouble.undo(root, systems)


def _moved(pairs: list[str] | None) -> dict[str, str]:
    moved = {}
    for pair in pairs or []:
        field, separator, place = pair.partition("=")
        if not separator or not place:
            raise ValueError(f"--path wants FIELD=DIRECTORY, not {pair!r}")
        moved[field] = place
    return moved
