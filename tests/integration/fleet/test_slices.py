# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ephemeral control nodes with the store on PostgreSQL: slices of a job give one report, and nothing needs the disk."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import approvals, incidents, outbox
from tests.integration.fleet.wikis import ROTATION, Fleet, fleet
from tests.integration.incidents.test_incident_plays import system as incident_system
from tests.integration.postgresql import Server
from tests.integration.weekly.runs import BINARIES, CHECKOUT, HANGS_SECONDS, Played, play
from tests.ports import free_port

#: What differs from run to run: moments, and the names of runs, which begin with one.
TIMES = re.compile(r"\d{8}T\d{6}Z-weekly-(wiki-\d\d)-[0-9a-f]{6}|\d{4}-\d\d-\d\d(?: \d\d:\d\d)?")


def slice_of(wikis: Fleet, number: int, count: int) -> Path:
    """Write the inventory that AWX gives a slice: every so many-th host."""
    whole = json.loads(wikis.inventory.read_text())["all"]
    hosts = {host: whole["hosts"][host] for host in wikis.hosts[number::count]}
    inventory = wikis.root / f"slice-{number}.json"
    inventory.write_text(json.dumps({"all": {"vars": whole["vars"], "hosts": hosts}}))
    return inventory


def started(inventory: Path, state: Path, url: str, *arguments: str) -> subprocess.Popen[str]:
    """Start the weekly checks as a job of its own, with a disk of its own."""
    return subprocess.Popen(
        [str(BINARIES / "ansible-playbook"), "playbooks/weekly.yml", "-i", str(inventory), *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "AIOPS_STATE_DIR": str(state), "AIOPS_STORE_URL": url, "ANSIBLE_NOCOLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def of_awx(workflow: int, number: int) -> list[str]:
    """Return the variables that AWX gives a slice of the template ``AIOPS weekly``."""
    name = "AIOPS weekly"
    values = {
        "awx_workflow_job_id": workflow,
        "awx_workflow_job_name": name,
        "awx_job_template_name": name,
        "awx_job_id": workflow + 1 + number,
    }
    return ["-e", json.dumps(values)]


def reports(states: list[Path]) -> dict[str, str]:
    """Return the newest report of each language over several disks, without times."""
    files = [file for state in states for file in (state / "reports").glob("*.txt")]
    newest = {file.name.split(".")[-2]: file for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)}
    return {language: TIMES.sub("#", file.read_text()) for language, file in newest.items()}


def test_three_slices_at_once_give_the_report_of_one_job(tmp_path: Path, postgresql: Server, store_url: str) -> None:
    wikis = fleet(tmp_path / "wikis", 7)
    wikis.ill("wiki-02", "wiki-06")
    single_url = postgresql.url(postgresql.create_database())

    whole = started(wikis.inventory, tmp_path / "whole", single_url)
    said = whole.communicate(timeout=HANGS_SECONDS)[0]
    assert whole.returncode == 2, said

    disks = [tmp_path / f"disk-{number}" for number in range(3)]
    jobs = [
        started(slice_of(wikis, number, 3), disk, store_url, *of_awx(41, number)) for number, disk in enumerate(disks)
    ]
    outputs = [job.communicate(timeout=HANGS_SECONDS)[0] for job in jobs]
    # wiki-02 is in the second slice, wiki-06 in the third.
    assert [job.returncode for job in jobs] == [0, 2, 2], "\n".join(outputs)

    assert reports(disks) == reports([tmp_path / "whole"])
    assert set(reports(disks)) == {"en", "ja"}
    opened = store.open_store(store_url, read_only=True)
    assert len(store.job_parts(opened, "awx-41-weekly")) == 3
    assert {run["host"] for run in store.job_runs(opened, "awx-41-weekly")} == set(wikis.hosts)
    last = next(output for output in outputs if all(host in output for host in wikis.hosts))
    assert len(re.findall(r"^wiki +wiki-0\d ", last, re.MULTILINE)) == 7, "the table at the end is that of the job"


def test_what_one_control_node_knew_the_next_one_knows(tmp_path: Path, store_url: str) -> None:
    capped: dict[str, Any] = {**ROTATION, "attempts": {"at_most": 1}}
    wikis = fleet(tmp_path / "wikis", 2, system_actions=[capped])

    def run(playbook: str, *arguments: str) -> tuple[int, str]:
        disk = tmp_path / "disk"
        done = play(
            *(wikis.inventory, disk, *arguments),
            playbook=f"playbooks/{playbook}.yml",
            AIOPS_STORE_URL=store_url,
            HOME=str(disk / "home"),
        )
        shutil.rmtree(disk, ignore_errors=True)
        return done.status, " ".join(done.output.split())

    assert run("retention")[0] == 0
    wikis.fill()
    status, said = run("retention")
    assert status == 2
    assert "tried 1 times in 24 hours" in said
    assert "Not run: wiki-01 went first" in said
    assert not wikis.rotated()

    # The order, too, is known without the disk: the plan to resume names both.
    status, said = run("retention", "--check", "-e", "run_resume=last")
    assert "wiki-01" in said
    assert "wiki-02" in said

    # A system that another control node works on is refused by name.
    opened = store.open_store(store_url)
    holder = store.Holder("mika", "far.example", "m1", "b1", "pid:[1]", 4711, 99)
    held = {"id": "far", "procedure": "backup", "system": "wiki", "host": "wiki-01", "started": "2026-11-21T12:00:00Z"}
    now = datetime.now(UTC)
    assert store.begin(opened, [held], holder=holder, now=now, lease_seconds=36000) == {"wiki-01": None}
    status, said = run("weekly")
    assert "run far of mika on far.example" in said
    store.release(opened, ["far"])

    for _day in range(2):
        assert run("weekly")[0] == 0
    found = store.runs_between(opened, ["wiki-02"], ["weekly"], now, now + timedelta(hours=1))
    assert [run["state"] for run in found] == ["ok", "ok", "ok"]


def test_a_slice_that_dies_is_named_in_the_report_of_its_job(tmp_path: Path, store_url: str) -> None:
    wikis = fleet(tmp_path / "wikis", 4)
    opened = store.open_store(store_url)
    part = store.Part("awx-7-weekly", "died", "weekly", ("wiki-02", "wiki-04"))
    begun = {"id": "died-02", "procedure": "weekly", "system": "wiki", "host": "wiki-02", "job": part.job}
    begun["started"] = datetime.now(UTC).isoformat()
    holder = store.Holder("mika", "far.example", "m1", "b1", "pid:[1]", 4711, 99)
    store.begin(opened, [begun], holder=holder, now=datetime.now(UTC), lease_seconds=36000, part=part)

    alive = started(slice_of(wikis, 0, 2), tmp_path / "disk", store_url, *of_awx(7, 0))
    said = alive.communicate(timeout=HANGS_SECONDS)[0]
    assert alive.returncode == 0, said
    assert f"report.yml -e report_job={part.job}" in " ".join(said.split())
    assert not list((tmp_path / "disk").rglob("*.txt")), "another slice has not ended: it would write the report"

    arguments = ("-e", f"report_job={part.job}", "-e", "report_procedure=weekly")
    again = play(
        wikis.inventory, tmp_path / "disk", *arguments, playbook="playbooks/report.yml", AIOPS_STORE_URL=store_url
    )
    assert again.status == 0, again.output
    text = " ".join(next((tmp_path / "disk" / "reports").glob("*.en.txt")).read_text().split())
    assert "4 systems: Unknown 2, Normal 2" in text
    assert "Not run: the control node ended before it came to this system." in text
    assert "The run has begun and nothing is recorded of it." in text


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes what is posted."""

    taken: ClassVar[list[str]] = []

    def do_POST(self) -> None:  # the name that http.server asks for
        """Keep the text and say that all is well."""
        self.taken.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def test_an_incident_goes_on_from_another_control_node(tmp_path: Path, store_url: str) -> None:
    port = free_port()
    inventory = incident_system(tmp_path, hook=f"http://127.0.0.1:{port}/hook", rung={"approval": True})
    (tmp_path / "wiki.log").write_text("what the log said\n")
    logs = json.dumps({"logs": [str(tmp_path / "wiki.log")]})
    asked = '"system_incident": {'
    inventory.write_text(inventory.read_text().replace(asked, f'{asked}"evidence": {logs}, '))

    def run(playbook: str, disk: str, *arguments: str) -> Played:
        return play(
            *(inventory, tmp_path / disk, *arguments), playbook=f"playbooks/{playbook}.yml", AIOPS_STORE_URL=store_url
        )

    waits = run("incident", "first")
    assert waits.status == 2, waits.output
    opened = store.open_store(store_url)
    (incident,) = incidents.incidents(opened, open_only=True)
    shutil.rmtree(tmp_path / "first")
    kept = incidents.incident_events(opened, [incident["id"]])[incident["id"]]
    evidence = next(event["detail"] for event in kept if event["kind"] == "evidence")
    assert "what the log said" in json.dumps(evidence["content"]), "the evidence was not on the disk alone"
    assert outbox.messages(opened, states=[outbox.PENDING])

    now = datetime.now(UTC)
    approval = {
        "id": "a1",
        "host": "wiki-1",
        "system": "wiki",
        "step": "incident_rotate",
        "operator": "mika",
        "note": "",
    }
    approvals.approve(opened, {**approval, "approved": now, "until": now + timedelta(hours=1)})
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE messages SET due = created")
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Hook) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        healed = run("incident", "second")
        receiver.shutdown()
    assert healed.status == 0, healed.output
    (over,) = incidents.incidents(opened)
    assert (over["id"], over["state"]) == (incident["id"], "recovered"), "joined, and not opened anew"
    assert not outbox.messages(opened, states=[outbox.PENDING])
    keys = [row["id"] for row in outbox.messages(opened, states=[outbox.DELIVERED])]
    assert len(Hook.taken) == len(keys) >= 2, "each message has arrived once, that of the first node, too"
    assert list((tmp_path / "second" / "reports").glob("*.final.en.txt"))
