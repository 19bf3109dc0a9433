# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each contestant runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

OURS = "ours"
_COMMANDS = Path(__file__).parent / "commands"
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Contestant:
    """One way to read one log.

    Args:
        log: ``access`` or ``jsonl``.
        key: short name.
        title: in the table.
        command: argv; the path of the log is appended.
        needs: program that must be there.
    """

    log: str
    key: str
    title: str
    command: tuple[str, ...]
    needs: str


def _shell(script: str) -> tuple[str, ...]:
    return ("bash", "-euo", "pipefail", str(_COMMANDS / script))


def _python(module: str, log: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"tests.bench.logs.{module}", log)


def _on_a_host(log: str) -> tuple[str, ...]:
    """Return our command with what a look starts Python with on a host: no site, nothing of the environment."""
    paths = [str(_ROOT / ".cache" / "collections"), str(_ROOT)]
    start = (
        f"import sys; sys.path[:0] = {paths!r}; from tests.bench.logs.ours import main; sys.exit(main(*sys.argv[1:]))"
    )
    return (sys.executable, "-IS", "-c", start, log)


_GOACCESS = (
    "goaccess",
    "--no-global-config",
    "--no-progress",
    '--log-format=%h %^ %e [%d:%t %^] "%r" %s %b "%R" "%u" %D',
    "--date-format=%d/%b/%Y",
    "--time-format=%H:%M:%S",
    "--output=/dev/stdout",
    "--output-format=json",
)
CONTESTANTS = (
    Contestant("access", OURS, "ours: one `access_log` check", _on_a_host("access"), "python3"),
    Contestant("access", "runbook", "the runbook's grep, awk and sort", _shell("runbook_access.script"), "awk"),
    Contestant("access", "goaccess", "GoAccess", _GOACCESS, "goaccess"),
    Contestant("access", "duckdb", "DuckDB, two threads", _python("duck", "access"), "python3"),
    Contestant("jsonl", OURS, "ours: one `jsonl_log` check", _on_a_host("jsonl"), "python3"),
    Contestant("jsonl", "runbook", "the runbook's grep and jq", _shell("runbook_jsonl.script"), "jq"),
    Contestant("jsonl", "jq", "jq once, then awk and sort", _shell("jq.script"), "jq"),
    Contestant("jsonl", "duckdb", "DuckDB, two threads", _python("duck", "jsonl"), "python3"),
)
