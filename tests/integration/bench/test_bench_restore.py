# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of the restore: every contestant serves all rows, and ours needs no more memory for more data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.restore import __main__ as bench
from tests.bench.restore.contestants import CONTESTANTS
from tests.conftest import CHECKOUT

_MEASURE = """
import sys
from tests.bench.restore.__main__ import measured
from tests.bench.restore.contestants import CONTESTANTS
chosen = [one for one in CONTESTANTS if one.key == "ours"]
print(measured(chosen, int(sys.argv[1]), 1)["ours"][0].megabytes)
"""


def test_contestants_serve_and_ours_needs_constant_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "CACHE", tmp_path)
    chosen = [one for one in CONTESTANTS if one.key in ("ours", "dump", "tar")]
    assert len(bench.table(chosen, bench.measured(chosen, 2, 1))) == 2 + len(chosen)
    assert _megabytes(tmp_path, 40) < _megabytes(tmp_path, 2) + 8


def _megabytes(directory: Path, size: int) -> float:
    # A small process measures: what the kernel counts for a child begins with what its parent needs.
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(size)],
        cwd=CHECKOUT,
        env={**os.environ, "AIOPS_BENCH_DIRECTORY": str(directory)},
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
    )
    return float(done.stdout)
