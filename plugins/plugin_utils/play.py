# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control-side action may know of its play: the hosts of the batch and what each of them registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .plain import plain


def batch_hosts(variables: Mapping[str, Any], part: str | None = None) -> list[str]:
    """Return all hosts of this batch in the play's order, those that have failed or were unreachable included.

    Args:
        variables: variables of the task.
        part: identity of the play; what an earlier play has registered says nothing of this batch. None believes it.
    """
    everyone = [str(host) for host in variables["ansible_play_hosts_all"]]
    alive = [str(host) for host in variables.get("ansible_play_batch") or everyone]
    serial = set(alive) | _lost(variables, everyone, part)
    return [host for host in everyone if host in serial]


def _lost(variables: Mapping[str, Any], everyone: list[str], part: str | None) -> set[str]:
    # A host that dropped out of the batch has begun a run there; one of a later batch has not.
    begun = variables["hostvars"].raw_get(str(variables["inventory_hostname"])).get("run_begun") or {}
    if part is not None and begun.get("part") != part:
        return set()
    return set(map(str, begun.get("hosts", {}))) & set(everyone)


def registered(variables: Mapping[str, Any], host: str, name: str) -> Any:
    """Return what a host registered under a name, as plain values and without templating it again."""
    raw = variables["hostvars"].raw_get(host)
    value = raw.get(name) if isinstance(raw, Mapping) else None
    return plain(value) if value is not None else None
