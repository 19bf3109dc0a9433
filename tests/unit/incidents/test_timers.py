# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time in an incident, under any clocks: nothing is due early, nothing is forgotten, nothing comes twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.progress import Reading, advanced, begun
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.timers import Rule, Situation, due

OPENED = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MINUTE = 60.0
RULES = [
    Rule("p1_at_once", ("infrastructure_manager",), 0, levels=("P1",)),
    Rule("p1_unresolved", ("cto",), 30 * MINUTE, levels=("P1",)),
    Rule("p2_unresolved", ("infrastructure_manager",), 120 * MINUTE, levels=("P2",)),
    Rule("security", ("security_manager",), 0, categories=("security",)),
    Rule("nobody_took_it", ("deputy",), 10 * MINUTE, levels=("P1",), unless_acknowledged=True),
]


def keys(elapsed_minutes: float, level: str = "P1", **changes: object) -> list[str]:
    """Return what is due in an incident that has had its level from the beginning."""
    situation = Situation(elapsed_minutes * MINUTE, level, levels={level: 0.0}, **changes)
    return [moment.key for moment in due(situation, RULES)]


def test_a_p1_tells_the_manager_at_once_and_the_cto_after_thirty_minutes() -> None:
    assert keys(0) == ["p1_at_once:P1"]
    told = {"told": {"infrastructure_manager"}, "planned": {"p1_at_once:P1"}}
    assert keys(9.99, **told) == []
    assert keys(29.99, **told) == ["nobody_took_it:P1", "update:1"]
    assert keys(30, **told) == ["nobody_took_it:P1", "p1_unresolved:P1", "update:2"]


def test_whoever_has_taken_an_incident_on_stops_only_the_rules_that_say_so() -> None:
    assert keys(40, acknowledged=True) == ["p1_at_once:P1", "p1_unresolved:P1"]


def test_a_p2_waits_two_hours_and_a_p4_for_ever() -> None:
    assert keys(119.9, "P2") == []
    assert keys(120, "P2") == ["p2_unresolved:P2"]
    assert keys(100_000, "P4") == []


def test_a_level_that_rises_counts_from_then_on() -> None:
    situation = Situation(100 * MINUTE, "P1", levels={"P3": 0.0, "P1": 80 * MINUTE})
    assert [moment.key for moment in due(situation, RULES)] == ["p1_at_once:P1", "nobody_took_it:P1"]


def test_security_is_told_at_once_whatever_the_level() -> None:
    assert keys(5, "P4", categories={"security": 4 * MINUTE}) == ["security:security"]


def test_a_recovery_is_told_to_everybody_who_was_told_and_ends_the_updates() -> None:
    situation = Situation(50 * MINUTE, "P1", {"P1": 0.0}, recovered=True, told={"cto", "infrastructure_manager"})
    (moment,) = due(situation, RULES)
    assert (moment.key, moment.tell) == ("recovery", ("cto", "infrastructure_manager"))
    assert due(Situation(50 * MINUTE, "P4", {"P4": 0.0}, recovered=True), RULES) == []


#: What may happen between two readings: true seconds, and by how much somebody sets the wall clock meanwhile.
STEPS = st.lists(
    st.tuples(
        st.floats(0, 4000),
        st.sampled_from([0.0, 0.0, 0.0, 7200.0, -7200.0, 86_400.0, -86_400.0, 90.0, -90.0]),
        st.sampled_from(["control-1", "control-2"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=120, deadline=None)
@given(STEPS)
def test_setting_a_controllers_clock_never_fires_anything_early_and_nothing_late(
    steps: list[tuple[float, float, str]],
) -> None:
    true, offset, told, planned = 0.0, 0.0, set(), []
    progress = begun(Reading(OPENED, "control-1", 1000.0))
    # Every controller has been seen while its wall clock was right.
    progress = advanced(progress, Reading(OPENED, "control-2", 50.0))
    for seconds, jump, controller in steps:
        true += seconds
        offset += jump
        base = 1000.0 if controller == "control-1" else 50.0
        progress = advanced(progress, Reading(OPENED + timedelta(seconds=true + offset), controller, base + true))
        assert abs(progress.elapsed_seconds - true) < 1e-6
        situation = Situation(progress.elapsed_seconds, "P1", {"P1": 0.0}, told=told, planned=set(planned))
        for moment in due(situation, RULES):
            assert moment.due_seconds <= true + 1e-6
            planned.append(moment.key)
            told.update(moment.tell)
    assert len(planned) == len(set(planned))
    fired = {key for key in planned if not key.startswith("update")}
    limits = {"p1_at_once:P1": 0, "nobody_took_it:P1": 600, "p1_unresolved:P1": 1800}
    # At the moment itself the sum of many floats may be on either side.
    assert {key for key, at in limits.items() if not at or true >= at + 1e-6} <= fired
    assert fired <= {key for key, at in limits.items() if true >= at - 1e-6}


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 600), st.sampled_from("abc")), min_size=1, max_size=40))
def test_controllers_whose_clocks_differ_do_not_add_up_their_difference(steps: list[tuple[float, str]]) -> None:
    skew = {"a": 0.0, "b": 600.0, "c": -600.0}
    true = 0.0
    progress = begun(Reading(OPENED, "a", 0.0))
    for seconds, name in steps:
        true += seconds
        progress = advanced(progress, Reading(OPENED + timedelta(seconds=true + skew[name]), name, true))
    # Each controller that is new here is trusted once for the difference of its wall clock, never again.
    assert abs(progress.elapsed_seconds - true) <= 1800 + 1e-6


def test_a_clock_that_is_new_here_counts_the_wall_clock_once_and_never_backwards() -> None:
    progress = begun(Reading(OPENED, "boot-1", 500.0))
    back = advanced(progress, Reading(OPENED - timedelta(hours=1), "boot-2", 3.0))
    assert back.elapsed_seconds == 0
    later = advanced(back, Reading(OPENED + timedelta(hours=9), "boot-2", 63.0))
    assert later.elapsed_seconds == 60
    assert advanced(progress, Reading(OPENED + timedelta(minutes=40), "boot-2", 3.0)).elapsed_seconds == 2400


def test_without_a_clock_that_only_goes_forward_the_wall_clock_counts_forward() -> None:
    progress = advanced(begun(Reading(OPENED)), Reading(OPENED + timedelta(seconds=30)))
    progress = advanced(progress, Reading(OPENED - timedelta(hours=2)))
    assert advanced(progress, Reading(OPENED - timedelta(hours=2) + timedelta(seconds=5))).elapsed_seconds == 35
