# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one schema: what a look at a system returns, and the order of its states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Union

OK = "ok"
WARNING = "warning"
UNKNOWN = "unknown"
CRITICAL = "critical"
#: From harmless to worst. Unknown is worse than warning: nobody has looked.
STATES = (OK, WARNING, UNKNOWN, CRITICAL)
#: Exit status of a Nagios plugin for each state.
NAGIOS_STATUS = {OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3}

EVIDENCE_LINES = 20
EVIDENCE_LINE_CHARACTERS = 400

Scalar = Union[int, float, str, None]


@dataclass(frozen=True)
class Reason:
    """Why a Result has its state: an id of the catalogue and the fields of its sentence."""

    id: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """What a check kind acquired, before any level is applied.

    Args:
        value: the first metric of the kind; None when it could not be measured.
        unit: ``%``, ``s``, ``ms``, ``B``, ``days``, ``count``, ``USD`` or empty; None takes the kind's own.
        state: worse than ``ok`` only for a fault that the kind recognises by itself.
        reason: names that fault.
        metrics: every other figure, by name.
        evidence: lines that a person would want to see.
        coverage: share of the input that was understood, 0 to 1.
        source: what was read, when that is not obvious from the parameters.
        nothing_to_measure: there was nothing to measure, and that is fine: figures that are missing are no fault.
    """

    value: Scalar = None
    unit: str | None = None
    state: str = OK
    reason: Reason | None = None
    metrics: dict[str, Scalar] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)
    coverage: float | None = None
    source: str | None = None
    nothing_to_measure: bool = False


@dataclass(frozen=True)
class Result:
    """One check's answer: the record that is stored, judged, reported and exported."""

    system: str
    check: str
    kind: str
    state: str
    value: Scalar
    unit: str
    warning: str | None
    critical: str | None
    reason: Reason
    evidence: list[str]
    coverage: float | None
    runbook: str | None
    started: str
    seconds: float
    metrics: dict[str, Scalar] = field(default_factory=dict)
    source: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        record = dict(self.__dict__)
        record["reason"] = {"id": self.reason.id, "fields": dict(self.reason.fields)}
        return record


def worst(states: Iterable[str]) -> str:
    """Return the worst of the states; ``unknown`` when there is none, because nothing was looked at."""
    ranks = [STATES.index(state) for state in states]
    return STATES[max(ranks)] if ranks else UNKNOWN
