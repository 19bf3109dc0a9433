# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that have files open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HOLDS = "import sys; held = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"


@pytest.fixture
def process_with_open_file() -> Iterator[Callable[[Path], None]]:
    """Return a function that starts a process which has a file open for writing until the test is over."""
    running = []

    def hold(path: Path) -> None:
        command = [sys.executable, "-c", HOLDS, str(path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"

    yield hold
    for process in running:
        process.communicate(b"")
