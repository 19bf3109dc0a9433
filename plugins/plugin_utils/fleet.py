# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of a play: when the rest is not run any more, and what is recorded of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: Verdicts with which a canary proves that the rest may follow; one that is unknown proves nothing.
PROVEN = ("ok", "warning")


@dataclass(frozen=True)
class Limits:
    """How many failures are too many, counted over all batches of a play.

    Args:
        failures: hosts that may fail; None for no such limit.
        percentage: share of the play's hosts (0 to 100) that may fail; None for no such limit.
    """

    failures: int | None = None
    percentage: float | None = None


@dataclass(frozen=True)
class Progress:
    """What is known of a play after some of its batches.

    Args:
        batches: how many have ended.
        failed: hosts that need attention, in the order in which they ended.
        spared: those of them that Ansible was not told of, with their messages: it ends a play by itself when all
            hosts of a batch have failed, whatever the limit is.
        stopped: why the rest is not run, as a reason with ``id`` and ``fields``.
    """

    batches: int = 0
    failed: Sequence[str] = field(default_factory=tuple)
    spared: Mapping[str, str] = field(default_factory=dict)
    stopped: Mapping[str, Any] | None = None


def after_batch(
    before: Progress,
    headlines: Mapping[str, Mapping[str, Any]],
    left: int,
    total: int,
    limits: Limits,
    *,
    acting: bool,
    planning: bool,
) -> Progress:
    """Return what is known when a batch has ended, and whether the play must stop.

    Only what acts is stopped: a look changes nothing, and a system that is critical is what it is looked at for. A plan
    is stopped by what a real run could not pass either; whether a critical system is critical after the action is not
    known before it.

    Args:
        before: what was known.
        headlines: for each host of the batch ``failed``, ``state``, ``message``, and ``broken``: whether its procedure
            failed, and not only its system is critical.
        left: hosts of the play that have not begun.
        total: hosts of the play.
        limits: how many failures are too many.
        acting: whether the procedure is one that acts.
        planning: whether nothing is really done (check mode).
    """
    counts = "broken" if planning else "failed"
    bad = [host for host, said in headlines.items() if said[counts]]
    failed = [*before.failed, *bad]
    reason = None
    if acting and left:
        unproven = [host for host, said in headlines.items() if said["state"] not in PROVEN]
        canary = bad if planning else unproven + [host for host in bad if host not in unproven]
        if before.batches == 0 and canary:
            reason = {"id": "not_run_canary", "fields": {"host": ", ".join(canary)}}
        else:
            reason = _too_many(len(failed), total, limits)
    told = [host for host, said in headlines.items() if said["failed"]]
    # Ansible breaks a play off when a batch fails as a whole: then the message waits for a later batch.
    spare = told if left and reason is None and len(told) == len(headlines) else []
    spared = {**before.spared, **{host: str(headlines[host]["message"]) for host in spare}}
    return Progress(before.batches + 1, failed, spared, reason)


def _too_many(failed: int, total: int, limits: Limits) -> dict[str, Any] | None:
    if limits.failures is not None and failed > limits.failures:
        return {"id": "not_run_failures", "fields": {"failed": failed, "total": total, "limit": limits.failures}}
    if limits.percentage is not None and failed * 100 > limits.percentage * total:
        fields = {"failed": failed, "total": total, "limit": f"{limits.percentage:g}%"}
        return {"id": "not_run_failures", "fields": fields}
    return None
