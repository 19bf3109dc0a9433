# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks about incidents, on an invented system of this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import figures
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents, outbox
from tests.integration.weekly.runs import Played, play

RULES = [
    {
        "name": "full",
        "level": "P1",
        "checks": ["log"],
        "status": {"en": "The wiki is full", "ja": "Wikiが満杯"},
        "impact": {"en": "Everybody", "ja": "全員"},
    }
]


def system(directory: Path, hook: str = "http://127.0.0.1:9/hook", **changes: Any) -> Path:
    """Write the inventory of a wiki that is down while its log is not empty; rotating it heals it."""
    log = directory / "wiki.log"
    rung = {"action": "incident_rotate", "title": {"en": "Rotation", "ja": "ローテーション"}, "verify_seconds": 1}
    action = {
        "name": "incident_rotate",
        "type": "log_rotate",
        "every": ["incident"],
        "parameters": {"paths": [str(log)], "larger_than_bytes": 1},
    }
    host = {
        "ansible_connection": "local",
        "system_name": "wiki",
        "system_checks": [
            {
                "name": "log",
                "kind": "command",
                "every": ["daily"],
                "parameters": {"argv": ["test", "!", "-s", str(log)]},
            }
        ],
        "system_verification": ["log"],
        "system_actions": [{**action, **changes.pop("action", {})}],
        "system_priorities": RULES,
        "system_ladders": [{"level": "P1", "rungs": [{**rung, **changes.pop("rung", {})}]}],
        "system_channels": [{"name": "chat", "type": "slack", "url": hook, "timeout_seconds": 60}],
        "system_contacts": [{"role": "manager", "language": "en", "channels": [{"channel": "chat"}]}],
        "system_escalation": [
            {"name": "at_once", "levels": ["P1"], "tell": ["manager"]},
            {"name": "security", "categories": ["security"], "tell": ["manager"]},
        ],
        "system_incident": {"questions": [{"text": {"en": "Was it full?", "ja": "満杯だったか"}, "checks": ["log"]}]},
        "incident_patience_seconds": 0,
        "incident_verify_interval_seconds": 1,
        **changes,
    }
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = directory / "hosts.json"
    inventory.write_text(json.dumps({"all": {"vars": variables, "hosts": {"wiki-1": host}}}))
    return inventory


def run(inventory: Path, *arguments: str, name: str = "incident") -> Played:
    """Run a playbook about incidents."""
    return play(inventory, inventory.parent / "state", *arguments, playbook=f"playbooks/{name}.yml")


def opened(inventory: Path) -> store.Store:
    """Return the store."""
    return store.open_store(f"sqlite:///{inventory.parent}/state/store.sqlite", create=False)


