# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup, retention and prune on a file system that is more or less full, or read-only."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration.mount_namespace import run_apart


@pytest.mark.parametrize(
    ("procedure", "kind"),
    [("back_up", "sqlite"), ("back_up", "duckdb"), ("prune_rows", "delete"), ("prune_rows", "wal")],
)
def test_nothing_is_lost_and_running_again_finishes(tmp_path: Path, procedure: str, kind: str) -> None:
    program = "tests.integration.interrupted.small_disk"
    done = run_apart([sys.executable, "-m", program, procedure, str(tmp_path), kind], 900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failures" in done.stdout
