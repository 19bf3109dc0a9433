# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One verdict per run: the worst of what was seen and done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import (
    CRITICAL,
    NAGIOS_STATUS,
    OK,
    STATES,
    UNKNOWN,
    worst,
)


@dataclass(frozen=True)
class Verdict:
    """What a run says about its system.

    Args:
        state: worst of everything.
        counts: results per state, every state present.
        exit_status: the state as a Nagios plugin exits: 0 ok, 1 warning, 2 critical, 3 unknown.
    """

    state: str
    counts: dict[str, int]
    exit_status: int


def verdict(
    results: Iterable[Mapping[str, Any]],
    actions: Iterable[Mapping[str, Any]] = (),
    *,
    reachable: bool = True,
    failure: Mapping[str, Any] | None = None,
) -> Verdict:
    """Return the verdict of one run.

    Args:
        results: Result records.
        actions: Action records; one that failed is critical, its procedure did not do its job.
        reachable: an unreachable host is critical: that is the downtime.
        failure: what stopped the procedure, None when nothing did; any failure is critical.
    """
    states = [_known(result.get("state")) for result in results]
    acts = [action.get("state") for action in actions]
    counts = {state: states.count(state) for state in STATES}
    if not reachable or failure or "failed" in acts:
        state = CRITICAL
    elif not states and acts:
        # Nothing was due to be looked at, and what was done succeeded.
        state = OK
    else:
        state = worst(states)
    return Verdict(state=state, counts=counts, exit_status=NAGIOS_STATUS[state])


def exit_status(states: Iterable[str]) -> int:
    """Return the Nagios exit status of several runs: that of the worst state; unknown when there is no run."""
    return NAGIOS_STATUS[worst(_known(state) for state in states)]


def _known(state: Any) -> str:
    return state if state in STATES else UNKNOWN
