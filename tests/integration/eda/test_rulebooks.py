# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events become incidents by a real ansible-rulebook: alerts of a real Alertmanager, and runs that found something."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents
from tests.integration.eda.rulebooks import TOKEN, Rulebook, ask, need, rulebook
from tests.integration.incidents.test_incident_plays import newest, opened, run, system
from tests.integration.weekly.runs import FAR_AHEAD, LONG_AGO
from tests.ports import free_port

SYSTEMS = [{"host": "wiki-1", "labels": {"instance": "wiki.example:9100"}}]


def alert(status: str = "firing", host: str = "wiki.example:9100", **changes: Any) -> dict[str, Any]:
    """Return a notification as Alertmanager 0.25 sends it."""
    labels = {"alertname": "WikiSlow", "instance": host, "severity": "critical"}
    one = {
        "status": status,
        "labels": labels,
        "annotations": {"summary": "Pages take 9 s {{ lookup('ansible.builtin.pipe', 'touch evaluated') }}"},
        "startsAt": "2026-11-26T03:00:12.345Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-11-26T03:20:12.345Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=x",
        "fingerprint": "8d1f2a3b4c5d6e7f",
        **changes,
    }
    return {
        "receiver": "runbooks",
        "status": status,
        "alerts": [one],
        "groupLabels": {"alertname": "WikiSlow"},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example:9093",
        "version": "4",
        "groupKey": '{}:{alertname="WikiSlow"}',
        "truncatedAlerts": 0,
    }


def well(tmp_path: Path) -> Path:
    """Return the inventory of a wiki that its own checks find well."""
    (tmp_path / "wiki.log").write_text("")
    return system(tmp_path)


def finished(inventory: Path) -> list[dict[str, Any]]:
    """Return the runs that are over."""
    view = store.open_store(f"sqlite:///{inventory.parent}/state/store.sqlite", create=False, read_only=True)
    found = store.runs_between(view, None, ["incident"], LONG_AGO, FAR_AHEAD)
    return [each for each in found if each["finished"]]


def test_an_alert_opens_one_incident_its_repetition_none_and_its_end_closes_it(tmp_path: Path) -> None:
    inventory = well(tmp_path)
    port = free_port()
    settings = {"aiops_systems": SYSTEMS, "aiops_alertmanager_port": port}
    with rulebook("alertmanager", inventory, port, **settings) as running:
        assert running.post(alert()) == (202, {"events": 1, "about_no_system": []})
        assert running.post(alert()) == (202, {"events": 1, "about_no_system": []})
        assert running.post(alert(host="other"))[1] == {"events": 0, "about_no_system": ["WikiSlow"]}
        running.until("the incident is open", lambda: finished(inventory))
        incident, events = newest(inventory)
        assert (incident["level"], incident["state"]) == ("P2", "open")
        assert events[0]["key"] == "alertmanager/8d1f2a3b4c5d6e7f/2026-11-26T03:00:12.345Z"
        assert incident["facts"]["status"]["en"].startswith("Alertmanager: WikiSlow: Pages take 9 s ((")
        running.post(alert("resolved"))
        running.until("the incident is over", lambda: newest(inventory)[0]["state"] == "recovered")
        # Had the repetition not been held back, its run would stand before that of the end.
        running.until("the run is recorded", lambda: len(finished(inventory)) >= 2)
        assert len(finished(inventory)) == 2
    with rulebook("alertmanager", inventory, port, **settings) as running:
        # A new process knows nothing of what was throttled: the key stands in the store.
        running.post(alert())
        running.until("the late repetition is worked on", lambda: len(finished(inventory)) == 3)
    assert len(incidents.incidents(opened(inventory))) == 1
    assert [each["kind"] for each in newest(inventory)[1]].count("detected") == 1
    assert not list(tmp_path.rglob("evaluated"))


@contextlib.contextmanager
def alertmanager(directory: Path, receiver: Rulebook) -> Iterator[int]:
    """Run a real Alertmanager that notifies a rulebook, and yield its port."""
    need("prometheus-alertmanager", "prometheus-alertmanager")
    hook = {
        "url": f"http://127.0.0.1:{receiver.port}/alertmanager",
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": TOKEN}},
    }
    route = {"receiver": "runbooks", "group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h"}
    configuration = directory / "alertmanager.yml"
    configuration.write_text(
        json.dumps({"route": route, "receivers": [{"name": "runbooks", "webhook_configs": [hook]}]})
    )
    port = free_port()
    command = ["prometheus-alertmanager", f"--config.file={configuration}", f"--storage.path={directory / 'alerts'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with (directory / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        receiver.until("Alertmanager answers", lambda: ready(port))
        yield port
    finally:
        process.terminate()
        process.wait(120)


def ready(port: int) -> bool:
    """Tell whether Alertmanager takes alerts."""
    with contextlib.suppress(OSError):
        return ask(port, "GET", "/-/ready")[0] == 200
    return False


def raise_alert(port: int, ends: datetime) -> None:
    """Tell Alertmanager of an alert, as Prometheus does."""
    told = {
        "labels": {"alertname": "WikiDown", "instance": "wiki.example:9100", "severity": "page"},
        "annotations": {"summary": "The wiki is down"},
        "startsAt": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
        "endsAt": ends.isoformat(),
    }
    headers = {"Content-Type": "application/json"}
    assert ask(port, "POST", "/api/v2/alerts", json.dumps([told]).encode(), headers)[0] == 200


def test_a_real_alertmanager_opens_and_closes_an_incident(tmp_path: Path) -> None:
    inventory = well(tmp_path)
    port = free_port()
    settings = {"aiops_systems": SYSTEMS, "aiops_alertmanager_port": port, "aiops_alertmanager_levels": {"page": "P3"}}
    with (
        rulebook("alertmanager", inventory, port, **settings) as running,
        alertmanager(tmp_path, running) as server,
    ):
        raise_alert(server, datetime.now(UTC) + timedelta(hours=1))
        running.until("the incident is open", lambda: finished(inventory))
        assert newest(inventory)[0]["level"] == "P3"
        raise_alert(server, datetime.now(UTC))
        running.until("the incident is over", lambda: newest(inventory)[0]["state"] == "recovered")
    assert len(incidents.incidents(opened(inventory))) == 1


def test_a_run_that_found_something_has_it_seen_to(tmp_path: Path) -> None:
    inventory = system(tmp_path)
    log = tmp_path / "wiki.log"
    log.write_text("")
    assert run(inventory, name="daily").status == 0
    with rulebook("runs", inventory, aiops_systems=[{"host": "wiki-1"}], aiops_runs_every_seconds=1) as running:
        log.write_text("full\n")
        found = run(inventory, name="daily")
        assert found.status == 2, found.output
        (bad,) = [each["id"] for each in found.runs() if each["procedure"] == "daily" and each["priority"]]
        running.until("the incident is over", lambda: finished(inventory))
        incident, events = newest(inventory)
        assert (incident["level"], incident["state"]) == ("P1", "recovered")
        assert events[0]["key"] == f"run/{bad}"
        assert log.read_text() == ""
    assert len(finished(inventory)) == 1
