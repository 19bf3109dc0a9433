# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore on a disk that fills up at every possible moment, and on a read-only one: production stays whole."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.integration.mount_namespace import run_apart

#: Runs in a mount namespace of its own.
PROGRAM = """
import os, shutil, subprocess, sys
from pathlib import Path
from tests.unit.restore import little_system as little
from tests.unit.restore.test_interrupted import FORWARD, NOW, run, seen, step
from ansible_collections.aiops.runbooks.plugins.module_utils import restore_choose
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError

root, aside = Path(sys.argv[1]) / "small", Path(sys.argv[1]) / "aside"
root.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(root)], check=True)
place = little.production(root)
little.make_set(root, place)
said = restore_choose.free_bytes
# The look at the free space would refuse at once; what others write after that look is what this is about.
restore_choose.free_bytes = lambda directory: 1 << 40
failures = finished = 0
for free in range(0, 40 * 4096, 4096):
    left = os.statvfs(root)
    filler = root / "filler"
    filler.write_bytes(bytes(max(0, left.f_bavail * left.f_frsize - free)))
    try:
        run(root, NOW + free)
        finished += 1
    except (OSError, RunbooksError) as error:
        failures += 1
    assert seen(place, aside) in ("ooo", "ono", "nno", "nnn"), (free, seen(place, aside))
    filler.unlink()
    if seen(place, aside) != "ooo" or (root / "state" / "journal.json").exists():
        if step(root, "status", NOW)["phase"] not in ("none", "undone"):
            step(root, "put_back", NOW)
    assert seen(place, aside) == "ooo", free
    for path in place.glob("*restore-*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
assert failures > 5 and finished > 5, (failures, finished)
restore_choose.free_bytes = said
subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
try:
    run(root, NOW + 10**6)
except (OSError, RunbooksError) as error:
    print("read-only:", error)
assert seen(place, aside) == "ooo"
subprocess.run(["mount", "-o", "remount,rw", str(root)], check=True)
run(root, NOW + 2 * 10**6)
assert seen(place, aside) == "nnn"
print("failures", failures, "finished", finished)
"""


def test_a_disk_that_is_full_or_read_only_costs_no_data(tmp_path: Path) -> None:
    done = run_apart([sys.executable, "-c", PROGRAM, str(tmp_path)], 900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "read-only: " in done.stdout
    assert "Read-only file system" in done.stdout
