# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services are trained again: by the age of their models, their drift, and what was changed (SBX-08)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .judge import parse_level

RETRAIN, WAIT, KEEP = "retrain", "wait", "keep"


@dataclass(frozen=True)
class Decision:
    """What is to be done with the models of one service, and every reason for it."""

    service: str
    verdict: str
    reasons: tuple[str, ...]


def decide(services: Sequence[Mapping[str, Any]], limits: Mapping[str, Any]) -> list[Decision]:
    """Decide about every service; pure.

    Args:
        services: each with ``name``; ``models`` and ``unreadable``, how many there are; ``oldest_age_days`` (None
            without one); ``drift``: None, or ``score`` (the latest) and ``hours`` (for how long it has been there);
            ``changed``: its sensitivity was changed since its models were trained; ``requested``: somebody asks for it.
        limits: ``maximum_age_days`` (None: age alone is no reason); ``monitor`` and ``retrain``, levels of a score;
            ``persistent_hours``, how long moderate drift may last; ``severe_hours``, how long severe drift has to last,
            because one high score may be an incident, on whose data nobody wants to train.

    Raises:
        ProfileError: a level cannot be used.
    """
    monitor, severe = (parse_level(limits[key], key) for key in ("monitor", "retrain"))
    decisions = []
    for service in services:
        reasons: list[str] = []
        waits: list[str] = []
        if service["requested"]:
            reasons.append("requested")
        if service["models"] == 0:
            reasons.append("no_model")
        if service["unreadable"]:
            reasons.append("models_unreadable")
        age, oldest = service["oldest_age_days"], limits["maximum_age_days"]
        if age is not None and oldest is not None and age > oldest:
            reasons.append("too_old")
        if service["changed"]:
            reasons.append("sensitivity_changed")
        drift = service["drift"]
        if drift is not None and severe is not None and severe.reached(drift["score"]):
            lasting = drift["hours"] >= limits["severe_hours"]
            (reasons if lasting else waits).append("drift_severe")
        elif drift is not None and (monitor is None or monitor.reached(drift["score"])):
            lasting = drift["hours"] >= limits["persistent_hours"]
            (reasons if lasting else waits).append("drift_persistent" if lasting else "drift_moderate")
        verdict = RETRAIN if reasons else WAIT if waits else KEEP
        decisions.append(Decision(service["name"], verdict, tuple(reasons or waits)))
    return decisions
