# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that read on from where their last look ended: the store knows where that was, the host keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import kinds, store


def continue_checks(opened: store.Store, hosts: Mapping[str, dict[str, Any]], now: datetime) -> None:
    """Give each check whose kind continues the position of its last look, in place.

    Args:
        opened: an open store.
        hosts: per host its ``checks``, as a run is about to ask them.
        now: beginning of the run, UTC.
    """
    wanted: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
    for host, entry in hosts.items():
        for check in entry["checks"]:
            position = getattr(kinds.load(str(check["kind"])), "CONTINUES", None)
            if position is not None:
                wanted[host, str(check["name"])] = (check, position)
    for pair, result in store.last_results(opened, set(wanted), before=now).items():
        check, position = wanted[pair]
        known = (result.get("metrics") or {}).get(position)
        if isinstance(known, str):
            check["parameters"] = {**(check.get("parameters") or {}), position: known}
