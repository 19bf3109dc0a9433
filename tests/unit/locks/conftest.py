# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application's lock of either kind, and real processes that hold it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ansible_collections.aiops.runbooks.plugins.module_utils import lock_cleanup
    from tests.unit.locks.locking import Start


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a program and waits until it is up."""
    running: list[subprocess.Popen[str]] = []

    def begin(program: str, *before: str) -> subprocess.Popen[str]:
        command = [*before, sys.executable, "-c", program]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip()
        return process

    yield begin
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture(params=["file", "directory"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> lock_cleanup.LockSettings:
    """Return an application's lock of either kind, taken an hour ago."""
    # Importable only when the session's configuration has put the collection on the path.
    from ansible_collections.aiops.runbooks.plugins.module_utils import lock_cleanup
    from tests.unit.locks.locking import NOBODY

    lock = tmp_path / "app.lock"
    lock.touch() if request.param == "file" else lock.mkdir()
    (tmp_path / "app.db").write_text("data")
    (tmp_path / "app.pid").write_text(str(NOBODY))
    return lock_cleanup.LockSettings(
        lock_path=str(lock),
        pid_path=str(tmp_path / "app.pid"),
        database=str(tmp_path / "app.db"),
        command_contains=None,
        stuck_after_seconds=1800,
        window_seconds=0.3,
        progress_logs=(str(tmp_path / "*.log"),),
        grace_seconds=60,
    )
