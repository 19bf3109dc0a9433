# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One round of every contestant on one simulated host: none of them fails, and all are in the table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.contestants import CONTESTANTS

# All of them write into the benchmark's cache.
pytestmark = pytest.mark.xdist_group("bench")
CHECKOUT = Path(__file__).resolve().parents[3]


def test_one_round_on_one_host() -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--hosts", "1", "--rounds", "1"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    lines = [line for line in completed.stdout.splitlines() if line.startswith("|     1 ")]
    assert [one.title in line for one, line in zip(CONTESTANTS, lines, strict=True)] == [True] * len(CONTESTANTS)
    assert "1.00" in lines[0]
    assert not (CHECKOUT / ".cache" / "bench" / "system").exists()
