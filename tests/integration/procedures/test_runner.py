# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedures through ansible-runner, as AWX runs them: same results, artifacts kept, metrics and JUnit at the end."""

from __future__ import annotations

import json
import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import ansible_runner
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import CHECKOUT, COLLECTIONS
from tests.integration.procedures.test_procedures import HEALTH, rotate
from tests.integration.weekly.runs import Played, play

CHECKS = [
    {**HEALTH, "every": ["weekly"]},
    {**HEALTH, "name": "broken", "every": ["weekly"], "parameters": {"argv": ["false"]}},
]


def fleet(log: Path) -> dict[str, Any]:
    """Return the inventory of an invented system on this machine."""
    host = {
        "ansible_connection": "local",
        "system_name": "wiki",
        "system_checks": CHECKS,
        "system_verification": ["health"],
        "system_actions": [rotate(log)],
    }
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    return {"all": {"vars": variables, "hosts": {"wiki-1": host}}}


def through_runner(directory: Path, playbook: str, log: Path, **variables: Any) -> ansible_runner.Runner:
    """Run a playbook of the collection through ansible-runner's Python API."""
    (directory / "runner").mkdir()
    return ansible_runner.run(
        private_data_dir=str(directory / "runner"),
        playbook=str(CHECKOUT / "playbooks" / f"{playbook}.yml"),
        inventory=fleet(log),
        extravars=variables,
        ident=f"{playbook}-{len(variables)}",
        envvars={
            "AIOPS_STATE_DIR": str(directory / "state"),
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        },
        quiet=True,
    )


def figures(run: dict[str, Any]) -> list[Any]:
    """Return what a run found and did, without what differs from run to run."""
    results = [[each[key] for key in ("check", "kind", "state", "value", "reason")] for each in run["results"]]
    actions = [[each[key] for key in ("name", "type", "state", "changed")] for each in run["actions"]]
    return [run["procedure"], run["state"], run["counts"], results, actions]


def test_a_look_through_the_runner_is_the_look_of_the_command_line(tmp_path: Path) -> None:
    log = tmp_path / "wiki.log"
    log.write_text("one line of the log\n")
    metrics, reports = tmp_path / "metrics", tmp_path / "junit"
    ran = through_runner(tmp_path, "weekly", log, run_metrics_directory=str(metrics), run_junit_directory=str(reports))
    assert (ran.status, ran.rc) == ("failed", 2), "a critical check fails the job"

    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps(fleet(log)))
    typed = play(inventory, tmp_path / "typed")
    assert typed.status == ran.rc
    there = Played(ran.rc, "", tmp_path / "state").newest()["wiki-1"]
    assert figures(there) == figures(typed.newest()["wiki-1"])

    artifacts = Path(ran.config.artifact_dir)
    assert "broken" in (artifacts / "stdout").read_text()
    assert (artifacts / "rc").read_text() == "2"
    assert list((artifacts / "job_events").glob("*.json"))
    assert ran.stats["failures"] == {"wiki-1": 1}

    (page,) = metrics.iterdir()
    assert (page.name, page.stat().st_mode & 0o777) == ("aiops-wiki-1.prom", 0o644)
    states = {
        (sample.labels["check"], sample.labels["state"]): sample.value
        for family in text_string_to_metric_families(page.read_text())
        for sample in family.samples
        if sample.name == "aiops_check_state"
    }
    assert states["broken", "critical"] == states["health", "ok"] == 1
    assert states["broken", "ok"] == 0
    (suite,) = ET.parse(reports / "aiops-weekly-wiki-1.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_a_procedure_that_acts_does_so_through_the_runner(tmp_path: Path) -> None:
    log = tmp_path / "wiki.log"
    log.write_text("one line of the log\n")
    ran = through_runner(tmp_path, "retention", log)
    assert (ran.status, ran.rc) == ("successful", 0), ran.stdout.read()
    run = Played(0, "", tmp_path / "state").newest()["wiki-1"]
    assert [(action["name"], action["state"]) for action in run["actions"]] == [("rotate", "done")]
    assert not log.exists() or not log.read_text()


def test_metrics_of_what_is_recorded_reach_the_host_in_one_step(tmp_path: Path) -> None:
    log = tmp_path / "wiki.log"
    log.write_text("one line of the log\n")
    inventory, collector = tmp_path / "hosts.json", tmp_path / "collector"
    inventory.write_text(json.dumps(fleet(log)))
    collector.mkdir()
    arguments = ("-e", f"metrics_export_host_directory={collector}")
    assert play(inventory, tmp_path / "state", "--check", *arguments, playbook="playbooks/metrics.yml").status == 0
    assert not list(collector.iterdir())
    assert play(inventory, tmp_path / "state").status == 2
    exported = play(inventory, tmp_path / "state", *arguments, playbook="playbooks/metrics.yml")
    assert exported.status == 0, exported.output
    (page,) = collector.iterdir()
    assert page.name == "aiops-wiki-1.prom"
    assert 'aiops_system_state{system="wiki",host="wiki-1",state="critical"} 1' in page.read_text()
