# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control-side actions of incidents share: a host's settings, the store, the clocks, and delivery."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .. import profile, store
from ..notify.channels import Channel, channels_of
from ..notify.delivery import Delivered, deliver
from ..store.incidents import Planner
from .clocks import current_reading
from .planning import planner
from .profile import IncidentSettings
from .progress import Reading


@dataclass(frozen=True)
class Desk:
    """One host's incidents.

    Args:
        host: inventory name.
        system: name of the system.
        settings: what its profile says of incidents.
        plan: says who is told.
        channels: how, with secrets.
        reading: the clocks when the action began.
        operator: who acts.
    """

    host: str
    system: str
    settings: IncidentSettings
    plan: Planner
    channels: Mapping[str, Channel]
    reading: Reading
    operator: str


def desk_of(host: str, variables: Mapping[str, Any]) -> Desk:
    """Return the desk of a host.

    Args:
        host: inventory name.
        variables: the task's variables.

    Raises:
        ProfileError: the profile cannot be used.
    """
    hostvars = variables["hostvars"]
    found = profile.resolve(host, hostvars[host], hostvars.raw_get(host), "incident")
    person = variables.get("awx_user_name") or variables.get("tower_user_name")
    return Desk(
        host=host,
        system=found.system,
        settings=found.incident,
        plan=planner(found.incident),
        channels=channels_of(list(found.incident.channels)),
        reading=current_reading(),
        operator=store.current_holder(operator=str(person) if person else None).operator,
    )


def tell(opened: store.Store, desks: Sequence[Desk], patience_seconds: float) -> Delivered:
    """Deliver what is due for some hosts.

    Args:
        opened: the store.
        desks: the hosts.
        patience_seconds: how long to wait for what fails; the rest is for the next run of ``escalate.yml``.
    """
    channels = {desk.host: desk.channels for desk in desks}
    return deliver(
        opened,
        channels,
        store.current_holder(pid=os.getpid()),
        lambda: datetime.now(UTC),
        time.monotonic,
        time.sleep,
        patience_seconds,
    )


def troubles(outcome: Delivered) -> list[str]:
    """Return a line for each message that has not arrived."""
    lines = [f"not delivered yet, tried again: {identity}: {said}" for identity, said in sorted(outcome.failed.items())]
    return lines + [f"refused: {identity}: {said}" for identity, said in sorted(outcome.refused.items())]
