# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must do with maintenance windows; test modules bring a ``store_url`` fixture."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    StoreError,
    close_maintenance,
    maintenance_intervals,
    maintenance_windows,
    open_store,
    plan_maintenance,
)
from tests.unit.store.builders import EVER, HOUR, NOON, maintenance

OPEN = {"closed": None, "closed_by": None}
MINUTE = timedelta(minutes=1)


def test_a_window_comes_back_as_it_was_planned(store_url: str) -> None:
    store = open_store(store_url)
    expected = {**maintenance("m1"), **OPEN, "until": "2026-11-21T13:00:00Z"}
    assert plan_maintenance(store, [maintenance("m1")]) == [expected]
    assert maintenance_windows(open_store(store_url, read_only=True), ["aimo1"], *EVER) == [expected]
    assert maintenance_windows(store, ["other"], *EVER) == []


def test_a_window_is_planned_once(store_url: str) -> None:
    store = open_store(store_url)
    plan_maintenance(store, [maintenance("m1")])
    assert plan_maintenance(store, [maintenance("m2")]) == []
    assert plan_maintenance(store, [maintenance("m2", reason="memory")], apply=False) != []
    assert [each["id"] for each in maintenance_windows(store, None, *EVER)] == ["m1"]
    close_maintenance(store, ["aimo1"], NOON - HOUR, "mika", planned=True)
    assert [each["id"] for each in plan_maintenance(store, [maintenance("m3")])] == ["m3"]


def test_a_window_is_of_its_own_zone_and_found_by_any(store_url: str) -> None:
    store = open_store(store_url)
    plan_maintenance(store, [maintenance("m1", begins="2026-11-21T21:00:00+09:00", ends="2026-11-21T22:00:00+09:00")])
    noon = NOON.timestamp()
    assert maintenance_intervals(store, None, *EVER) == {"aimo1": [(noon, noon + 3600)]}


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(-60, 0, False), (-60, 1, True), (10, 20, True), (59, 90, True), (60, 90, False), (-60, 90, True)],
)
def test_a_window_belongs_to_the_times_it_overlaps(store_url: str, start: int, end: int, found: bool) -> None:
    store = open_store(store_url)
    plan_maintenance(store, [maintenance("m1")])
    assert bool(maintenance_windows(store, None, NOON + start * MINUTE, NOON + end * MINUTE)) is found


def test_overlapping_windows_stand_beside_each_other(store_url: str) -> None:
    store = open_store(store_url)
    later = maintenance("m2", begins="2026-11-21T12:30:00Z", ends="2026-11-21T14:00:00Z")
    plan_maintenance(store, [later, maintenance("m1"), maintenance("m3", host="aimo2")])
    assert [each["id"] for each in maintenance_windows(store, ["aimo1"], *EVER)] == ["m1", "m2"]
    closed = close_maintenance(store, ["aimo1"], NOON + 45 * MINUTE, "mika", identities=["m1"])
    assert [(each["id"], each["until"], each["closed_by"]) for each in closed] == [
        ("m1", "2026-11-21T12:45:00Z", "mika")
    ]
    assert [each["closed"] for each in maintenance_windows(store, ["aimo1"], *EVER)] == ["2026-11-21T12:45:00Z", None]


def test_what_holds_is_ended_and_what_is_to_come_only_when_it_is_cancelled(store_url: str) -> None:
    store = open_store(store_url)
    tomorrow = maintenance("m2", begins="2026-11-22T12:00:00Z", ends="2026-11-22T13:00:00Z")
    over = maintenance("m0", begins="2026-11-20T12:00:00Z", ends="2026-11-20T13:00:00Z")
    plan_maintenance(store, [over, maintenance("m1"), tomorrow])
    soon = NOON + 10 * MINUTE
    assert [each["id"] for each in close_maintenance(store, ["aimo1"], soon, "mika", planned=True, apply=False)] == [
        "m1",
        "m2",
    ]
    assert [each["id"] for each in close_maintenance(store, ["aimo1"], soon, "mika")] == ["m1"]
    assert close_maintenance(store, ["aimo1"], soon, "mika") == []
    (cancelled,) = close_maintenance(store, ["aimo1"], soon, "mika", planned=True)
    assert (cancelled["id"], cancelled["until"] < cancelled["begins"]) == ("m2", True)
    held = maintenance_intervals(store, ["aimo1"], *EVER)["aimo1"]
    assert [end - begin for begin, end in held] == [3600, 600]


@pytest.mark.parametrize("missing", ["reason", "operator", "ends"])
def test_a_window_that_does_not_say_why_and_until_when_is_refused(store_url: str, missing: str) -> None:
    store = open_store(store_url)
    with pytest.raises(StoreError, match=f"lacks {missing}"):
        plan_maintenance(store, [maintenance("m1"), maintenance("m2", **{missing: ""})])
    with pytest.raises(StoreError, match="ends before it begins"):
        plan_maintenance(store, [maintenance("m1", ends="2026-11-21T12:00:00Z")])
    assert maintenance_windows(store, None, *EVER) == []


def test_many_hosts_are_planned_and_ended_at_once(store_url: str) -> None:
    store = open_store(store_url)
    hosts = [f"aimo{number}" for number in range(900)]
    plan_maintenance(store, [maintenance(f"m-{host}", host=host) for host in hosts])
    assert len(close_maintenance(store, hosts[:850], NOON + MINUTE, "mika")) == 850
    assert [each["host"] for each in maintenance_windows(store, hosts[800:], *EVER) if not each["closed"]] == hosts[
        850:
    ]
