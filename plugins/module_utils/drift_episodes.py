# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift that is still there: since when, and how far (SBX-07)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from .judge import Level


@dataclass(frozen=True)
class Score:
    """One reported drift score."""

    subject: str
    time: float
    value: float


@dataclass(frozen=True)
class Episode:
    """Drift of one subject that has not ended: its latest and highest score and how long it has lasted."""

    subject: str
    latest: float
    highest: float
    hours: float
    scores: int


def episodes(scores: Iterable[Score], monitor: Level | None, gap_seconds: float, now: float) -> list[Episode]:
    """Return the drift that is there now, one per subject, ordered by subject.

    A score below the level ends an episode, and so does a silence longer than ``gap_seconds``.

    Args:
        scores: in any order.
        monitor: level from which a score is drift.
        gap_seconds: see above.
        now: seconds since the epoch.
    """
    by_subject: dict[str, list[Score]] = {}
    for score in scores:
        by_subject.setdefault(score.subject, []).append(score)
    found = []
    for subject, own in sorted(by_subject.items()):
        current: list[Score] = []
        # The order of equal times is that of the log.
        for score in sorted(own, key=lambda one: one.time):
            if monitor is not None and not monitor.reached(score.value):
                current = []
                continue
            if current and score.time - current[-1].time > gap_seconds:
                current = []
            current.append(score)
        if current and now - current[-1].time <= gap_seconds:
            found.append(
                Episode(
                    subject=subject,
                    latest=current[-1].value,
                    highest=max(score.value for score in current),
                    hours=round((current[-1].time - current[0].time) / 3600, 2),
                    scores=len(current),
                )
            )
    return found
