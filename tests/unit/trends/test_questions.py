# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a profile may ask of the store, when it is due, and how a mistake in it is named."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.plugin_utils.profile import resolve
from tests.unit.trends.histories import CHECKS, profile

UP = {"name": "up", "kind": "availability", "target": ">= 99"}
ERRORS = {"name": "errors", "kind": "error_rate", "target": "< 1", "check": "traffic"}
SLOW = {"name": "slow", "kind": "latency", "target": "< 5", "check": "traffic", "metric": "p95_seconds"}
GROWTH = {"name": "growth", "kind": "growth", "check": "disk", "metric": "used_bytes"}
FULL = {"name": "full", "kind": "forecast", "check": "disk", "limit": ">= 90"}


def names(procedure: str, *only: str, **keys: Any) -> list[str]:
    """Return the questions that a procedure asks of the store."""
    given = {"system_name": "wiki", "system_checks": CHECKS, "system_slos": [UP], "system_trends": [FULL], **keys}
    return [question["name"] for question in resolve("wiki-1", given, given, procedure, only).questions]


def test_objectives_and_trends_are_asked_monthly_and_quarterly_unless_they_say_otherwise() -> None:
    assert names("monthly") == names("quarterly") == ["up", "full"]
    assert names("daily") == names("weekly") == []
    assert names("daily", system_slos=[{**UP, "every": ["daily"]}]) == ["up"]


def test_now_they_are_asked_only_by_name() -> None:
    assert names("check") == []
    assert names("check", "full") == ["full"]


def test_reports_find_their_titles_and_items() -> None:
    title = {"en": "Uptime", "ja": "稼働率"}
    snapshot = profile(system_slos=[{**UP, "title": title, "runbook": "EST-37"}]).snapshot
    assert snapshot["checks"]["up"] == {"title": title, "availability": False, "runbook": "EST-37"}


def test_a_changed_check_is_the_one_that_is_meant() -> None:
    changes = [{"name": "traffic", "parameters": {"window": "day"}}]
    (asked,) = profile(system_slos=[ERRORS], system_check_changes=changes).questions
    assert asked["window"] == "day"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"system_slos": [{**UP, "taget": 1}]}, "system_slos.taget"),
        ({"system_slos": [{**UP, "target": "99"}]}, "wiki-1: system_slos up, key target is '99', which is not a level"),
        ({"system_slos": [{**UP, "target": "< 99"}]}, "'< 99' cannot be promised for availability"),
        ({"system_slos": [{**UP, "target": "== 99"}]}, "which is no target"),
        ({"system_slos": [{**UP, "target": ">= 100"}]}, "leaves no error budget"),
        ({"system_slos": [{**UP, "limits": {"budget_left_percent": {"warning": "25"}}}]}, "limits.budget_left_percent"),
        ({"system_slos": [{**UP, "name": "disk"}]}, "system_slos disk: something else has this name"),
        ({"system_slos": [UP], "system_trends": [{**FULL, "name": "up"}]}, "something else has this name"),
        ({"system_slos": [{**ERRORS, "check": None}]}, "system_slos errors names no check"),
        (
            {"system_slos": [{**ERRORS, "check": "trafic"}]},
            "check trafic, which there is not, did you mean traffic?",
        ),
        ({"system_slos": [{**ERRORS, "check": "disk"}]}, "of check disk has no metric error_percent"),
        ({"system_slos": [{**ERRORS, "requests_metric": "request"}]}, "no metric request, did you mean requests?"),
        ({"system_slos": [{**SLOW, "metric": "p95_second"}]}, "has no metric p95_second, did you mean p95_seconds?"),
        ({"system_slos": [{**SLOW, "target": "> 5"}]}, "'> 5' cannot be promised for latency"),
        ({"system_slos": [{**SLOW, "check": "disk", "metric": None}]}, "does not look at a stretch of time"),
        (
            {"system_slos": [{**SLOW, "target": "< 4", "slow_metric": "over_slo"}]},
            "not count what is slower than 4",
        ),
        ({"system_trends": [{**FULL, "limit": None}]}, "system_trends full: a forecast needs a limit"),
        ({"system_trends": [{**FULL, "limit": "== 90"}]}, "== 90 is not a limit that can be approached"),
        ({"system_trends": [{**GROWTH, "limit": "> 1"}]}, "a growth has no limit"),
        ({"system_trends": [{**GROWTH, "metric": "used_byts"}]}, "no metric used_byts, did you mean used_bytes?"),
        ({"system_trends": [{**GROWTH, "check": "dsik"}]}, "the check dsik, which there is not, did you mean disk?"),
        ({"system_trends": [{**GROWTH, "warning": "a lot"}]}, "key warning is 'a lot', which is not a level"),
        ({"system_trends": [{**GROWTH, "kind": "decline"}]}, "decline"),
        ({"system_trends": [{**GROWTH, "every": ["yearly"]}]}, "yearly"),
    ],
)
def test_a_wrong_question_names_the_host_the_key_and_the_way_out(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ProfileError) as refused:
        profile(**keys)
    assert said in str(refused.value)
    assert "wiki-1" in str(refused.value)
