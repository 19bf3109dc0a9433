# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of mixed logs from files with their rotated copies, or from what a command prints."""

from __future__ import annotations

import os
import re
from typing import Any, Callable, Collection, Iterator, Mapping, Pattern, Sequence

from ..errors import CheckError, ProfileError
from ..probe import Context
from ..zones import zone
from .files import Reading, blocks_of_log
from .mixed import Entry, MixedParser, bounded
from .timestamps import TimestampReader

#: Parameters of every kind that reads such a log.
PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {
        "type": "list",
        "elements": "path",
        "default": [],
        "description": "The log, or several, or globs; rotated and compressed copies are found beside it.",
    },
    "argv": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "A command that prints the log, instead of path; it must only look.",
    },
    "cwd": {"type": "path", "description": "Directory to run that command in."},
    "window": {
        "type": "str",
        "default": "week",
        "description": "Stretch of time: today, yesterday, day, week, month, or a number of hours.",
    },
    "line_pattern": {
        "type": "str",
        "default": r"^(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?)(?: - \S+)?"
        r" - (?P<level>[A-Z]+) - (?P<message>.*)$",
        "description": "Regular expression of a line with a time: groups time, message and, where there is one, level.",
    },
    "timestamp_keys": {
        "type": "list",
        "elements": "str",
        "default": ["timestamp"],
        "description": "The first of these keys that a JSON object has holds its time.",
    },
    "naive_timezone": {
        "type": "str",
        "description": "IANA zone of times that name none; the system's zone when not set.",
    },
}


def entries_of(parameters: Mapping[str, Any], since: float, context: Context, reading: Reading) -> Iterator[Entry]:
    """Yield all entries of a log, file by file, the newest file first and each from its beginning.

    Args:
        parameters: see :data:`PARAMETERS`.
        since: start of the window; files last written before it are not read.
        context: its deadline ends the reading.
        reading: filled in on the way.

    Raises:
        CheckError: as :func:`blocks_of_log`; ``parameter_needed``, ``command_failed`` or ``timed_out``.
        ProfileError: ``line_pattern`` cannot be used.
    """
    pattern = compiled(parameters["line_pattern"], "line_pattern")
    if not {"time", "message"} <= set(pattern.groupindex):
        raise ProfileError(f"line_pattern is {pattern.pattern!r}", "Name the groups time and message in it")
    reader = TimestampReader(zone(parameters.get("naive_timezone") or context.timezone))

    def parser(file: int) -> MixedParser:
        return MixedParser(pattern, parameters["timestamp_keys"], reader, file)

    if parameters["path"]:
        yield from _from_files(parameters, since, context, reading, parser)
    elif parameters["argv"]:
        own = parser(0)
        text = _printed(parameters, context)
        reading.paths.append(" ".join(parameters["argv"][:3]))
        yield from bounded(own.entries(text), context.now)
        _close(own, reading)
    else:
        raise CheckError("parameter_needed", parameter="path", manager="this log")


def _from_files(
    parameters: Mapping[str, Any],
    since: float,
    context: Context,
    reading: Reading,
    parser: Callable[[int], MixedParser],
) -> Iterator[Entry]:
    blocks = blocks_of_log(parameters["path"], since, context, reading, keep_partial=True)
    block = next(blocks, None)
    while block is not None:
        path = reading.paths[-1]
        own = parser(len(reading.paths) - 1)
        # Where a file without a time in it was last written is the latest that its records can be.
        written = _written(path, context.now)
        following: list[bytes | None] = [None]

        def of_one_file(first: bytes, own: MixedParser, path: str, following: list[bytes | None]) -> Iterator[Entry]:
            current: bytes | None = first
            while current is not None and reading.paths[-1] == path:
                yield from own.entries(current)
                current = next(blocks, None)
            following[0] = current

        yield from bounded(of_one_file(block, own, path, following), written)
        _close(own, reading)
        block = following[0]


def _close(own: MixedParser, reading: Reading) -> None:
    own.finish()
    if own.unread:
        reading.lost += own.unread
        reading.notes.append(f"{own.unread} JSON documents are cut off or damaged")


def _written(path: str, now: float) -> float:
    try:
        return min(os.stat(path).st_mtime, now)
    except OSError:
        return now


def _printed(parameters: Mapping[str, Any], context: Context) -> bytes:
    allowed = round(context.remaining(), 1)
    argv, cwd = parameters["argv"], parameters.get("cwd")
    if cwd and not os.path.isdir(cwd):
        raise CheckError("file_missing", state="critical", path=cwd)
    done = context.run(argv, cwd=cwd)
    if done.timed_out:
        raise CheckError("timed_out", evidence=[f"waited for {argv[0]}"], seconds=allowed)
    if done.returncode != 0:
        fields = {"command": argv[0], "returncode": done.returncode, "expected": "0"}
        raise CheckError("command_failed", evidence=context.lines(done), **fields)
    return (done.stdout + "\n" + done.stderr).encode("utf-8", "replace")


def compiled(text: str, where: str) -> Pattern[str]:
    """Return a regular expression.

    Raises:
        ProfileError: it is none.
    """
    try:
        return re.compile(text)
    except re.error as error:
        raise ProfileError(f"{where} holds {text!r}: {error}", "Write a regular expression") from None


def any_of(patterns: Sequence[Any], where: str) -> Any:
    """Return one regular expression of several, upper and lower case alike; None of none.

    Raises:
        ProfileError: one of them cannot be used.
    """
    if not patterns:
        return None
    for pattern in patterns:
        compiled(str(pattern), where)
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def clusters_of(given: Mapping[str, Any], taken: Collection[str]) -> dict[str, Pattern[str]]:
    """Return what may lie behind an error, each with the pattern of its texts.

    Args:
        given: names and lists of regular expressions.
        taken: names that mean something else.

    Raises:
        ProfileError: a pattern cannot be used, or a name is taken.
    """
    clusters = {}
    for name, patterns in given.items():
        if name in taken or not isinstance(patterns, list) or not patterns:
            raise ProfileError(f"clusters.{name} is {patterns!r}", "Write a new name and a list of regular expressions")
        clusters[str(name)] = any_of(patterns, f"clusters.{name}")
    return clusters
