# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX is told: schedules at the runbooks' times, secrets as profiles read them, approvals where they belong."""

from __future__ import annotations

import copy
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from tests.conftest import CHECKOUT
from tests.integration.awx import launching, recurrence, surveys
from tests.unit.awx.inputs import loaded

DATA: dict[str, Any] = loaded("awx/data.yml")
SURVEYS: dict[str, Any] = loaded("awx/surveys.yml")["awx_surveys"]
PLAYBOOKS = sorted(path.stem for path in (CHECKOUT / "playbooks").glob("*.yml"))
RRULE = re.compile(
    r"DTSTART;TZID=(\S+):(\d{8}T\d{6}) RRULE:FREQ=(DAILY|WEEKLY|MONTHLY|HOURLY|MINUTELY);INTERVAL=\d+(;\S+)?"
)
TIMES = {"daily": "09:00", "evening": "17:00", "weekly": "Mon 10:00", "monthly": "01 10:00"}
FORMS = {"weekly": "%a %H:%M", "monthly": "%d %H:%M"}
FROM_ENVIRONMENT = re.compile(r"ansible\.builtin\.env', '(\w+)'")


@pytest.mark.parametrize("schedule", DATA["awx_schedules"], ids=lambda schedule: str(schedule["template"]))
def test_a_schedule_begins_at_the_runbooks_time_and_answers_what_is_required(schedule: dict[str, Any]) -> None:
    rule = schedule["rrule"].replace("{{ awx_zone }}", DATA["awx_zone"])
    assert recurrence.faults(rule) == []
    found = RRULE.fullmatch(rule)
    assert found, "AWX wants the start with its zone, one rule, and an interval"
    zone, begins = found[1], datetime.strptime(found[2], "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(found[1]))
    template = schedule["template"]
    assert template in [*PLAYBOOKS, "runbooks"]
    assert zone == "Asia/Tokyo"
    assert template not in TIMES or begins.strftime(FORMS.get(template, "%H:%M")) == TIMES[template]
    required = {question["variable"] for question in SURVEYS.get(template, []) if question["required"]}
    answered = DATA["awx_report"] if "awx_report" in schedule.get("extra_data", "") else {}
    assert required <= set(answered)


@pytest.mark.parametrize("template", sorted(SURVEYS))
def test_awx_keeps_a_survey_as_it_is_told(template: str) -> None:
    spec = {"name": "", "description": "", "spec": copy.deepcopy(SURVEYS[template])}
    surveys.judged(spec)
    assert spec["spec"] == SURVEYS[template], "what AWX changes would be told again at every run"
    assert template in [*PLAYBOOKS, *DATA["awx_further_templates"]]
    for question in spec["spec"]:
        assert question["variable"].isidentifier()
        # A person who leaves the form as it is gets an answer that AWX takes, or is told that one is missing.
        if not question["required"]:
            assert surveys.faults(question, {question["variable"]: question["default"]}) == []


def test_what_a_profile_reads_from_the_environment_a_job_is_given() -> None:
    wanted = set()
    for path in (CHECKOUT / "inventories/example").rglob("*.yml"):
        wanted |= set(FROM_ENVIRONMENT.findall(path.read_text(encoding="utf-8")))
    kinds = DATA["awx_credential_types"]
    injected = {name: template for kind in kinds for name, template in kind["injectors"]["env"].items()}
    assert wanted | {"AIOPS_STORE_URL"} == set(injected)
    for kind in kinds:
        fields = {field["id"] for field in kind["inputs"]["fields"]}
        assert {f"{{{{ {field} }}}}" for field in fields} == set(kind["injectors"]["env"].values())
        (credential,) = [each for each in DATA["awx_own_credentials"] if each["type"] == kind["name"]]
        assert set(credential["inputs"]) == fields
    text = (CHECKOUT / "awx" / "data.yml").read_text()
    assert all(f'{name}: !unsafe "{template}"' in text for name, template in injected.items())
    secret = {field["id"] for kind in kinds for field in kind["inputs"]["fields"] if field.get("secret")}
    assert {name for name in secret | {"x"} if re.search("password|url", name)} == secret


def test_the_steps_that_the_workflow_takes_are_those_of_the_profile_that_wait_for_an_approval() -> None:
    profile = yaml.safe_load((CHECKOUT / "inventories/example/group_vars/estimator/incident.yml").read_text())
    lists = [value for value in profile.values() if isinstance(value, list)]
    names = {action["name"] for value in lists for action in value if isinstance(action, dict) and "type" in action}
    nodes = [node for node in DATA["awx_incident_nodes"] if "extra_data" in node]
    steps = {node["extra_data"]["run_approve"] for node in nodes}
    assert steps == {"incident_reboot", "incident_restore"}
    assert steps <= names
    assert {node["template"] for node in nodes} == {"AIOPS incident_step"}


def test_the_survey_of_the_workflow_reaches_every_incident_it_starts() -> None:
    asked = {question["variable"] for question in SURVEYS["incident"]}
    template = {"type": "job_template", "survey_enabled": True, "ask_variables_on_launch": False}
    for name, more in (("incident", {}), ("incident_step", {"run_approve": "incident_reboot"})):
        given = {**dict.fromkeys(asked, ""), **more}
        taken, ignored, errors = launching.accepted(template, {"spec": SURVEYS[name]}, {"extra_vars": given})
        assert (taken, ignored, errors) == (given, {}, {})


def test_nobody_but_an_approver_may_start_what_can_destroy_something() -> None:
    dangerous = {
        name
        for name, asked in SURVEYS.items()
        if any(question["variable"] in ("run_confirm", "run_approve") for question in asked)
    }
    known = {*PLAYBOOKS, *DATA["awx_further_templates"]}
    assert dangerous <= set(DATA["awx_approver_playbooks"]) <= known
