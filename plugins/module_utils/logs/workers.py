# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that count parts of a large log beside the one that asked.

A worker gets one part after the other through a pipe, and answers with the figures of each. It is nothing but a gain of
time: a part whose worker failed, was killed or is too slow is counted by the asking process itself. A worker has a
lower priority, and it ends with the process that started it: at the end of its pipe, or at the next block of lines.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, Sequence

from ..errors import CheckError, ProfileError
from ..probe import Context, open_regular
from .files import LogFile, Reading, blocks_of_stream, log_files

#: A log of less than this is not worth a process.
LARGE_BYTES = 32 << 20
WORKERS_MAXIMUM = 3
_PRIORITY = 5
_LENGTH_BYTES = 8
#: F_SETPIPE_SZ, which Python has a name for since 3.10.
_SET_PIPE_SIZE = 1031
_PIPE_BYTES = 1 << 20
_MEMORY_KEPT = 8 << 20


@dataclass(frozen=True)
class Counting:
    """How a check counts the records of its log.

    Attributes:
        patterns: see :func:`.files.log_files`.
        since: see :func:`.files.log_files`.
        keep_partial: see :func:`.files.blocks_of_log`.
        start: makes a counter: its ``count_block`` takes lines, ``take`` returns the figures of what was counted
            since the last time, and ``give`` takes in those of the stretch of the log that follows. Who called is told
            once: all that is taken of a counter is to be given to one other.
        block_bytes: see :func:`.files.blocks_of_log`.
    """

    patterns: Sequence[str]
    since: float
    keep_partial: bool
    start: Callable[[], Any]
    block_bytes: int | None = None


@dataclass(frozen=True)
class Part:
    """A stretch of a log.

    Attributes:
        number: its place among all parts.
        log: the file.
        place: where it begins and ends in there.
    """

    number: int
    log: LogFile
    place: tuple[int, int]


class Worker:
    """One process; see :func:`start`.

    Attributes:
        pid: of the process.
        answers: descriptor to wait for.
        asked: parts that were not answered yet, in their order.
        since: when it began with the first of these, on ``time.monotonic()``.
    """

    def __init__(self, pid: int, questions: int, answers: int) -> None:
        self.answers = answers
        self.asked: list[int] = []
        self.since = 0.0
        self.pid = pid
        self._questions = questions
        self._rest = b""

    def ask(self, part: Part) -> bool:
        """Send a part to be counted; return whether it could be sent."""
        try:
            _send(self._questions, part)
        except OSError:
            return False
        if not self.asked:
            self.since = time.monotonic()
        self.asked.append(part.number)
        return True

    def answered(self) -> list[tuple[int, Any]] | None:
        """Return numbers and figures of what has arrived; None when nothing more will.

        The figures are None when the worker could not count a part.
        """
        try:
            data = os.read(self.answers, 1 << 20)
        except OSError:
            return None
        if not data:
            return None
        import pickle

        self._rest += data
        found = []
        while len(self._rest) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(self._rest[:_LENGTH_BYTES], "big")
            if len(self._rest) < end:
                break
            number, figures = pickle.loads(self._rest[_LENGTH_BYTES:end])
            self._rest = self._rest[end:]
            self.asked.remove(number)
            self.since = time.monotonic()
            found.append((number, figures))
        return found

    def end(self) -> None:
        """Kill the process and collect it."""
        with contextlib.suppress(OSError):
            os.close(self._questions)
            os.close(self.answers)
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def keep_memory() -> None:
    """Let the C library keep the memory of one block for the next one, not give it back to the kernel and ask again.

    glibc takes the size of the largest piece that was freed for what comes and goes; elsewhere, this does nothing.
    """
    bytes(_MEMORY_KEPT)


def worthwhile(counting: Counting) -> bool:
    """Tell whether a log is so large that workers are worth their start.

    Raises:
        CheckError: as :func:`.files.log_files`.
    """
    return sum(log.size_bytes for log in log_files(counting.patterns, counting.since)) >= LARGE_BYTES


