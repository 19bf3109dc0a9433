# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.bench.logs` at the root of the checkout: read both logs in every way, and print the table."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.bench.logs import generate
from tests.bench.logs.contestants import CONTESTANTS, OURS, Contestant

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "bench-logs"
_LINES = 1000000
#: Log, contestant, what its wall time must be of ours at least, and how the goal reads.
_GOALS = (
    ("jsonl", "jq", 5.0, "at least 5 times as fast as jq"),
    ("access", "goaccess", 20.0, "at least 20 times as fast as GoAccess"),
    ("access", "duckdb", 1 / 1.5, "at most 1.5 times as long as DuckDB on the access log"),
    ("jsonl", "duckdb", 1 / 1.5, "at most 1.5 times as long as DuckDB on JSON lines"),
)
_MEGABYTES_MAXIMUM = 150


@dataclass(frozen=True)
class Sample:
    """What one run cost: seconds of wall time and of CPU, and the memory of its largest process in megabytes."""

    wall: float
    cpu: float
    megabytes: float


class ContestantFailedError(Exception):
    """A contestant did not answer, so its figures mean nothing."""


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 when a contestant is missing or failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.logs", description=__doc__)
    parser.add_argument("--lines", type=int, default=_LINES, help="lines of each log")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each contestant")
    keys = sorted({one.key for one in CONTESTANTS})
    parser.add_argument("--only", nargs="+", choices=keys, default=keys, help="these contestants")
    options = parser.parse_args(arguments)
    contestants = [one for one in CONTESTANTS if one.key in options.only]
    missing = sorted({one.needs for one in contestants if shutil.which(one.needs) is None})
    if missing:
        print(f"Not on this machine: {', '.join(missing)}. Install them to run the benchmark.", file=sys.stderr)
        return 1
    try:
        samples = measured(contestants, options.lines, options.rounds)
    except ContestantFailedError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{_circumstances(options.lines, options.rounds)}\n")
    print("\n".join([*table(samples), "", *goals(samples)]))
    return 0


def measured(contestants: Sequence[Contestant], lines: int, rounds: int) -> dict[Contestant, list[Sample]]:
    """Do all rounds, interleaved."""
    paths = {"access": CACHE / f"access-{lines}.log", "jsonl": CACHE / f"app-{lines}.jsonl"}
    generate.write(paths["access"], generate.access_lines(lines))
    generate.write(paths["jsonl"], generate.json_lines(lines))
    samples: dict[Contestant, list[Sample]] = {one: [] for one in contestants}
    for number in range(rounds):
        for one in contestants:
            sample = measure(one, paths[one.log])
            samples[one].append(sample)
            print(f"round {number + 1}, {one.log}, {one.key}: {sample.wall:.2f} s", file=sys.stderr, flush=True)
    return samples


def measure(one: Contestant, path: Path) -> Sample:
    """Run one contestant once.

    Raises:
        ContestantFailedError: with the last lines that it printed.
    """
    # Nobody compiles anew at every start what is installed.
    own = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment = {**own, "PYTHONPATH": f"{ROOT / '.cache' / 'collections'}:{ROOT}", "LC_ALL": "C"}
    with (CACHE / f"{one.log}-{one.key}.txt").open("w+", encoding="utf-8", errors="replace") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [*one.command, str(path)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
        # The usage of the process and of all that it has waited for; of their memory, that of the largest.
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise ContestantFailedError(f"{one.title} failed:\n{output.read()[-2000:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def table(samples: dict[Contestant, list[Sample]]) -> list[str]:
    """Return the lines of the table: medians, and ratios of what was measured side by side."""
    lines = ["| log | contestant | wall s | wall x ours | CPU s | peak MB |", "|:--|:--|--:|--:|--:|--:|"]
    for one, own in samples.items():
        ratio = _ratio(samples, one)
        lines.append(
            f"| {one.log} | {one.title} | {median(sample.wall for sample in own):.2f} |"
            f" {'' if ratio is None else f'{ratio:.1f}'} | {median(sample.cpu for sample in own):.2f} |"
            f" {median(sample.megabytes for sample in own):.0f} |"
        )
    return lines


def goals(samples: dict[Contestant, list[Sample]]) -> list[str]:
    """Return one line for each goal: reached or missed, and the ratio."""
    lines = []
    by_name = {(one.log, one.key): one for one in samples}
    for log, key, least, text in _GOALS:
        one = by_name.get((log, key))
        ratio = _ratio(samples, one) if one else None
        if ratio is not None:
            lines.append(f"{'reached' if ratio >= least else 'MISSED'}: {text} ({ratio:.2f} x our wall time)")
    peaks = [sample.megabytes for one, own in samples.items() if one.key == OURS for sample in own]
    if peaks:
        word = "reached" if max(peaks) < _MEGABYTES_MAXIMUM else "MISSED"
        lines.append(f"{word}: peak memory under {_MEGABYTES_MAXIMUM} MB ({max(peaks):.0f} MB)")
    return lines


def _ratio(samples: dict[Contestant, list[Sample]], one: Contestant) -> float | None:
    """Return a contestant's wall time by ours, the median of the rounds."""
    ours = next((own for other, own in samples.items() if (other.log, other.key) == (one.log, OURS)), None)
    if ours is None:
        return None
    return median(theirs.wall / own.wall for theirs, own in zip(samples[one], ours, strict=True))


def _circumstances(lines: int, rounds: int) -> str:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {version('duckdb')}"
    tools = [
        subprocess.run([tool, "--version"], capture_output=True, text=True, check=False) for tool in ("goaccess", "jq")
    ]
    names = ", ".join(tool.stdout.splitlines()[0].strip(" .").replace(" - ", " ") for tool in tools if tool.stdout)
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {names}; {lines} lines a log; medians of {rounds} rounds"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
