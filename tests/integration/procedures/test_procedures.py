# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A procedure that acts: its actions in their order, a look before and after, all of it recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.weekly.runs import Played, play

HEALTH = {"name": "health", "kind": "command", "every": ["daily"], "parameters": {"argv": ["true"]}}


def rotate(log: Path, **changes: Any) -> dict[str, Any]:
    """Return an action that rotates a log of more than ten bytes."""
    parameters = {"paths": [str(log)], "larger_than_bytes": 10}
    action = {"name": "rotate", "type": "log_rotate", "every": ["retention"], "parameters": parameters}
    return {**action, **changes}


def verify(name: str = "verify", **changes: Any) -> dict[str, Any]:
    """Return an action that waits for the system to be well, for a second at most."""
    parameters = {"seconds": 1, "interval_seconds": 1}
    return {"name": name, "type": "verify", "every": ["retention"], "parameters": parameters, **changes}


def act(directory: Path, actions: list[dict[str, Any]], *arguments: str, health: str = "true") -> Played:
    """Run the procedure `retention` of an invented system on this machine."""
    check = {**HEALTH, "parameters": {"argv": [health]}}
    host = {
        "ansible_connection": "local",
        "system_name": "wiki",
        "system_checks": [check],
        "system_verification": ["health"],
        "system_actions": actions,
        "run_procedure": "retention",
        "run_report": False,
    }
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = directory / "hosts.json"
    inventory.write_text(json.dumps({"all": {"vars": variables, "hosts": {"wiki-1": host}}}))
    return play(inventory, directory / "state", *arguments, playbook="tests/integration/procedures/play.yml")


def states(played: Played) -> dict[str, str]:
    """Return the states of the newest run's actions by name."""
    return {action["name"]: action["state"] for action in played.newest()["wiki-1"]["actions"]}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log that is due for rotation."""
    path = tmp_path / "wiki.log"
    path.write_text("one line of the log\n")
    return path


def test_what_an_operator_asks_for_is_done_verified_and_recorded(tmp_path: Path, log: Path) -> None:
    planned = act(tmp_path, [rotate(log), verify()], "--check")
    assert planned.status == 0, planned.output
    assert log.read_text()
    assert not (tmp_path / "state").exists(), "a plan leaves no trace"

    done = act(tmp_path, [rotate(log), verify()])
    assert done.status == 0, done.output
    run = done.newest()["wiki-1"]
    assert (run["procedure"], run["state"]) == ("retention", "ok")
    assert states(done) == {"rotate": "done", "verify": "skipped"}
    assert [result["check"] for result in run["results"]] == ["health"]
    assert not log.exists() or not log.read_text()

    again = act(tmp_path, [rotate(log), verify()])
    assert states(again) == {"rotate": "skipped", "verify": "skipped"}, "nothing was left to do"


def test_after_a_failure_nothing_follows_but_what_happens_in_any_case(tmp_path: Path, log: Path) -> None:
    notice = rotate(log, name="notice", always=True)
    actions = [verify(), rotate(tmp_path / "other.log"), notice]
    failed = act(tmp_path, actions, health="false")
    assert failed.status == 2, failed.output
    assert states(failed) == {"verify": "failed", "rotate": "skipped", "notice": "done"}
    by_name = {action["name"]: action for action in failed.newest()["wiki-1"]["actions"]}
    assert by_name["rotate"]["detail"]["message"] == "not run: verify failed"
    assert "health" in by_name["verify"]["detail"]["message"]
    assert failed.newest()["wiki-1"]["state"] == "critical"


def test_what_can_destroy_something_names_its_host(tmp_path: Path, log: Path) -> None:
    actions = [rotate(log, confirm=True)]
    refused = act(tmp_path, actions)
    assert refused.status == 2
    assert "confirm it with -e run_confirm=wiki-1" in " ".join(refused.output.split())
    assert log.read_text()
    assert refused.newest()["wiki-1"]["failure"]["stage"] == "confirmation"

    other = act(tmp_path, actions, "-e", "run_confirm=wiki-2")
    assert other.status == 2
    assert act(tmp_path, actions, "--check").status == 0
    confirmed = act(tmp_path, actions, "-e", "run_confirm=wiki-1")
    assert states(confirmed) == {"rotate": "done"}
    assert confirmed.newest()["wiki-1"]["actions"][0]["approved_by"] == "operator"


def test_attempts_are_capped_and_the_refusal_is_no_attempt(tmp_path: Path, log: Path) -> None:
    capped = [rotate(log, attempts={"at_most": 1})]
    assert states(act(tmp_path, capped)) == {"rotate": "done"}
    for _again in range(2):
        log.write_text("one more line of the log\n")
        refused = act(tmp_path, capped)
        assert refused.status == 2
        assert states(refused) == {"rotate": "failed"}
        assert "tried 1 times in 24 hours" in " ".join(refused.output.split())
        assert log.read_text()


def test_a_procedure_that_the_profile_does_not_have_says_so(tmp_path: Path, log: Path) -> None:
    refused = act(tmp_path, [rotate(log, every=["backup"])])
    assert refused.status == 2
    assert "has no action for retention" in " ".join(refused.output.split())


def test_an_unreachable_host_is_recorded_and_nothing_is_done_to_it(tmp_path: Path, log: Path) -> None:
    arguments = ("-e", "ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=9")
    lost = act(tmp_path, [rotate(log)], *arguments)
    assert lost.status != 0
    run = lost.newest()["wiki-1"]
    assert (run["state"], run["failure"]["stage"], run["actions"]) == ("critical", "unreachable", [])


def test_what_a_failure_undoes_goes_back_the_last_step_first(tmp_path: Path, log: Path) -> None:
    def keep(name: str) -> dict[str, Any]:
        parameters = {"paths": [str(log)], "directory": str(tmp_path / name)}
        return {
            **{"name": name, "type": "paths_keep", "every": ["retention"], "rollback": True},
            "parameters": parameters,
        }

    before = log.read_text()
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    failed = act(tmp_path, [keep("first"), keep("second"), rotate(log), verify()], health="false")
    assert failed.status == 2, failed.output
    recorded = [(action["name"], action["state"]) for action in failed.newest()["wiki-1"]["actions"]]
    assert recorded == [
        ("first", "done"),
        ("second", "done"),
        ("rotate", "done"),
        ("verify", "failed"),
        ("rollback_second", "done"),
        ("rollback_first", "skipped"),
    ]
    assert log.read_text() == before
