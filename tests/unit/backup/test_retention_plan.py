# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets go: by cases, and by what may never happen whatever the sets and the rules are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_history import compare
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_records import Entry, Item, Manifest, Table
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention import (
    ORIGINS,
    STRANGE,
    Keep,
    SetState,
    parse_keep,
    plan,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import zone
from tests.unit.cases import load_cases

DAY = 86400.0
NOW = 1795230000.0

sets_of_any_kind = st.lists(
    st.builds(
        SetState,
        name=st.uuids().map(str),
        made=st.floats(NOW - 900 * DAY, NOW + 5 * DAY),
        origin=st.sampled_from(ORIGINS),
        whole=st.sampled_from([None, True, False]),
    ),
    max_size=40,
)
any_rules = st.builds(
    Keep,
    last=st.integers(0, 5),
    within_days=st.none() | st.floats(0, 100),
    daily=st.integers(0, 10),
    weekly=st.integers(0, 6),
    monthly=st.integers(0, 6),
    delete_after_days=st.none() | st.floats(0, 400),
    scripts=st.booleans(),
)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("backup_retention_plan"))
def test_a_set_goes_when_no_rule_wants_it(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    now = arguments["now"]
    sets = [
        SetState(str(one["age_days"]), now - one["age_days"] * DAY, one.get("origin", "ours"), one.get("whole"))
        for one in arguments["sets"]
    ]
    decisions = plan(sets, parse_keep(arguments["keep"]), now, zone(arguments["timezone"]))
    due = [one.name for one in reversed(decisions) if one.due]
    assert {"due": due, "kept": {one.name: one.reason for one in decisions if not one.due}} == expected


@given(sets_of_any_kind, any_rules)
def test_the_newest_whole_set_and_what_is_not_ours_never_go(sets: list[SetState], keep: Keep) -> None:
    decisions = {one.name: one for one in plan(sets, keep, NOW, zone("Asia/Tokyo"))}
    due = [one for one in sets if decisions[one.name].due]
    assert set(decisions) == {one.name for one in sets}
    whole = [one for one in sets if one.whole and one.origin != STRANGE]
    assert not due or whole
    if whole:
        newest = max(whole, key=lambda one: (one.made, one.name))
        assert not decisions[newest.name].due
    for one in due:
        assert one.origin != STRANGE
        assert one.origin == "ours" or keep.scripts
        assert one.made <= NOW
        assert keep.delete_after_days is None or NOW - one.made > keep.delete_after_days * DAY
        assert keep.within_days is None or NOW - one.made > keep.within_days * DAY


@given(sets_of_any_kind, any_rules)
def test_what_stays_once_stays_when_it_is_planned_again(sets: list[SetState], keep: Keep) -> None:
    first = plan(sets, keep, NOW, zone("UTC"))
    kept = [one for one in sets if not next(each for each in first if each.name == one.name).due]
    assert not [one for one in plan(kept, keep, NOW, zone("UTC")) if one.due]


@given(sets_of_any_kind, any_rules)
def test_a_rule_more_never_removes_more(sets: list[SetState], keep: Keep) -> None:
    more = Keep(
        keep.last + 1, keep.within_days, keep.daily + 1, keep.weekly + 1, keep.monthly, keep.delete_after_days, False
    )
    due = {one.name for one in plan(sets, keep, NOW, zone("UTC")) if one.due}
    assert {one.name for one in plan(sets, more, NOW, zone("UTC")) if one.due} <= due


@pytest.mark.parametrize(
    ("keep", "message"), [({}, "Nothing says how long"), ({"last": 3}, "Nothing says"), ({"daily": -1}, "negative")]
)
def test_rules_that_cannot_be_meant_are_refused(keep: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        parse_keep(keep)


def manifest(size: int, tables: dict[str, Any]) -> Manifest:
    """Return the manifest of a set with one database."""
    itself = Entry(".", "file", 0o600, 0, 0, 0, bytes=size, sha256="0")
    known = {name: Table(**table) for name, table in tables.items()}
    item = Item("app.db", "sqlite", "/srv/app.db", (itself,), tables=known)
    return Manifest("wiki", "wiki-1", "", "", 1.0, {}, (item,))


@pytest.mark.parametrize(("arguments", "expected"), load_cases("backup_history"))
def test_a_set_is_compared_with_those_before_it(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    current, earlier = (manifest(**arguments["current"]), [manifest(**one) for one in arguments["earlier"]])
    found = compare(current, earlier)
    assert {
        "compared_sets": found.compared_sets,
        "size_change_percent": found.size_change_percent,
        "rows_change_percent": found.rows_change_percent,
        "lines": found.lines,
    } == expected