def start_for(asked: Sequence[tuple[Any, Mapping[str, Any]]], context: Context) -> dict[int, list[Worker]]:
    """Start workers for the checks that count large logs, as far as there are processors for them.

    Args:
        asked: kind and parameters of each check.
        context: of the checks.

    Returns:
        The workers of each such check, by its place.
    """
    large = {}
    for index, (kind, parameters) in enumerate(asked):
        if hasattr(kind, "counting"):
            # Whatever is wrong with it, the check itself finds and says it.
            with contextlib.suppress(CheckError, ProfileError):
                counting = kind.counting(parameters, context)
                if worthwhile(counting):
                    large[index] = counting
    spare = min(len(os.sched_getaffinity(0)) - 1, WORKERS_MAXIMUM)
    shares = [spare // len(large) + (place < spare % len(large)) for place in range(len(large))]
    return {index: start(counting, share) for share, (index, counting) in zip(shares, large.items())}


def start(counting: Counting, number: int) -> list[Worker]:
    """Start workers; to be called while the process has one thread only.

    Args:
        counting: what they count.
        number: how many.
    """
    workers = []
    for _each in range(number):
        questions, asking = os.pipe()
        answering, answers = os.pipe()
        # Room for the figures of a part: the worker goes on while they wait to be read.
        with contextlib.suppress(OSError):
            fcntl.fcntl(answers, _SET_PIPE_SIZE, _PIPE_BYTES)
        pid = os.fork()
        if pid == 0:
            _work(counting, questions, answers)
        os.close(questions)
        os.close(answers)
        workers.append(Worker(pid, asking, answering))
    return workers


def wait(workers: Sequence[Worker], seconds: float) -> list[Worker]:
    """Return the workers that have something to say, after at most so many seconds."""
    ready = select.select([worker.answers for worker in workers], [], [], seconds)[0]
    return [worker for worker in workers if worker.answers in ready]


def _send(descriptor: int, what: Any) -> None:
    import pickle

    data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    view = memoryview(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
    while view:
        view = view[os.write(descriptor, view) :]


def _work(counting: Counting, questions: int, answers: int) -> None:
    """Answer until there is nothing more to read; never returns."""
    import pickle

    try:
        _leave_alone({0, 1, 2, questions, answers})
        os.nice(_PRIORITY)
        parent = os.getppid()
        keep_memory()
        counter = counting.start()
        with os.fdopen(questions, "rb") as stream:
            while header := stream.read(_LENGTH_BYTES):
                part = pickle.loads(stream.read(int.from_bytes(header, "big")))
                figures = _counted(counting, counter, part, parent)
                if figures is None:
                    # What it has counted of the part must not be told with the next one, nor be taken for told.
                    counter = counting.start()
                _send(answers, (part.number, figures))
    finally:
        os._exit(0)


def _leave_alone(needed: set[int]) -> None:
    """Close what belongs to the process that was forked: its pipes must end with it."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in needed:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _counted(counting: Counting, counter: Any, part: Part, parent: int) -> tuple[Any, Reading] | None:
    reading = Reading()
    try:
        for block in blocks_of_part(part, reading, counting.keep_partial, counting.block_bytes):
            if os.getppid() != parent:
                os._exit(0)
            counter.count_block(block)
    except CheckError:
        # Rotated away, or not to be read: the asking process has it open, and says what is wrong.
        return None
    return counter.take(), reading


def blocks_of_part(part: Part, reading: Reading, keep_partial: bool, block_bytes: int | None = None) -> Iterator[bytes]:
    """Yield the lines of a part.

    Args:
        part: its file is opened by its path.
        reading: filled in on the way.
        keep_partial: see :func:`.files.blocks_of_log`.
        block_bytes: see :func:`.files.blocks_of_log`.

    Raises:
        CheckError: ``file_missing``, also when another file has that path by now, or it cannot be opened.
    """
    with open_regular(part.log.path) as stream:
        status = os.fstat(stream.fileno())
        if (status.st_dev, status.st_ino) != part.log.identity:
            raise CheckError("file_missing", path=part.log.path)
        yield from blocks_of_stream(part.log.path, stream, part.place, reading, keep_partial, block_bytes)
