# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One verdict per run: the worst of what was seen and done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import (
    CRITICAL,
    NAGIOS_STATUS,
    OK,
    STATES,
    UNKNOWN,
    worst,
)


def verdict(
    results: Iterable[Mapping[str, Any]],
    actions: Iterable[Mapping[str, Any]] = (),
    reachable: bool = True,
    failure: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what a run says about its system: the fields ``state``, ``counts`` and ``priority`` of its record.

    ``counts`` has every state; ``priority`` is null until the profile's rules give one.

    Args:
        results: Result records.
        actions: Action records; one that failed is critical, its procedure did not do its job.
        reachable: an unreachable host is critical: that is the downtime.
        failure: what stopped the procedure, None when nothing did; any failure is critical.
    """
    states = [_known(result.get("state")) for result in results]
    # What a later step of the same run has made good is no failure of the run.
    acts = [action.get("state") for action in actions if not (action.get("detail") or {}).get("made_good")]
    if not reachable or failure or "failed" in acts:
        state = CRITICAL
    elif not states and acts:
        # Nothing was due to be looked at, and what was done succeeded.
        state = OK
    else:
        state = worst(states)
    return {"state": state, "counts": {name: states.count(name) for name in STATES}, "priority": None}


def exit_status(states: Iterable[str]) -> int:
    """Return the Nagios exit status of one run or several: 0 ok, 1 warning, 2 critical, 3 unknown.

    It is that of the worst state; without any state it is 3, because nothing was looked at.
    """
    return NAGIOS_STATUS[worst(_known(state) for state in states)]


def _known(state: Any) -> str:
    return state if state in STATES else UNKNOWN
