# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of a fleet on two simulated hosts: real jobs, events and a real store are in its table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.postgresql import programs

# All of them write into the benchmark's cache.
pytestmark = pytest.mark.xdist_group("bench")
CHECKOUT = Path(__file__).resolve().parents[3]


def test_one_round_on_two_hosts() -> None:
    programs()
    completed = subprocess.run(
        [sys.executable, "-m", "tests.bench.fleet", "--hosts", "2", "--peer-hosts", "2", "--only", "weekly"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    (line,) = (line for line in completed.stdout.splitlines() if line.startswith("|     2 "))
    _hosts, _title, wall, _cpu, main, *memory, events, _size, transactions, rows = (
        cell.strip() for cell in line.strip("| ").split("|")
    )
    assert float(wall) > 0
    assert 20 < float(main) <= max(map(float, memory))
    # Two for the look of each host, the rest once for the play.
    assert 4 <= float(events) < 40
    assert float(transactions) >= 2
    # A run and fifteen results for each host, at least.
    assert float(rows) >= 16
