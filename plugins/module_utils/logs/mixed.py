# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs in which lines with a time stand between lines without one and JSON documents printed over several lines.

What has no time of its own happened between its neighbours that have one, or before the file was last written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Pattern, Sequence

from .timestamps import TimestampReader

_DOCUMENT_CHARACTERS = 1 << 22
_PENDING = 5000
_LINE_CHARACTERS = 4000


@dataclass(frozen=True)
class Entry:
    """One line, or one JSON document.

    Args:
        text: the line's message, or the beginning of the document as printed.
        document: the parsed document; None for a line.
        time: its own, in seconds since the epoch; None when it has none.
        earliest: when it happened at the earliest, None when nothing before it has a time.
        latest: when it happened at the latest.
        level: severity that the line names, else empty.
        file: which file it comes from; 0 is the newest.
    """

    text: str
    document: Any = None
    time: float | None = None
    earliest: float | None = None
    latest: float | None = None
    level: str = ""
    file: int = 0


class MixedParser:
    """Splits the text of one file into entries; state is kept between blocks.

    Args:
        line_pattern: with the groups ``time`` and ``message``, and perhaps ``level``.
        timestamp_keys: the first one that an object has holds its time.
        reader: reads times.
        file: number of the file.
    """

    def __init__(
        self, line_pattern: Pattern[str], timestamp_keys: Sequence[str], reader: TimestampReader, file: int = 0
    ) -> None:
        self._line_pattern = line_pattern
        self._timestamp_keys = timestamp_keys
        self._reader = reader
        self._file = file
        self._lines: list[str] = []
        self._characters = 0
        self.unread = 0

    def entries(self, block: bytes) -> Iterator[Entry]:
        """Yield what the lines of a block complete, without bounds for what has no time."""
        for raw in block.decode("utf-8", "replace").split("\n"):
            line = raw.rstrip("\r")
            if line.strip():
                yield from self._line(line)

    def finish(self) -> None:
        """Count a document that the end of the file has cut off."""
        if self._lines:
            self._give_up()

    def _line(self, line: str) -> Iterator[Entry]:
        match = self._line_pattern.match(line)
        if match is not None:
            # Standard error comes in between: the document around it may go on.
            groups = match.groupdict()
            yield Entry(
                text=str(groups.get("message") or "")[:_LINE_CHARACTERS],
                time=self._reader.epoch(groups.get("time") or ""),
                level=str(groups.get("level") or ""),
                file=self._file,
            )
        elif line[0] in "{[":
            if self._lines:
                self._give_up()
            yield from self._begin(line)
        elif self._lines:
            self._lines.append(line)
            self._characters += len(line)
            if line[0] in "}]":
                yield from self._end()
            elif self._characters > _DOCUMENT_CHARACTERS:
                self._give_up()
        else:
            yield Entry(text=line.strip()[:_LINE_CHARACTERS], file=self._file)

    def _begin(self, line: str) -> Iterator[Entry]:
        document, whole = _parsed(line)
        if whole:
            yield self._document(line, document)
        elif line.rstrip()[-1] in "{[,":
            self._lines, self._characters = [line], len(line)
        else:
            yield Entry(text=line.strip()[:_LINE_CHARACTERS], file=self._file)

    def _end(self) -> Iterator[Entry]:
        text = "\n".join(self._lines)
        document, whole = _parsed(text)
        if not whole:
            self._give_up()
            return
        self._lines = []
        yield self._document(text, document)

    def _give_up(self) -> None:
        self.unread += 1
        self._lines = []

    def _document(self, text: str, document: Any) -> Entry:
        times = [time for time in map(self._own_time, parts(document)) if time is not None]
        return Entry(
            text=" ".join(text.split())[:_LINE_CHARACTERS],
            # An empty list is a document as well, and says something: that nothing was found.
            document=document,
            time=max(times) if times else None,
            file=self._file,
        )

    def _own_time(self, part: Mapping[str, Any]) -> float | None:
        for key in self._timestamp_keys:
            if key in part:
                return self._reader.epoch(part[key])
        return None


def parts(document: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a document: itself, or those of its list."""
    if isinstance(document, dict):
        return [document]
    return [part for part in document if isinstance(part, dict)] if isinstance(document, list) else []


def bounded(entries: Iterable[Entry], written: float) -> Iterator[Entry]:
    """Fill in when entries without a time happened, from their neighbours.

    Args:
        entries: of one file, in its order.
        written: when the file was last written.
    """
    waiting: list[Entry] = []
    before: float | None = None
    for entry in entries:
        if entry.time is None:
            waiting.append(_within(entry, before, None))
            if len(waiting) < _PENDING:
                continue
            bound = written
        else:
            bound = before = entry.time
        yield from (_within(one, one.earliest, bound) for one in waiting)
        waiting = []
        if entry.time is not None:
            yield _within(entry, entry.time, entry.time)
    yield from (_within(one, one.earliest, written) for one in waiting)


def _within(entry: Entry, earliest: float | None, latest: float | None) -> Entry:
    return Entry(entry.text, entry.document, entry.time, earliest, latest, entry.level, entry.file)


def _parsed(text: str) -> tuple[Any, bool]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None, False
    return document, isinstance(document, (list, dict))
