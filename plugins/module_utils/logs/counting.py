# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass over all files of a log, alone or with workers, whose figures are put together in the order of the log."""

from __future__ import annotations

import os
import time
from typing import IO, Any, Iterator, Tuple

from ..errors import CheckError
from ..probe import Context
from .files import LogFile, Reading, blocks_of_log, blocks_of_stream, opened_files
from .workers import Counting, Part, Worker, keep_memory, wait

#: Of a large file; its parts are smaller the less is left of it, so that all processes end at the same time.
PART_BYTES = 32 << 20
_PARTS_LEFT = 4
_SMALLEST_PART = 32
_ASKED_AHEAD = 2
_SEARCHED_BYTES = 1 << 16
#: So long may a worker take for a part, and so much longer for each byte of it, before its part is counted here.
_PATIENCE_SECONDS = 2.0
_PATIENCE_SECONDS_PER_BYTE = 2e-7
#: Figures that wait for those of an earlier part.
_WAITING_MAXIMUM = 32
_LOOK_SECONDS = 0.05
Held = Tuple[Part, int]


def count_log(counting: Counting, context: Context) -> tuple[Any, Reading]:
    """Count all records of a log and return the counter and what was read.

    Args:
        counting: what to count.
        context: its deadline ends the reading; its workers take their share.

    Raises:
        CheckError: as :func:`.files.blocks_of_log`.
    """
    keep_memory()
    reading, counter = Reading(), counting.start()
    if context.workers:
        _Sharing(counting, context, counter, reading).run()
        return counter, reading
    keep_partial, block_bytes = counting.keep_partial, counting.block_bytes
    for block in blocks_of_log(counting.patterns, counting.since, context, reading, keep_partial, block_bytes):
        counter.count_block(block)
    return counter, reading


def places(log: LogFile, stream: IO[bytes], workers: int) -> Iterator[tuple[int, int]]:
    """Yield where the parts of a file begin and end, for so many workers: at the beginnings of lines."""
    if log.compressed:
        yield (0, log.size_bytes)
        return
    begin = 0
    while begin < log.size_bytes:
        share = (log.size_bytes - begin) // (_PARTS_LEFT * max(1, workers))
        part = min(PART_BYTES, max(PART_BYTES // _SMALLEST_PART, share))
        end = _line_after(stream.fileno(), begin + part, log.size_bytes)
        yield (begin, end)
        begin = end


def _line_after(descriptor: int, position: int, size: int) -> int:
    """Return where the first line after a position begins, or the end of the file."""
    while position < size:
        data = os.pread(descriptor, _SEARCHED_BYTES, position)
        found = data.find(b"\n")
        if found >= 0:
            return min(size, position + found + 1)
        if not data:
            break
        position += len(data)
    return size


class _Sharing:
    """A log that is counted by this process and its workers, part by part.

    A part is held with a descriptor of its file, so that it stays readable when the file is rotated away.
    """

    def __init__(self, counting: Counting, context: Context, whole: Any, reading: Reading) -> None:
        self._counting = counting
        self._context = context
        self._whole = whole
        self._reading = reading
        # What this process counts itself need not all be handed over.
        self._own = whole.beside() if hasattr(whole, "beside") else counting.start()
        self._workers: list[Worker] = list(context.workers)
        self._parts = self._all_parts()
        self._away: dict[int, Held] = {}
        self._failed: list[Held] = []
        self._done: dict[int, tuple[Any, Reading]] = {}
        self._following = 0

    def run(self) -> None:
        """Count everything."""
        try:
            self._ask()
            while True:
                held = self._failed.pop() if self._failed else next(self._parts, None)
                if held is not None:
                    self._count(held)
                elif not self._away:
                    return
                else:
                    self._collect(_LOOK_SECONDS)
        finally:
            for worker in self._workers:
                worker.end()
            for _part, descriptor in [*self._away.values(), *self._failed]:
                os.close(descriptor)

    def _all_parts(self) -> Iterator[Held]:
        number = 0
        for log, stream in opened_files(self._counting.patterns, self._counting.since, self._reading):
            for place in places(log, stream, len(self._workers)):
                yield Part(number, log, place), os.dup(stream.fileno())
                number += 1

    def _count(self, held: Held) -> None:
        """Count a part in this process."""
        part, descriptor = held
        reading = Reading()
        with os.fdopen(descriptor, "rb") as stream:
            path, keep_partial, block_bytes = part.log.path, self._counting.keep_partial, self._counting.block_bytes
            for block in blocks_of_stream(path, stream, part.place, reading, keep_partial, block_bytes):
                self._own.count_block(block)
                self._collect(0, path, reading.bytes_read)
        self._done[part.number] = (self._own.take(), reading)
        self._put_together()

    def _collect(self, seconds: float, path: str = "", bytes_read: int = 0) -> None:
        """Take in what workers have answered within so many seconds, and give up those that do not answer."""
        if not self._context.remaining():
            path = path or next(part.log.path for part, _descriptor in self._away.values())
            raise CheckError("log_not_read_in_time", path=path, bytes_read=self._reading.bytes_read + bytes_read)
        for worker in wait(self._workers, seconds):
            answers = worker.answered()
            if answers is None:
                self._give_up(worker)
                continue
            for number, figures in answers:
                held = self._away.pop(number)
                if figures is None:
                    self._failed.append(held)
                    continue
                os.close(held[1])
                self._done[number] = figures
        now = time.monotonic()
        for worker in [one for one in self._workers if one.asked]:
            begin, end = self._away[worker.asked[0]][0].place
            if now - worker.since > _PATIENCE_SECONDS + (end - begin) * _PATIENCE_SECONDS_PER_BYTE:
                self._give_up(worker)
        self._put_together()
        self._ask()

    def _ask(self) -> None:
        """Give each worker something to do, now and next."""
        for worker in list(self._workers):
            while len(worker.asked) < _ASKED_AHEAD and len(self._done) < _WAITING_MAXIMUM:
                held = next(self._parts, None)
                if held is None:
                    return
                self._away[held[0].number] = held
                if not worker.ask(held[0]):
                    self._failed.append(self._away.pop(held[0].number))
                    self._give_up(worker)
                    break

    def _give_up(self, worker: Worker) -> None:
        worker.end()
        self._workers.remove(worker)
        self._failed += [self._away.pop(number) for number in worker.asked]

    def _put_together(self) -> None:
        while self._following in self._done:
            figures, reading = self._done.pop(self._following)
            self._whole.give(figures)
            self._reading.merge(reading)
            self._following += 1
