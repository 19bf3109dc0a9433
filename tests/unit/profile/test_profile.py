# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: merged, cut down to what is due, and refused with the key and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.plugin_utils.profile import Profile, resolve

DISK = {"name": "disk", "kind": "disk", "every": ["daily", "weekly"], "parameters": {"path": "/"}, "warning": ">= 80"}
HEALTH = {"name": "health", "kind": "http", "every": ["daily"], "parameters": {"url": "http://127.0.0.1:1/"}}
ROTATE = {
    "name": "rotate",
    "type": "log_rotate",
    "for_check": "disk",
    "when_value": "> 0",
    "every": ["weekly"],
    "parameters": {"paths": ["/var/log/wiki/*.log"]},
}


REVIEW = {"name": "review", "title": {"en": "Review", "ja": "確認"}, "every": ["weekly"], "checks": ["disk"]}


def resolved(procedure: str = "weekly", **changes: Any) -> Profile:
    """Resolve a profile of two checks with some keys changed; None takes a key away."""
    variables = {"system_name": "wiki", "system_checks": [DISK, HEALTH], **changes}
    variables = {name: value for name, value in variables.items() if value is not None}
    return resolve("wiki-1", variables, variables, procedure)


def names(profile: Profile) -> list[str]:
    """Return the names of the checks."""
    return [check["name"] for check in profile.checks]


def test_cadence_is_data_on_the_check() -> None:
    assert names(resolved("weekly")) == ["disk"]
    assert names(resolved("daily")) == ["disk", "health"]
    assert names(resolved("monthly")) == []
    assert names(resolved("check")) == ["disk", "health"]


def test_a_check_carries_only_what_the_host_needs() -> None:
    (check,) = resolved().checks
    assert check == {"name": "disk", "kind": "disk", "parameters": {"path": "/"}, "warning": ">= 80"}


def test_a_change_is_laid_over_the_check_of_its_name() -> None:
    changes = [{"name": "disk", "parameters": {"path": "/srv"}, "warning": ">= 70"}]
    (check,) = resolved(system_check_changes=changes).checks
    assert (check["parameters"], check["warning"]) == ({"path": "/srv"}, ">= 70")


def test_a_change_removes_a_check_or_adds_one() -> None:
    changes = [
        {"name": "disk", "state": "absent"},
        {"name": "memory", "kind": "memory", "every": ["weekly"], "warning": ">= 80"},
    ]
    assert names(resolved(system_check_changes=changes)) == ["memory"]


def test_actions_follow_the_cadence_and_are_planned_unless_allowed() -> None:
    (action,) = resolved(system_actions=[ROTATE]).actions
    assert action["apply"] is False
    assert resolved("daily", system_actions=[ROTATE]).actions == []


def test_what_an_operator_asks_for_is_allowed_unless_the_profile_says_otherwise() -> None:
    asked = {"name": "rotate", "type": "log_rotate", "every": ["retention"]}
    (action,) = resolved("retention", system_actions=[asked]).actions
    assert action["apply"] is True
    (action,) = resolved("retention", system_actions=[{**asked, "apply": False}]).actions
    assert action["apply"] is False
    assert resolved("retention", system_actions=[asked]).checks == []
    verification = resolved("retention", system_actions=[asked], system_verification=["health"]).verification
    assert [check["name"] for check in verification] == ["health"]


def test_reports_know_layout_checklists_and_attestations() -> None:
    item = {"text": {"en": "Disk usage", "ja": "ディスク使用率"}, "checks": ["disk"]}
    snapshot = resolved(system_attestations=[REVIEW], system_checklists={"weekly": [item]}).snapshot
    assert snapshot["checklists"]["weekly"][0]["checks"] == ["disk"]
    assert (snapshot["attestations"][0]["name"], snapshot["attestations"][0]["due_days"]) == ("review", 7)
    assert "attestations" not in resolved().snapshot


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"system_attestations": [{**REVIEW, "checks": ["disc"]}]},
            "the check disc, which there is not, did you mean disk?",
        ),
        ({"system_attestations": [REVIEW, REVIEW]}, "two attestations are named review"),
        ({"system_attestations": [{**REVIEW, "dew_days": 3}]}, "dew_days"),
        ({"system_name": None}, "wiki-1 has no profile: system_name is not defined"),
        ({"system_chekcs": []}, "wiki-1: the profile has no key system_chekcs, did you mean system_checks?"),
        ({"system_checks": None}, "wiki-1: missing required arguments: system_checks"),
        ({"system_checks": []}, "wiki-1: system_checks is empty"),
        ({"system_checks": "disk"}, "wiki-1: "),
        ({"system_checks": [{**DISK, "warnign": "> 1"}]}, "system_checks.warnign"),
        ({"system_checks": [{**DISK, "every": ["hourly"]}]}, "hourly"),
        (
            {"system_checks": [{**DISK, "kind": "dsk"}]},
            "wiki-1: Check disk: There is no check kind 'dsk', did you mean",
        ),
        ({"system_checks": [{**DISK, "parameters": {"pth": "/"}}]}, "has no parameter 'pth', did you mean path?"),
        ({"system_checks": [DISK, DISK]}, "wiki-1: two checks are named disk"),
        ({"system_check_changes": [{"name": "dsik"}]}, "names the check dsik, which there is not, did you mean disk?"),
        ({"system_actions": [{**ROTATE, "for_check": "dsik"}]}, "is for the check dsik, which there is not"),
        ({"system_actions": [{**ROTATE, "parameters": {"path": "/"}}]}, "has no parameter path, did you mean paths?"),
        ({"system_actions": [{**ROTATE, "when_value": "much"}]}, "key when_value is 'much', which is not a level"),
        ({"system_actions": [{"name": "rotate", "type": "log_rotate"}]}, "neither for_check nor every"),
        ({"system_actions": [{**ROTATE, "for_check": None}]}, "has when_value without for_check"),
        ({"system_actions": [{**ROTATE, "when_value": None}]}, "has for_check without when_value"),
        ({"system_actions": [{**ROTATE, "type": "log_rotat"}]}, "has no type log_rotat, did you mean log_rotate?"),
        ({"system_actions": [ROTATE, ROTATE]}, "two actions are named rotate"),
        ({"system_verification": ["disc"]}, "names the check disc, which there is not, did you mean disk?"),
        ({"wiki_datbase": "/x"}, "wiki-1: nothing in the profile uses wiki_datbase"),
    ],
)
def test_a_wrong_profile_names_the_host_the_key_and_the_way_out(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ProfileError) as refused:
        resolved(**changes)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_check_can_be_asked_for_by_its_name_and_nothing_is_done_about_it() -> None:
    variables = {"system_name": "wiki", "system_checks": [DISK, HEALTH], "system_actions": [ROTATE]}
    found = resolve("wiki-1", variables, variables, "check", ["health"])
    assert (names(found), found.actions) == (["health"], [])
    with pytest.raises(ProfileError, match="wiki-1 has no check helth, did you mean health"):
        resolve("wiki-1", variables, variables, "check", ["helth"])
