# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`awx/apply.yml` with the real modules of awx.awx 24.6.1 against a server as strict as AWX."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import CHECKOUT
from tests.integration.awx.collection import collections_path
from tests.integration.awx.stand_in import TOKEN, Awx, running

STORE = "postgresql+psycopg://store:water-under-the-bridge@db.example.org/runbooks"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n"
SLACK = {"token": "xoxb-1", "channels": ["#night"]}
NOTIFICATIONS = [{"name": "Night shift", "type": "slack", "configuration": SLACK}]
#: What is left when a run is to be short.
FEW = {
    "awx_playbooks": ["attest", "incident", "incident_approve", "restore", "weekly"],
    "awx_schedules": [
        {"name": "Monday 10:00", "template": "weekly", "extra_data": {"run_notify": "true"}}
        | {"rrule": "DTSTART;TZID=Asia/Tokyo:20260105T100000 RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=MO"}
    ],
}
PLAYBOOKS = sorted(path.stem for path in (CHECKOUT / "playbooks").glob("*.yml"))


@dataclass(frozen=True)
class Applied:
    """One run of the playbook."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        """Number of tasks that changed something."""
        found = re.search(r"changed=(\d+)", self.output)
        assert found, self.output
        return int(found[1])

    @property
    def changed_tasks(self) -> list[str]:
        """Names of those tasks."""
        parts = re.split(r"^TASK \[(.+)\] \*+$", self.output, flags=re.MULTILINE)
        return [name for name, said in zip(parts[1::2], parts[2::2], strict=True) if "\nchanged: " in said]


def apply(awx: Awx, *arguments: str, environment: dict[str, str] | None = None, **variables: Any) -> Applied:
    """Run the playbook; an empty value takes a variable out of the environment."""
    told = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": collections_path(),
        "ANSIBLE_NOCOLOR": "1",
        "AIOPS_MACHINE_KEY": KEY,
        "AIOPS_MAIL_HOST": "mail.example.org",
        "AIOPS_SLACK_WEBHOOK_URL": "https://chat.example.org/hook",
        "AIOPS_STORE_URL": STORE,
        "CONTROLLER_HOST": awx.address,
        "CONTROLLER_OAUTH_TOKEN": TOKEN,
        "HOME": "/nonexistent",
        **(environment or {}),
    }
    given = json.dumps({"awx_notifications": NOTIFICATIONS, **variables})
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "awx/apply.yml", "-e", given, *arguments],
        cwd=CHECKOUT,
        env={name: value for name, value in told.items() if value},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=1500,
    )
    return Applied(done.returncode, done.stdout)


@pytest.fixture(scope="module")
def awx() -> Iterator[Awx]:
    """Serve an AWX that everything was applied to, after a look that changed nothing."""
    with running(CHECKOUT) as served:
        look = apply(served, "--check")
        assert (look.status, served.writes) == (0, []), look.output
        assert "There is no organisation AI operations yet: everything would be made." in look.output
        done = apply(served)
        assert done.status == 0, done.output
        yield served


def named(awx: Awx, path: str) -> dict[str, dict[str, Any]]:
    """Return the objects of one path by name."""
    return {there.get("name", there.get("identifier", "")): there for there in awx.state.tables[path].values()}


def launched(awx: Awx, path: str, name: str, wanted: int = 201, **variables: Any) -> Any:
    """Launch a template and return the answer."""
    address = f"/api/v2/{path}/{named(awx, path)[name]['id']}/launch/"
    status, answer = awx.answer("POST", address, {"extra_vars": variables})
    assert status == wanted, answer
    return answer


def test_every_playbook_has_a_template_and_the_runbooks_times_their_schedules(awx: Awx) -> None:
    templates = named(awx, "job_templates")
    assert set(templates) == {f"AIOPS {name}" for name in [*PLAYBOOKS, "incident_step"]}
    assert {there["playbook"] for there in templates.values()} == {f"playbooks/{name}.yml" for name in PLAYBOOKS}
    schedules = named(awx, "schedules")
    times = {"Every day 09:00", "Every day 17:00", "Monday 10:00", "The 1st 10:00", "Every five minutes", "Every hour"}
    assert set(schedules) == {f"AIOPS {each}" for each in times}
    assert all(there["enabled"] for there in schedules.values())
    # An execution environment keeps no file: the report goes to people.
    assert schedules["AIOPS Monday 10:00"]["extra_data"] == {"run_notify": "true"}
    source = named(awx, "inventory_sources")["AIOPS systems"]
    assert source["source_path"] == "inventories/example/hosts.yml"
    assert [each["status"] for each in awx.state.updates["inventory_updates"].values()] == ["successful"]


def test_a_job_gets_the_store_the_notifications_and_the_hosts_key_and_nothing_shows_them(awx: Awx) -> None:
    credentials = {there["id"]: name for name, there in named(awx, "credentials").items()}
    for name, there in named(awx, "job_templates").items():
        given = [credentials[pk] for pk in awx.state.related("job_templates", there["id"], "credentials")]
        assert sorted(given) == ["AIOPS machines", "AIOPS site", "AIOPS store"], name
    assert named(awx, "credentials")["AIOPS store"]["inputs"] == {"store_url": STORE}
    assert named(awx, "credentials")["AIOPS site"]["inputs"] == {
        "slack_webhook_url": "https://chat.example.org/hook",
        "mail_host": "mail.example.org",
    }
    machine = named(awx, "credentials")["AIOPS machines"]["inputs"]
    assert (machine["username"], machine["ssh_key_data"]) == ("aiops", KEY)
    for path in ("credentials", "notification_templates"):
        _status, shown = awx.answer("GET", f"/api/v2/{path}/", {})
        assert not re.search(r"water-under|b3Blbn|xoxb-1|example.org/hook", json.dumps(shown))


def test_the_workflow_asks_before_it_reboots_and_before_it_restores(awx: Awx) -> None:
    path = "workflow_job_template_nodes"
    nodes = named(awx, path)
    names = {there["id"]: name for name, there in nodes.items()}
    ways = {
        (name, names[other], relation.removesuffix("_nodes"))
        for name, there in nodes.items()
        for relation in ("success_nodes", "failure_nodes", "always_nodes")
        for other in awx.state.related(path, there["id"], relation)
    }
    assert ways == {
        ("incident", "ask_reboot", "failure"),
        ("ask_reboot", "reboot", "success"),
        ("ask_reboot", "ask_restore", "failure"),
        ("reboot", "ask_restore", "failure"),
        ("ask_restore", "restore", "success"),
    }
    for name in ("ask_reboot", "ask_restore"):
        approval = awx.state.get("unified_job_templates", nodes[name]["unified_job_template"])
        assert (approval["type"], approval["timeout"]) == ("workflow_approval_template", 3600)
    assert nodes["reboot"]["extra_data"] == {"run_approve": "incident_reboot"}
    workflow = named(awx, "workflow_job_templates")["AIOPS incident with approvals"]["id"]
    # Who has to agree hears of it.
    assert awx.state.related("workflow_job_templates", workflow, "notification_templates_approvals") == [1]


def test_an_operator_cannot_agree_to_a_step_and_starts_nothing_that_destroys(awx: Awx) -> None:
    teams = {there["id"]: name for name, there in named(awx, "teams").items()}
    may: dict[str, set[str]] = {name: set() for name in teams.values()}
    for role in awx.state.roles.values():
        for team in role["teams"]:
            may[teams[team]].add(f"{role['name']} {awx.state.tables[role['path']][role['number']]['name']}")
    operators, approvers = may["AIOPS operators"], may["AIOPS approvers"]
    surveys = {name: awx.state.surveys.get(there["id"], {}) for name, there in named(awx, "job_templates").items()}
    for name, spec in surveys.items():
        asked = {question["variable"] for question in spec.get("spec", [])}
        assert f"execute {name}" in approvers
        assert (f"execute {name}" in operators) == (name.split()[1] not in NOT_FOR_OPERATORS), name
        assert not asked & {"run_confirm", "run_approve"} or f"execute {name}" not in operators, name
        if f"execute {name}" in operators:
            answers = {question["variable"]: "x" for question in spec.get("spec", []) if question["required"]}
            answers |= {
                question["variable"]: question["default"] for question in spec.get("spec", []) if question["default"]
            }
            answer = launched(awx, "job_templates", name, **answers, run_approve="incident_restore", run_confirm="a")
            assert answer["ignored_fields"] == {
                "extra_vars": {"run_approve": "incident_restore", "run_confirm": "a"}
            }, name
    workflow = "AIOPS incident with approvals"
    assert {f"execute {workflow}"} == {each for each in operators if workflow in each}
    assert {f"execute {workflow}", f"approval {workflow}"} == {each for each in approvers if workflow in each}
    assert "run_approve" in json.dumps(
        launched(awx, "workflow_job_templates", workflow, run_approve="incident_restore")["ignored_fields"]
    )


NOT_FOR_OPERATORS = {
    *("data_import", "incident_approve", "incident_step", "maintenance", "prune", "recover"),
    *("restore", "retention", "rollback", "unlock", "update"),
}


def test_a_second_look_finds_nothing_to_change_and_a_changed_survey_is_the_only_change(awx: Awx) -> None:
    before = len(awx.writes)
    look = apply(awx, "--check", **FEW, awx_update_secrets=True)
    assert (look.status, look.changed) == (0, 2), look.output
    assert look.changed_tasks == ["Credentials", "Who is told"], look.output
    assert len(awx.writes) == before

    surveys = yaml.safe_load((CHECKOUT / "awx" / "surveys.yml").read_text())["awx_surveys"]
    surveys["restore"][0]["question_name"] = "Which set?"
    number = named(awx, "job_templates")["AIOPS restore"]["id"]
    # Somebody else applies it, who does not know the webhook: it stays.
    done = apply(awx, environment={"AIOPS_SLACK_WEBHOOK_URL": ""}, **FEW, awx_surveys=surveys)
    assert (done.status, done.changed) == (0, 1), done.output
    assert awx.writes[before:] == [f"POST /api/v2/job_templates/{number}/survey_spec/"]
    assert awx.state.surveys[number]["spec"][0]["question_name"] == "Which set?"


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"AIOPS_STORE_URL": ""}, "Put the URL of the store into AIOPS_STORE_URL: postgresql+psycopg://"),
        ({"AIOPS_STORE_URL": "sqlite:///records.sqlite"}, "this one is no PostgreSQL"),
        ({"CONTROLLER_HOST": ""}, "Put AWX's address into CONTROLLER_HOST"),
        ({"CONTROLLER_OAUTH_TOKEN": ""}, "CONTROLLER_OAUTH_TOKEN a token of a user"),
        ({"AIOPS_MACHINE_KEY": ""}, "AIOPS_MACHINE_KEY, or name a credential that AWX has already with -e awx_machine"),
    ],
)
def test_what_is_missing_is_named_with_the_way_out_before_anything_is_told(missing: dict[str, str], said: str) -> None:
    with running(CHECKOUT) as empty:
        done = apply(empty, environment=missing)
        assert done.status != 0
        assert said in " ".join(done.output.split()), done.output
        assert STORE.partition("@")[0] not in done.output
        assert not empty.writes
