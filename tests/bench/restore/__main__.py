# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.bench.restore` at the root of the checkout: restore one database in every way."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.restore import contestants, database
from tests.bench.restore.contestants import CONTESTANTS, Contestant

ROOT = Path(__file__).resolve().parents[3]
#: Another directory, such as one on a faster disk, is named in the environment.
CACHE = Path(os.environ.get("AIOPS_BENCH_DIRECTORY") or ROOT / ".cache" / "bench-restore")
_TIMES_FASTER_THAN_DUMP = 20.0


@dataclass(frozen=True)
class Sample:
    """What one restore to serving cost: seconds of wall time and of CPU, and the memory of its largest process."""

    wall: float
    cpu: float
    megabytes: float


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 when a contestant is missing, failed, or the goal was not reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.restore", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500, help="size of the database")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each contestant")
    keys = [one.key for one in CONTESTANTS]
    parser.add_argument("--only", nargs="+", choices=keys, default=keys, help="these contestants")
    options = parser.parse_args(arguments)
    chosen = [one for one in CONTESTANTS if one.key in options.only]
    missing = sorted({one.needs for one in chosen if shutil.which(one.needs) is None})
    if missing:
        print(f"Not installed: {', '.join(missing)}", file=sys.stderr)
        return 1
    samples = measured(chosen, options.megabytes, options.rounds)
    print("\n".join(table(chosen, samples)))
    return 0 if goal(samples) else 1


def measured(chosen: Sequence[Contestant], megabytes: int, rounds: int) -> dict[str, list[Sample]]:
    """Restore in every way, in turns; each begins with a production database that is there and old."""
    source = CACHE / "source.db"
    rows = database.make(source, megabytes)
    for one in chosen:
        one.prepare(source, CACHE)
    samples: dict[str, list[Sample]] = {one.key: [] for one in chosen}
    for _round in range(rounds):
        for one in chosen:
            samples[one.key].append(_restore(one, source, rows))
    return samples


def _restore(one: Contestant, source: Path, rows: int) -> Sample:
    place = CACHE / "production"
    for stale in (place, CACHE / "state"):
        shutil.rmtree(stale, ignore_errors=True)
    place.mkdir()
    target = place / "app.db"
    shutil.copyfile(source, target)
    os.sync()
    begun = time.monotonic()
    process = subprocess.Popen(one.command(CACHE, target), cwd=ROOT, env=contestants.environment())
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not contestants.serves(target, rows):
        raise RuntimeError(f"{one.key} did not restore: exit status {process.returncode}")
    return Sample(time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def goal(samples: dict[str, list[Sample]]) -> bool:
    """Return whether ours serves that much earlier than a dump that is replayed; true when either was left out."""
    if not samples.get("ours") or not samples.get("dump"):
        return True
    return _wall(samples["dump"]) >= _TIMES_FASTER_THAN_DUMP * _wall(samples["ours"])


def _wall(samples: Sequence[Sample]) -> float:
    return median(one.wall for one in samples)


def table(chosen: Sequence[Contestant], samples: dict[str, list[Sample]]) -> list[str]:
    """Return the table as lines of Markdown."""
    ours = _wall(samples["ours"]) if samples.get("ours") else None
    lines = ["| restore to serving | wall s | x ours | CPU s | MB | verified |", "|:--|--:|--:|--:|--:|:--|"]
    for one in chosen:
        wall, megabytes = _wall(samples[one.key]), max(each.megabytes for each in samples[one.key])
        times = f"{wall / ours:.1f}" if ours else "-"
        cpu = median(each.cpu for each in samples[one.key])
        lines.append(f"| {one.title} | {wall:.2f} | {times} | {cpu:.2f} | {megabytes:.0f} | {one.verified} |")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
