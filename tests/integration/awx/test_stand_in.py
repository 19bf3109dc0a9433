# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in refuses what AWX refuses: what it lets through would be let through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.awx import recurrence, surveys
from tests.integration.awx.stand_in import Awx

Ask = Callable[..., Any]
QUESTION = {"variable": "name", "question_name": "Name", "type": "text", "required": True, "default": ""}
RULE = "DTSTART;TZID=Asia/Tokyo:20260101T090000 RRULE:FREQ=DAILY;INTERVAL=1"


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return a function that asks an AWX with one project, one inventory and one template."""
    (tmp_path / "play.yml").write_text("- hosts: all\n")
    (tmp_path / "no_playbook.yml").write_text("key: value\n")
    monkeypatch.setattr("tests.integration.awx.state.TAKES_SECONDS", 0)
    awx = Awx(tmp_path)

    def asked(method: str, path: str, wanted: int = 201, /, **body: Any) -> Any:
        status, answer = awx.answer(method, f"/api/v2/{path}/", body)
        assert status == wanted, answer
        return answer

    organization = asked("POST", "organizations", name="Ours")["id"]
    asked("POST", "inventories", name="systems", organization=organization)
    asked("POST", "projects", name="ours", organization=organization, scm_type="git", scm_url="https://git.example.org")
    return asked


def template(ask: Ask, **more: Any) -> int:
    """Make a template and return its number."""
    project = ask("GET", "projects", 200)["results"][0]["id"]
    given = {"name": "play", "project": project, "inventory": 1, "playbook": "play.yml", **more}
    return int(ask("POST", "job_templates", **given)["id"])


def survey(ask: Ask, number: int, *questions: dict[str, Any]) -> None:
    ask("POST", f"job_templates/{number}/survey_spec", 200, name="", description="", spec=list(questions))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "sentence"}, "is not one of"),
        ({"required": "yes"}, "expected to be boolean"),
        ({"default": 4}, "expected to be string"),
        ({"type": "integer", "default": "4"}, "expected to be integer"),
        ({"max": "2"}, "limit in survey question"),
        ({"type": "multiplechoice"}, "must specify choices"),
        ({"type": "multiplechoice", "choices": ["a", "b"], "default": "c"}, "must be answered from the choices"),
        ({"type": "multiplechoice", "choices": "a\nb", "default": "a\nb"}, "only have one default"),
        ({"default": "$encrypted$"}, "reserved keyword"),
    ],
)
def test_a_question_that_awx_refuses_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        surveys.judged({"name": "", "description": "", "spec": [{**QUESTION, **change}]})


def test_a_survey_is_complete_and_asks_for_each_variable_once() -> None:
    with pytest.raises(ValueError, match="'name' is missing"):
        surveys.judged({"description": "", "spec": [QUESTION]})
    with pytest.raises(ValueError, match="doesn't contain any items"):
        surveys.judged({"name": "", "description": "", "spec": []})
    with pytest.raises(ValueError, match="duplicated"):
        surveys.judged({"name": "", "description": "", "spec": [QUESTION, QUESTION]})
    with pytest.raises(ValueError, match="'required' missing"):
        surveys.judged(
            {"name": "", "description": "", "spec": [{"variable": "a", "question_name": "A", "type": "text"}]}
        )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("RRULE:FREQ=DAILY;INTERVAL=1", "Valid DTSTART required"),
        ("DTSTART:20260101T090000 RRULE:FREQ=DAILY;INTERVAL=1", "naive"),
        ("DTSTART;TZID=Asia/Edo:20260101T090000 RRULE:FREQ=DAILY;INTERVAL=1", "valid TZID"),
        ("DTSTART:20260101T090000Z RRULE:FREQ=DAILY", "INTERVAL required"),
        ("DTSTART:20260101T090000Z RRULE:FREQ=SECONDLY;INTERVAL=5", "SECONDLY"),
        ("DTSTART:20260101T090000Z RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=1MO", "numeric prefix"),
        ("DTSTART:20260101T090000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000", "COUNT > 999"),
        ("DTSTART:20260101T090000Z RRULE:FREQ=DAILY;INTERVAL=1;EVERY=2", "invalid 'EVERY'"),
        ("DTSTART:20260101T090000Z", "One or more rule"),
    ],
)
def test_a_repetition_that_awx_refuses_is_refused(rule: str, said: str) -> None:
    assert said in recurrence.faults(rule)[0]
    assert not recurrence.faults(RULE)


def test_a_schedule_brings_what_is_required_and_nothing_that_is_not_asked(ask: Ask) -> None:
    number = template(ask, survey_enabled=True)
    survey(ask, number, QUESTION)
    given = {"name": "daily", "unified_job_template": number, "rrule": RULE}
    assert ask("POST", "schedules", 400, **given) == {"variables_needed_to_start": ["'name' value missing"]}
    refused = ask("POST", "schedules", 400, **given, extra_data={"name": "x", "other": "y"})
    assert "Variables other are not allowed on launch" in refused["extra_data"][0]
    refused = ask("POST", "schedules", 400, **given, extra_data={"name": "x"}, limit="a")
    assert refused == {"limit": "Field is not configured to prompt on launch."}
    ask("POST", "schedules", **given, extra_data={"name": "x"})
    assert "already exists" in ask("POST", "schedules", 400, **given, extra_data={"name": "x"})["__all__"][0]


def test_a_template_names_a_playbook_that_the_project_has_and_one_credential_of_a_kind(ask: Ask) -> None:
    project = ask("GET", "projects", 200)["results"][0]["id"]
    given = {"name": "x", "project": project, "inventory": 1}
    assert ask("POST", "job_templates", 400, **given, playbook="no_playbook.yml") == {
        "playbook": ["Playbook not found for project."]
    }
    number = template(ask)
    for name in ("one", "two"):
        credential = ask("POST", "credentials", name=name, organization=2, credential_type=1)["id"]
        wanted = 204 if name == "one" else 400
        ask("POST", f"job_templates/{number}/credentials", wanted, id=credential)


def test_a_credential_is_what_its_type_says_and_is_never_shown(ask: Ask) -> None:
    given = {"name": "x", "organization": 2, "credential_type": 1}
    assert "unexpected" in ask("POST", "credentials", 400, **given, inputs={"user": "a"})["inputs"][0]
    assert "Invalid" in str(ask("POST", "credentials", 400, **given, inputs={"ssh_key_data": "key"}))
    kept = ask("POST", "credentials", **given, inputs={"username": "a", "password": "b"})
    assert kept["inputs"] == {"username": "a", "password": "$encrypted$"}
    types = {"name": "t", "kind": "cloud", "inputs": {"fields": [{"id": "a", "label": "A"}]}}
    refused = ask("POST", "credential_types", 400, **types, injectors={"env": {"A": "{{ b }}"}})
    assert "undefined field" in refused["injectors"][0]
    assert ask("POST", "credential_types", 400, **{**types, "kind": "ssh"}) == {
        "kind": ["Must be 'cloud' or 'net', not ssh"]
    }


def test_a_node_brings_only_what_its_template_asks_and_leads_into_no_circle(ask: Ask) -> None:
    number = template(ask)
    workflow = ask("POST", "workflow_job_templates", name="w", organization=2)["id"]
    given = {"workflow_job_template": workflow, "unified_job_template": number}
    refused = ask("POST", "workflow_job_template_nodes", 400, **given, identifier="a", extra_data={"b": 1}, limit="c")
    assert set(refused) == {"extra_data", "limit"}
    first = ask("POST", "workflow_job_template_nodes", **given, identifier="a")["id"]
    second = ask("POST", "workflow_job_template_nodes", **given, identifier="b")["id"]
    ask("POST", f"workflow_job_template_nodes/{first}/success_nodes", 204, id=second)
    assert ask("POST", f"workflow_job_template_nodes/{second}/failure_nodes", 400, id=first) == {
        "Error": "Cycle detected."
    }
    assert ask("POST", f"workflow_job_template_nodes/{first}/failure_nodes", 400, id=second) == {
        "Error": "Relationship not allowed."
    }


def test_a_notification_says_all_that_its_kind_needs(ask: Ask) -> None:
    given = {"name": "n", "organization": 2, "notification_type": "slack"}
    refused = ask("POST", "notification_templates", 400, **given, notification_configuration={"token": "t"})
    assert "Missing required fields" in refused["notification_configuration"][0]
    kept = ask("POST", "notification_templates", **given, notification_configuration={"token": "t", "channels": ["#a"]})
    assert kept["notification_configuration"] == {"token": "$encrypted$", "channels": ["#a"], "hex_color": ""}


def test_names_are_found_page_by_page_and_unknown_fields_are_refused(ask: Ask) -> None:
    for number in range(30):
        ask("POST", "teams", name=f"team {number}", organization=2)
    page = ask("GET", "teams", 200)
    assert (page["count"], len(page["results"]), page["next"]) == (30, 25, "/api/v2/teams/?page=2")
    ask("POST", "teams", 400, name="team 1", organization=2)
    ask("POST", "teams", 400, name="x", organization=9)
