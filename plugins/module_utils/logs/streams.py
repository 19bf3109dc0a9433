# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a log file, compressed or not."""

from __future__ import annotations

from typing import IO, Callable


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
    stream.seek(place[0])
    left = place[1] - place[0]

    def read_bounded(amount: int) -> bytes:
        nonlocal left
        data = stream.read(min(amount, left))
        left -= len(data)
        return data

    return read_bounded, (OSError,)
