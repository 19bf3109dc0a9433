# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that is killed before its n-th step that touches the disk, in a child process."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

#: What a library calls to change a disk; reading is no step.
CHANGES = (
    "chmod",
    "chown",
    "fsync",
    "lchown",
    "link",
    "mkdir",
    "open",
    "rename",
    "rmdir",
    "symlink",
    "unlink",
    "utime",
    "write",
)
STATEMENTS = ("execute", "executemany", "commit", "backup")


@dataclass(frozen=True)
class Steps:
    """What is a step; opening a database of SQLite always is one.

    Args:
        changes: functions of :mod:`os`.
        further: modules, each with the name of another function.
        statements: whether what a connection to SQLite does is a step, too.
    """

    changes: Sequence[str] = CHANGES
    further: Sequence[tuple[Any, str]] = ()
    statements: bool = True


EVERY = Steps()


def killed_at(number: int, work: Callable[[], object], steps: Steps = EVERY) -> bool:
    """Do the work in a child that kills itself before its n-th step; False when it got to its end.

    Raises:
        AssertionError: the work failed.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            happens_at(number, lambda: os.kill(os.getpid(), signal.SIGKILL), steps)
            work()
            status = 0
        finally:
            os._exit(status)
    _pid, ended = os.waitpid(child, 0)
    assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0, "the work failed"
    return os.WIFSIGNALED(ended) and os.WTERMSIG(ended) == signal.SIGKILL


def interruptions(
    prepare: Callable[[], Any], work: Callable[[Any], object], at_least: int, steps: Steps = EVERY
) -> Iterator[Any]:
    """Yield what was prepared after each interruption of the work, until one is not reached any more.

    Args:
        prepare: makes what the work begins with.
        work: gets what was prepared.
        at_least: it has more steps than so many.
        steps: what is one.
    """
    for number in range(1, 2000):
        prepared = prepare()

        def doing(given: Any = prepared) -> object:
            return work(given)

        if not killed_at(number, doing, steps):
            assert number > at_least, "there are more steps than that"
            return
        yield prepared
    raise AssertionError("the work never comes to its end")


def happens_at(number: int, happen: Callable[[], object], steps: Steps = EVERY) -> None:
    """Let something happen in this process before the n-th step and, if it raises, before every later one."""
    lock, done = threading.Lock(), [0]

    def step() -> None:
        with lock:
            done[0] += 1
            reached = done[0] >= number
        if reached:
            happen()

    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            step()
            return original(*arguments, **named)

        return call

    class Counting(sqlite3.Connection):
        """A connection whose statements are steps."""

    for name in STATEMENTS:
        setattr(Counting, name, wrapped(getattr(sqlite3.Connection, name)))
    connect = sqlite3.connect

    def counting_connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        step()
        return connect(*arguments, **({"factory": Counting, **named} if steps.statements else named))

    sqlite3.connect = counting_connect
    for module, name in (*((os, change) for change in steps.changes), *steps.further):
        setattr(module, name, wrapped(getattr(module, name)))
