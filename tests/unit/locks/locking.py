# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application's lock of either kind, and real processes that hold it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from subprocess import Popen

from ansible_collections.aiops.runbooks.plugins.module_utils import lock_cleanup
from ansible_collections.aiops.runbooks.plugins.module_utils.process_identity import descendants
from ansible_collections.aiops.runbooks.plugins.module_utils.process_progress import footprint
from tests.unit.patience import until, until_waiting

SLEEPER = "import sys, time\nprint('up', flush=True)\ntime.sleep(600)"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER
WORKER = "import time\nprint('up', flush=True)\nend = time.time() + 600\nwhile time.time() < end: pass"
NOBODY = 4194303
Start = Callable[..., Popen[str]]


def aged(settings: lock_cleanup.LockSettings, seconds: float = 3600) -> None:
    """Let the lock, but not its pid file, be as old as that."""
    then = time.time() - seconds
    os.utime(settings.lock_path, (then, then))


def resting(process: Popen[str]) -> Popen[str]:
    """Wait until a program that is up, and what it started, have nothing more to do than to sleep."""
    for pid in (process.pid, *descendants(process.pid)):
        until_waiting(pid)
    return process


def until_it_works(pid: int) -> None:
    """Wait until a process has got some time of the processor, however busy the machine is."""

    def used() -> float:
        return footprint(pid, ()).cpu_seconds or 0.0

    before = used()
    until(lambda: used() > before + 0.02)


def names(settings: lock_cleanup.LockSettings) -> list[str]:
    """Return what lies beside the lock, without times."""
    return sorted(name.partition(".stale-")[0] for name in os.listdir(os.path.dirname(settings.lock_path)))


def freed(settings: lock_cleanup.LockSettings) -> lock_cleanup.LockOutcome:
    """Look and free."""
    found = lock_cleanup.leftover_pid_file(settings, lock_cleanup.look(settings, time.time()), time.time())
    outcome = lock_cleanup.LockOutcome()
    if lock_cleanup.plan(settings, found).put_aside:
        lock_cleanup.free(settings, found, outcome)
    return outcome


def is_free(settings: lock_cleanup.LockSettings) -> bool:
    """Tell whether lock and pid file are gone, and one of each was kept."""
    gone = not os.path.lexists(settings.lock_path) and not os.path.lexists(str(settings.pid_path))
    return gone and names(settings) == ["app.db", "app.lock", "app.pid"]
