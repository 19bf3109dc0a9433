# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must find of runs that found something bad."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import finish, open_store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.findings import bad_runs
from tests.unit.store.builders import NOON, result, run


def test_runs_that_found_something_bad_come_in_the_order_of_their_ends(store_url: str) -> None:
    store = open_store(store_url)
    stated = [
        ("r1", 9, {"state": "critical", "results": [result("web", "critical"), result("a"), result("b", "critical")]}),
        ("r2", 3, {"state": "warning", "priority": "P3"}),
        ("r3", 5, {"state": "critical", "reachable": False}),
        ("r4", 6, {"state": "ok"}),
        ("r5", -1, {"state": "critical"}),
        ("r6", 7, {"state": "critical", "host": "est2"}),
    ]
    finish(
        store,
        [
            run(identity, finished=(NOON + timedelta(minutes=minutes)).isoformat(), **changes)
            for identity, minutes, changes in stated
        ],
    )
    found = bad_runs(store, ["est1"], NOON)
    assert [each["id"] for each in found] == ["r2", "r3", "r1"]
    assert [each["reachable"] for each in found] == [True, False, True]
    assert found[2]["checks"] == ["web", "b"]
    assert found[2]["finished"] == NOON + timedelta(minutes=9)
    assert [each["id"] for each in bad_runs(store, ["est1", "est2"], NOON + timedelta(minutes=7))] == ["r6", "r1"]
