# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook through ansible-runner, with the answers of a survey that nobody touched: as on the command line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents
from tests.conftest import CHECKOUT, COLLECTIONS
from tests.integration.awx import surveys
from tests.integration.incidents.test_incident_plays import RULES
from tests.integration.procedures.test_procedures import HEALTH, rotate
from tests.integration.procedures.test_runner import figures
from tests.integration.weekly.runs import Played, play

PLAYBOOKS = sorted(path.stem for path in (CHECKOUT / "playbooks").glob("*.yml"))
CADENCES = ["daily", "evening", "weekly", "monthly", "quarterly"]
TITLE = {"en": "Rotation", "ja": "ローテーション"}
#: What belongs to an incident that is open.
OF_AN_INCIDENT = ["incident_ack", "incident_approve", "escalate"]
#: Answers to what a survey requires and has no default for.
ANSWERS: dict[str, dict[str, str]] = {
    "attest": {"attest_item": "reviewed", "attest_note": "all of it"},
    "configure": {"configure_preset": "none"},
    "data_import": {"data_import_file": "/nonexistent"},
    "incident": {"incident_level": "P4", "incident_what": "An exercise"},
    "incident_approve": {"incident_approve_step": "rotate"},
}


def fleet(directory: Path, *, well: bool) -> Path:
    """Write the inventory of a system whose one action belongs to every procedure."""
    log = directory / "wiki.log"
    log.write_text("one line of the log\n")
    choices = yaml.safe_load((CHECKOUT / "roles/run/meta/argument_specs.yml").read_text())["argument_specs"]["main"]
    procedures = [each for each in choices["options"]["run_procedure"]["choices"] if each not in (*CADENCES, "check")]
    host = {
        "ansible_connection": "local",
        "system_name": "wiki",
        # What a report looks like is not the question here.
        "run_report": False,
        "system_checks": [{**HEALTH, "every": CADENCES, "parameters": {"argv": ["true" if well else "false"]}}],
        "system_verification": ["health"],
        "system_actions": [rotate(log, every=procedures)],
        "system_attestations": [{"name": "reviewed", "title": {"en": "Reviewed", "ja": "確認"}}],
        "system_priorities": [{**RULES[0], "level": "P4", "checks": ["health"]}],
        "system_ladders": [{"level": "P4", "rungs": [{"action": "rotate", "approval": True, "title": TITLE}]}],
    }
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = directory / "hosts.json"
    inventory.write_text(json.dumps({"all": {"vars": variables, "hosts": {"wiki-1": host}}}))
    return inventory


def one_after_the_other(path: Path, names: list[str]) -> Path:
    """Write a playbook that is several playbooks, each with its survey's answers."""
    asked = yaml.safe_load((CHECKOUT / "awx/surveys.yml").read_text())["awx_surveys"]
    plays = [
        {
            "ansible.builtin.import_playbook": str(CHECKOUT / "playbooks" / f"{name}.yml"),
            "vars": {**surveys.defaults({"spec": asked.get(name, [])}), **ANSWERS.get(name, {})},
        }
        for name in names
    ]
    path.write_text(yaml.safe_dump(plays, sort_keys=False))
    return path


def both(directory: Path, names: list[str], *, status: int, well: bool) -> list[dict[str, Any]]:
    """Run playbooks through the runner and on the command line, and return what both have recorded."""
    places = [directory / "ours", directory / "typed"]
    for place in places:
        place.mkdir(exist_ok=True)
    ours, typed = (fleet(place, well=well) for place in places)
    playbook = one_after_the_other(directory / f"{names[0]}.yml", names)
    (directory / "runner").mkdir(exist_ok=True)
    ran = ansible_runner.run(
        private_data_dir=str(directory / "runner"),
        playbook=str(playbook),
        inventory=str(ours),
        ident=names[0],
        envvars={
            "AIOPS_STATE_DIR": str(directory / "ours"),
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        },
        quiet=True,
    )
    assert ran.rc == status, ran.stdout.read()
    begun = [event["event_data"]["name"] for event in ran.events if event["event"] == "playbook_on_play_start"]
    assert begun == [yaml.safe_load((CHECKOUT / f"playbooks/{name}.yml").read_text())[0]["name"] for name in names]
    artifacts = Path(ran.config.artifact_dir)
    assert (artifacts / "rc").read_text() == str(status)
    assert len(list((artifacts / "job_events").glob("*.json"))) >= len(names)

    by_hand = play(typed, directory / "typed", playbook=str(playbook))
    assert by_hand.status == status, by_hand.output
    there = Played(0, "", directory / "ours").runs()
    assert [figures(run) for run in there] == [figures(run) for run in by_hand.runs()]
    return there


@pytest.mark.parametrize("half", [0, 1])
def test_every_playbook_does_through_the_runner_what_it_does_on_the_command_line(tmp_path: Path, half: int) -> None:
    names = [name for name in PLAYBOOKS if name not in OF_AN_INCIDENT][half::2]
    recorded = {run["procedure"]: run["state"] for run in both(tmp_path, names, status=0, well=True)}
    assert set(recorded) == set(names) - {"attest", "maintenance_window", "metrics", "report", "store_prune"}
    assert set(recorded.values()) == {"ok"}


def test_what_belongs_to_an_open_incident_does_so_too(tmp_path: Path) -> None:
    (opened,) = both(tmp_path, ["incident"], status=2, well=False)
    assert opened["counts"]["critical"] == 1
    both(tmp_path, OF_AN_INCIDENT, status=0, well=False)
    for place in ("ours", "typed"):
        store_url = f"sqlite:///{tmp_path / place / 'store.sqlite'}"
        (incident,) = incidents.incidents(store.open_store(store_url, create=False, read_only=True))
        assert incident["acknowledged"], place
