# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether logs hold personal data: the values, not the words for them (DIY-23)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Mapping, Pattern

from ..logs.files import Reading, blocks_of_log
from ..logs.mixed_files import compiled
from ..logs.personal import findings
from ..logs.together import prepare
from ..logs.window import CHOICES, window_of
from ..model import Observation, Reason, Scalar
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {
        "type": "list",
        "elements": "path",
        "required": True,
        "description": "The logs, or globs; rotated and compressed copies are found beside them. None is critical.",
    },
    "window": {
        "type": "str",
        "default": "month",
        "description": "Files last written before it are not read: {}, or a number of hours.".format(
            ", ".join(CHOICES)
        ),
    },
    "kinds": {
        "type": "list",
        "elements": "str",
        "choices": ["address", "card", "email", "phone"],
        "default": ["address", "card", "email", "phone"],
        "description": "What is looked for.",
    },
    "ignore": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Regular expressions of lines to leave out, such as those with the operator's own address.",
    },
}
METRICS = {
    "findings": "count",
    "emails": "count",
    "phones": "count",
    "addresses": "count",
    "cards": "count",
    "lines": "count",
}
TOGETHER = prepare
_METRIC_OF = {"email": "emails", "phone": "phones", "address": "addresses", "card": "cards"}
_SHOWN = 15


@dataclass
class Found:
    """What a look has found.

    Attributes:
        kinds: how many values of each kind.
        places: file, line number and masked value of the first ones.
        lines: how many lines were read.
        numbers: the lines read of each file.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)
    lines: int = 0
    numbers: Counter[str] = field(default_factory=Counter)


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Read the logs once; the values themselves never leave the host.

    Raises:
        CheckError: as :func:`blocks_of_log`; ``timezone_unknown``.
        ProfileError: a pattern or the window cannot be used.
    """
    ignore = [compiled(text, "ignore") for text in parameters["ignore"]]
    window = window_of(parameters["window"], context.now, context.timezone)
    found, reading = Found(), Reading()
    for block in blocks_of_log(parameters["path"], window.start, context, reading, keep_partial=True):
        search(block, reading.paths[-1], frozenset(parameters["kinds"]), ignore, found)
    return observe(found, reading)


def search(block: bytes, path: str, kinds: frozenset[str], ignore: list[Pattern[str]], found: Found) -> None:
    """Search whole lines.

    Args:
        block: bytes that end with a line end.
        path: the file they come from.
        kinds: what is looked for.
        ignore: patterns of lines to leave out.
        found: filled in.
    """
    text = block.decode("utf-8", "replace")
    before = found.numbers[path]
    found.numbers[path] += block.count(b"\n")
    found.lines += block.count(b"\n")
    for finding in findings(text):
        if finding.kind not in kinds:
            continue
        start = text.rfind("\n", 0, finding.position) + 1
        end = text.find("\n", finding.position)
        if any(pattern.search(text[start : end if end >= 0 else len(text)]) for pattern in ignore):
            continue
        found.kinds[finding.kind] += 1
        if len(found.places) < _SHOWN:
            number = before + text.count("\n", 0, finding.position) + 1
            found.places.append(f"{path}:{number}: {finding.kind} {finding.masked}")


def observe(found: Found, reading: Reading) -> Observation:
    """Turn findings into an Observation; pure."""
    metrics: dict[str, Scalar] = {"findings": sum(found.kinds.values())}
    metrics.update({metric: found.kinds[kind] for kind, metric in _METRIC_OF.items()})
    metrics["lines"] = found.lines
    total = found.lines + reading.lost
    return Observation(
        value=metrics["findings"],
        unit="count",
        reason=None if found.lines else Reason("no_records", {}),
        metrics=metrics,
        evidence=found.places + reading.notes[:3],
        coverage=round(found.lines / total, 4) if total else 1.0,
        source=", ".join(reading.paths) or None,
    )
