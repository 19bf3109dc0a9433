# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a function in a forked process that has lost something: its account, or room on the disk."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection

FORK = multiprocessing.get_context("fork")
NOBODY = 65534


def answer_of(work: Callable[[], str], before: Callable[[], None]) -> str:
    """Return what the work returns in a process of its own, after it has done ``before``."""
    receive, send = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_run, args=(work, before, send))
    child.start()
    send.close()
    try:
        return str(receive.recv())
    finally:
        child.join()


def lose_privileges() -> None:
    """Become an account that may only read what everybody may read; an ordinary account already is one."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def limit_file_size(size_bytes: int) -> Callable[[], None]:
    """Return a preparation after which no file can grow beyond the size."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    return limit


def _run(work: Callable[[], str], before: Callable[[], None], answer: Connection) -> None:
    before()
    answer.send(work())
