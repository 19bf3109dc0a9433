# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what other processes do, and time limits that a busy machine does not break."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")
#: For what takes milliseconds on an idle machine.
PATIENCE_SECONDS = 60.0
_TRIES = 10


def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds; one that never does is a failure."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"not within {seconds} s"
        time.sleep(0.01)


def quickly(work: Callable[[], Answer], seconds: float) -> Answer:
    """Do some work and return its answer; it takes no longer than that.

    A busy machine may keep any process waiting, so a late answer is asked for again. Work that waits too long by itself
    is late every time.

    Args:
        work: what is done, again when it was late.
        seconds: that it may take.
    """
    for _try in range(_TRIES):
        begun = time.monotonic()
        answer = work()
        took = time.monotonic() - begun
        if took < seconds:
            return answer
    raise AssertionError(f"it took {took:.2f} s, more than {seconds} s, {_TRIES} times")


def given_time(work: Callable[[float], Answer], begun: Callable[[Answer], object]) -> Answer:
    """Do some work that ends at a limit, once more with a longer one when it was over before it had begun.

    Args:
        work: gets the seconds after which it ends, and returns an answer.
        begun: tells by the answer whether it had come to what is to be seen.
    """
    for seconds in (1.0, 10.0):
        answer = work(seconds)
        if begun(answer):
            return answer
    return work(PATIENCE_SECONDS)


def state_of(pid: int) -> str:
    """Return the letter of a process's state, nothing when it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    return ""


def has_ended(pid: int) -> bool:
    """Tell whether a process is gone, or has only not been waited for yet."""
    return state_of(pid) in ("", "Z", "X")


def until_ended(pid: int) -> None:
    """Wait for the end of a process that was killed: the kernel lets it go a moment later."""
    until(lambda: has_ended(pid))


def until_waiting(pid: int) -> None:
    """Wait until a process does nothing but wait: what it does at its start is over."""
    until(lambda: state_of(pid) == "S")


def until_called(pid: int, words: str) -> None:
    """Wait until a process that was just started has its own command line, which it gets a moment after its start."""
    until(lambda: words.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
