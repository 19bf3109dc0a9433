# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stretches of a log that were measured, none of them twice.

A check that counts the requests of a week and runs every day counts each request seven times. What an objective adds
up are the newest looks whose stretches do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.logs.window import window_of

from ..report.numbers import is_number
from ..store import Sample

#: Share of a stretch that may overlap with the next or lie before the window: runs do not begin at the same second.
_TOLERANCE = 0.1


@dataclass(frozen=True)
class Part:
    """One stretch.

    Args:
        started, finished: seconds since the epoch.
        value: the figure of the stretch; None when it had no requests.
        requests: how many requests it is of; None when the check does not say.
        slow: how many of them were slower than promised; None when the check does not say.
    """

    started: float
    finished: float
    value: float | None
    requests: float | None = None
    slow: float | None = None

    @property
    def seconds(self) -> float:
        """Return its length."""
        return self.finished - self.started


@dataclass(frozen=True)
class Naming:
    """Which figures of a check make a part.

    Args:
        metric: the figure.
        first: name of the result's value.
        requests: metric that counts requests; None when nothing does.
        slow: metric that counts slow ones; None when nothing does.
        window: stretch that the check looks at, as its parameters state it.
        timezone: IANA name of the system's zone.
    """

    metric: str
    first: str
    requests: str | None
    slow: str | None
    window: str
    timezone: str


def figure_of(sample: Sample, metric: str, first: str) -> float | None:
    """Return a figure of a sample when it was measured as a finite number and its check trusted it.

    Args:
        sample: what a check measured.
        metric: name of the figure.
        first: name of the result's value.
    """
    if sample.state == "unknown":
        return None
    value = sample.metrics.get(metric)
    if value is None and metric == first:
        value = sample.value
    return value if is_number(value) else None


def parts_of(samples: Iterable[Sample], naming: Naming, started: float, finished: float) -> list[Part]:
    """Return the parts of [started, finished] that do not overlap, oldest first, preferring the newest.

    Args:
        samples: what the check measured, in any order.
        naming: which figures are meant.
        started: beginning of the window, seconds since the epoch.
        finished: its end.
    """
    kept: list[Part] = []
    for sample in sorted(samples, key=lambda each: each.at, reverse=True):
        part = _part(sample, naming)
        if part is None or part.finished > finished or part.seconds <= 0:
            continue
        margin = _TOLERANCE * part.seconds
        if part.started >= started - margin and (not kept or part.finished <= kept[-1].started + margin):
            kept.append(part)
    return kept[::-1]


def _part(sample: Sample, naming: Naming) -> Part | None:
    value = figure_of(sample, naming.metric, naming.first)
    requests = _count(sample.metrics, naming.requests)
    if value is None and (requests != 0 or sample.state == "unknown"):
        return None
    looked = sample.at.timestamp()
    window = window_of(naming.window, looked, naming.timezone)
    return Part(
        started=window.start,
        finished=min(window.end, looked),
        value=value,
        requests=requests,
        slow=_count(sample.metrics, naming.slow),
    )


def _count(metrics: Mapping[str, Any], name: str | None) -> float | None:
    value = metrics.get(name) if name else None
    return value if is_number(value) and value >= 0 else None


def covered_days(parts: Sequence[Part]) -> float:
    """Return how many days the parts cover together."""
    return sum(part.seconds for part in parts) / 86400
