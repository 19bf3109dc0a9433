# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An incident of a P1, its rules and its clocks, for the tests of the store."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from datetime import timedelta

from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents import engine
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import Happening, Record
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.progress import Reading
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.timers import Rule, due
from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.channels import Channel
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import Store, outbox
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents as kept
from tests.unit.store.builders import NOON

FORK = multiprocessing.get_context("fork")
RULES = [
    Rule("at_once", ("manager",), 0, levels=("P1",)),
    Rule("unresolved", ("cto",), 1800, levels=("P1",)),
]
HOOK = Channel("hook", "slack", url="https://hooks.example/secret")
KILLED = 9


def reading(minutes: float, clock: str = "boot-1") -> Reading:
    """Return the clocks some minutes after the incident."""
    return Reading(NOON + timedelta(minutes=minutes), clock, 100.0 + minutes * 60)


def plan(incident: Record, events: Sequence[Record]) -> list[kept.Planned]:
    """Plan one message for each role that is due."""
    return [
        kept.Planned(
            moment,
            [
                {
                    "id": f"{incident['id']}/{moment.key}/{role}",
                    "role": role,
                    "channel": "hook",
                    "receiver": role,
                    "language": "en",
                    "subject": f"{incident['level']} {moment.kind}",
                    "body": "password=hunter22 line\nnext line",
                }
                for role in moment.tell
            ],
        )
        for moment in due(engine.situation_of(incident, events), RULES)
    ]


def detected(level: str = "P1", key: str | None = None) -> Happening:
    """Return what a look has found."""
    return Happening("detected", key, {"checks": ["web"]}, level=level, facts={"cause": "not yet known"})


def begin(store: Store, minutes: float = 0, level: str = "P1", identity: str = "i1") -> tuple[Record, bool]:
    """Open the incident of est1, or join it."""
    return kept.open_incident(
        store, "estimator", "est1", identity, reading(minutes), [detected(level, f"run-{minutes}")], plan
    )


def message_ids(store: Store) -> list[str]:
    """Return the ids of all messages in their order."""
    return [row["id"] for row in outbox.messages(store)]