def newest(inventory: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the newest incident with its events."""
    found = incidents.incidents(opened(inventory))[-1]
    return found, incidents.incident_events(opened(inventory), [found["id"]])[found["id"]]


def test_an_incident_is_told_healed_and_reported_and_then_there_is_none(tmp_path: Path) -> None:
    inventory = system(tmp_path)
    (tmp_path / "wiki.log").write_text("password=geheim77\n")

    planned = run(inventory, "--check")
    assert "→ Planned: " in planned.output
    assert not (tmp_path / "state").exists(), "a plan leaves no trace"

    healed = run(inventory)
    assert healed.status == 0, healed.output
    incident, events = newest(inventory)
    assert (incident["level"], incident["state"]) == ("P1", "recovered")
    assert [event["kind"] for event in events] == ["detected", "told", "evidence", "rung", "recovered", "told"]
    assert healed.newest()["wiki-1"]["actions"][0]["state"] == "done"
    # The receiver is down: what is told waits in the store, and the system was healed all the same.
    waiting = outbox.messages(opened(inventory), states=[outbox.PENDING])
    assert [row["id"].split("/", 1)[1] for row in waiting] == ["at_once:P1/manager/chat", "recovery/manager/chat"]
    final = (tmp_path / "state" / "reports" / f"{incident['id']}.final.en.txt").read_text()
    assert "- Rotation → recovered" in final
    assert "- Was it full? log: " in final

    well = run(inventory)
    assert well.status == 0
    assert well.newest()["wiki-1"]["priority"] is None
    assert len(incidents.incidents(opened(inventory))) == 1


def test_a_step_waits_for_its_approval_and_uses_it_up(tmp_path: Path) -> None:
    inventory = system(tmp_path, rung={"approval": True})
    log = tmp_path / "wiki.log"
    log.write_text("full\n")
    waits = run(inventory)
    assert waits.status == 2
    assert log.read_text() == "full\n"
    assert newest(inventory)[1][-1]["kind"] == "note"
    assert newest(inventory)[0]["facts"]["next"]["id"] == "next_approve"
    assert waits.newest()["wiki-1"]["actions"][0]["state"] == "planned"

    taken = run(inventory, "-e", "incident_ack_note='the disk'", name="incident_ack")
    assert taken.status == 0, taken.output
    wrong = run(inventory, "-e", "incident_approve_step=rotate_everything", name="incident_approve")
    assert wrong.status == 2
    assert "Steps: incident_rotate" in " ".join(wrong.output.split())
    assert run(inventory, "-e", "incident_approve_step=incident_rotate", name="incident_approve").status == 0

    approved = run(inventory)
    assert approved.status == 0, approved.output
    incident, events = newest(inventory)
    assert incident["state"] == "recovered"
    assert [event["detail"]["outcome"] for event in events if event["kind"] == "rung"] == ["waiting", "healed"]
    assert figures([incident])["mtta_seconds"] is not None

    log.write_text("full again\n")
    assert run(inventory).status == 2, "an approval holds once"


def test_what_a_person_has_mended_is_seen_to_be_over_and_nothing_is_done_twice(tmp_path: Path) -> None:
    inventory = system(tmp_path, action={"attempts": {"at_most": 0}})
    log = tmp_path / "wiki.log"
    log.write_text("full\n")
    event = ("-e", "incident_key=alert-17")
    assert run(inventory, *event).status == 2
    incident, events = newest(inventory)
    assert "unresolved" in incident["categories"]
    assert [each["detail"]["outcome"] for each in events if each["kind"] == "rung"] == ["refused"]

    quiet = run(inventory, name="escalate")
    assert quiet.status == 0, quiet.output
    assert "changed=0" in quiet.output
    assert [each["id"] for each in incidents.incidents(opened(inventory), open_only=True)] == [incident["id"]]

    log.write_text("")
    assert run(inventory).status == 0
    assert newest(inventory)[0]["state"] == "recovered"
    assert list((tmp_path / "state" / "reports").glob("*.final.ja.txt"))


def test_a_person_opens_an_incident_that_no_check_sees(tmp_path: Path) -> None:
    inventory = system(tmp_path)
    stated = {"incident_level": "P2", "incident_categories": ["security"], "incident_what": "A laptop was stolen"}
    assert run(inventory, "-e", json.dumps(stated)).status == 0
    incident, _events = newest(inventory)
    assert (incident["level"], incident["state"]) == ("P2", "open")
    assert "A laptop was stolen" in outbox.messages(opened(inventory))[0]["body"]


def test_an_event_opens_nothing_twice_and_nothing_in_a_maintenance_window(tmp_path: Path) -> None:
    inventory = system(tmp_path)
    (tmp_path / "wiki.log").write_text("")
    event = ("-e", "incident_level=P2", "-e", "incident_key=alert-17", "-e", "incident_what=slow")
    window = ("-e", "window='now for 30 minutes'", "-e", "window_reason=upgrade")
    assert run(inventory, *window, name="maintenance_window").status == 0
    assert run(inventory, *event).status == 0
    assert incidents.incidents(opened(inventory)) == []
    assert run(inventory, *event, "-e", "incident_in_maintenance=true").status == 0
    assert newest(inventory)[0]["state"] == "open"
    assert run(inventory, "-e", "incident_in_maintenance=true").status == 0
    assert newest(inventory)[0]["state"] == "recovered"

    assert run(inventory, *event, "-e", "incident_in_maintenance=true").status == 0
    assert len(incidents.incidents(opened(inventory))) == 1, "the event is one of an incident that is over"
    late = ("-e", "incident_key_hold_minutes=0", "-e", "incident_in_maintenance=true")
    assert run(inventory, *event, *late).status == 0
    assert [each["state"] for each in incidents.incidents(opened(inventory))] == ["recovered", "open"]
