# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of systemd units in the journal, read on from where the last look ended (EST-05).

The control side keeps where that was, in the Result itself: a host is only read, and a look costs what is new.
"""

from __future__ import annotations

import os
import select
import signal
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Sequence

from ..errors import CheckError
from ..logs.journal import (
    ERRORS,
    HOUR,
    OTHER,
    WARNINGS,
    JournalFigures,
    Position,
    count_lines,
    question,
    read_position,
)
from ..logs.mixed_files import clusters_of, compiled
from ..model import Observation, Scalar
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "units": {
        "type": "list",
        "elements": "str",
        "required": True,
        "description": "The systemd units whose entries count; what systemd says of them is among these.",
    },
    "window_hours": {
        "type": "int",
        "default": 24,
        "description": "Whole hours before the present one that count, at most 744.",
    },
    "error_pattern": {
        "type": "str",
        "default": r"^(?:ERROR|CRITICAL|FATAL)\b|^Traceback \(|^[A-Za-z_.]*(?:Error|Exception)\b",
        "description": "Regular expression of messages that are errors whatever their level: what a service only "
        "prints has none.",
    },
    "clusters": {
        "type": "dict",
        "default": {},
        "description": "What may lie behind an error: a metric's name and regular expressions of its texts, upper and "
        "lower case alike. The first that fits counts; what fits none is counted as other_errors.",
    },
    "position": {
        "type": "str",
        "description": "The metric position of the last look. The run fills it in from the store.",
    },
}
METRICS = {"errors": "count", "warnings": "count", "other_errors": "count", "new_entries": "count", "position": ""}
#: Every cluster is a metric of its own.
OPEN_METRICS = True
#: The metric that the next look wants as the parameter of the same name.
CONTINUES = "position"
_HOURS_MAXIMUM = 744
_READ_BYTES = 1 << 16
_LINE_BYTES_MAXIMUM = 1 << 22


@dataclass(frozen=True)
class Asked:
    """What a look reads.

    Args:
        units: names of the units.
        start: beginning of the window, seconds since the epoch.
        clusters: what may lie behind an error.
        error: what makes a message an error.
        text: tells this question from others.
    """

    units: Sequence[str]
    start: float
    clusters: Mapping[str, Any]
    error: Any
    text: str


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Read what is new since the last look, or the whole window.

    Raises:
        CheckError: ``journal_missing``, ``journal_not_permitted``, ``journal_unreadable``, ``command_missing`` or
            ``log_not_read_in_time``.
        ProfileError: a pattern cannot be used.
    """
    clusters = clusters_of(parameters["clusters"], METRICS)
    hours = max(1, min(parameters["window_hours"], _HOURS_MAXIMUM))
    asked = Asked(
        units=parameters["units"],
        start=(context.now // HOUR - hours) * HOUR,
        clusters=clusters,
        error=compiled(parameters["error_pattern"], "error_pattern"),
        text=question(parameters["units"], parameters["clusters"], parameters["error_pattern"], hours),
    )
    position = read_position(parameters.get("position"), asked.text)
    if position is not None and position.cursor:
        figures = JournalFigures(position)
        figures.position.forget_before(asked.start)
        if _read(asked, f"--after-cursor={position.cursor}", figures, context):
            return observe(figures, list(clusters), asked.text, "since the last look")
        # The journal no longer holds that entry: vacuumed, or another journal.
    figures = JournalFigures(Position())
    if not _read(asked, f"--since=@{int(asked.start)}", figures, context):
        raise CheckError("journal_unreadable", evidence=figures.said)
    return observe(figures, list(clusters), asked.text, f"in the last {hours} hours, all of which were read")


def observe(figures: JournalFigures, clusters: Sequence[str], asked: str, how: str) -> Observation:
    """Turn what was read into an Observation; pure.

    Args:
        figures: counts.
        clusters: names of what may lie behind an error.
        asked: the question, for the next look.
        how: what was read, in words.

    Raises:
        CheckError: ``journal_missing`` or ``journal_not_permitted``.
    """
    said = "\n".join(figures.said)
    if "No journal files" in said:
        raise CheckError("journal_missing", evidence=figures.said)
    if "not seeing messages from other users" in said or "insufficient permissions" in said:
        raise CheckError("journal_not_permitted", evidence=figures.said)
    position, total = figures.position, figures.new + figures.unread
    metrics: dict[str, Scalar] = {
        "errors": position.total(ERRORS),
        "warnings": position.total(WARNINGS),
        **{name: position.total(name) for name in (*clusters, OTHER)},
        "new_entries": figures.new,
        "position": position.to_text(asked),
    }
    return Observation(
        value=metrics["errors"],
        metrics=metrics,
        evidence=[
            f"{figures.new} entries {how}",
            *(f"{count} x {cluster}: {text}" for (cluster, text), count in figures.texts.most_common(8)),
        ],
        coverage=round(figures.new / total, 4) if total else 1.0,
        source="journal",
    )


def _read(asked: Asked, place: str, figures: JournalFigures, context: Context) -> bool:
    """Read a stretch of the journal; False when journalctl refuses it."""
    import subprocess

    argv = ["journalctl", "--no-pager", "--output=json", "--output-fields=PRIORITY,MESSAGE", place]
    argv += [f"--unit={unit}" for unit in asked.units]
    try:
        running = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # What it says of itself is no JSON and stands out among the entries.
            stderr=subprocess.STDOUT,
            env=dict(os.environ, LC_ALL="C"),
            start_new_session=True,
        )
    except FileNotFoundError:
        raise CheckError("command_missing", command="journalctl") from None
    try:
        count_lines(_lines(running, context), figures, asked.start, asked.clusters, asked.error)
    finally:
        # It is in a session of its own, and ends with what it was asked for.
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    return running.returncode == 0 or "No journal files" in "\n".join(figures.said)


def _lines(running: Any, context: Context) -> Iterator[bytes]:
    """Yield lines as they come, until the end or the deadline; the journal may be larger than the memory."""
    descriptor = running.stdout.fileno()
    rest, read = b"", 0
    while True:
        if not select.select([descriptor], [], [], context.remaining())[0]:
            raise CheckError("log_not_read_in_time", path="journal", bytes_read=read)
        data = os.read(descriptor, _READ_BYTES)
        if not data:
            break
        read += len(data)
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
        if len(rest) > _LINE_BYTES_MAXIMUM:
            rest = b"{"
    if rest:
        yield rest
    running.wait()
