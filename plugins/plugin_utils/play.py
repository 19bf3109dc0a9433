# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control-side action may know of its play: the hosts of the batch and what each of them registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .plain import plain


def batch_hosts(variables: Mapping[str, Any]) -> list[str]:
    """Return all hosts of this batch in inventory order, those that have failed or were unreachable included."""
    everyone = [str(host) for host in variables["ansible_play_hosts_all"]]
    alive = [str(host) for host in variables.get("ansible_play_batch") or everyone]
    serial = set(alive) | _lost(variables, everyone)
    return [host for host in everyone if host in serial]


def _lost(variables: Mapping[str, Any], everyone: list[str]) -> set[str]:
    # A host that dropped out of the batch has begun a run there; one of a later batch has not.
    begun = registered(variables, str(variables["inventory_hostname"]), "run_begun") or {}
    return set(begun.get("hosts", {})) & set(everyone)


def registered(variables: Mapping[str, Any], host: str, name: str) -> Any:
    """Return what a host registered under a name, as plain values and without templating it again."""
    raw = variables["hostvars"].raw_get(host)
    value = raw.get(name) if isinstance(raw, Mapping) else None
    return plain(value) if value is not None else None
