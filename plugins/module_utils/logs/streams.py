# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a log file, compressed or not."""

from __future__ import annotations

import os
from typing import IO, Callable

#: So far the end of a line is looked for.
_LINE_BYTES = 1 << 10


def reader_of(
    path: str, stream: IO[bytes], place: tuple[int, int]
) -> tuple[Callable[[int], bytes], tuple[type[BaseException], ...]]:
    """Return a function that reads at most so many bytes, and the faults that damaged contents cause.

    What is appended while a file is read is left for the next time.

    Args:
        path: tells by its end how the file is compressed.
        stream: the open file.
        place: where to begin and to end in a file that is not compressed.
    """
    if path.endswith(".gz"):
        import gzip
        import zlib

        return gzip.GzipFile(fileobj=stream).read, (OSError, EOFError, zlib.error)
    if path.endswith(".bz2"):
        import bz2

        return bz2.BZ2File(stream).read, (OSError, EOFError)
    if path.endswith(".xz"):
        import lzma

        return lzma.LZMAFile(stream).read, (OSError, EOFError, lzma.LZMAError)
    descriptor = stream.fileno()
    position, end = place

    def read_bounded(amount: int) -> bytes:
        nonlocal position
        # A bit more, up to the end of the line: what is read is whole lines, and need not be cut and put together.
        last = position + amount - 1
        amount += max(0, os.pread(descriptor, _LINE_BYTES, last).find(b"\n"))
        data = os.pread(descriptor, min(amount, end - position), position)
        position += len(data)
        return data

    return read_bounded, (OSError,)
