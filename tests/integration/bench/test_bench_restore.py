# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of the restore: every contestant serves all rows, and ours needs no more memory for more data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.restore import __main__ as bench
from tests.bench.restore.contestants import CONTESTANTS


def test_contestants_serve_and_ours_needs_constant_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "CACHE", tmp_path)
    chosen = [one for one in CONTESTANTS if one.key in ("ours", "dump", "tar")]
    small = bench.measured(chosen, 2, 1)
    large = bench.measured(chosen[:1], 40, 1)
    assert len(bench.table(chosen, small)) == 2 + len(chosen)
    assert large["ours"][0].megabytes < small["ours"][0].megabytes + 8
