# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detection that is down: restarted where that helps, escalated where it does not, and asked about afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import testinfra.host

from tests.integration.hosts.acting.incidents import Desk, desk_for
from tests.integration.hosts.plays import on_host

HOST = "smartbox-1"
pytestmark = pytest.mark.xdist_group("smartbox-1")
ROOT = "/opt/smartbox"
#: An isolation forest that expects next to no anomalies finds none.
BLIND = f"""cp -p {ROOT}/config.json /root/config.json
python3 - <<'END'
import json
with open("{ROOT}/config.json") as file:
    content = json.load(file)
content["model"]["contamination"] = 0.001
with open("{ROOT}/config.json", "w") as file:
    json.dump(content, file)
END
docker stop --time 1 smartbox-anomaly
"""
UNSTARTABLE = f"""cp -p {ROOT}/docker-compose.yml /root/compose.yml
sed -i 's|^    command: .python3, -m, demo, serve, smartbox|    entrypoint: /missing\\n&|' {ROOT}/docker-compose.yml
docker rm --force smartbox-anomaly
"""


@pytest.fixture(scope="module")
def desk(prepared: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return a healthy host with its receivers."""
    prepared(HOST)
    with desk_for(HOST, tmp_path_factory.mktemp("incidents")) as desk:
        yield desk


@pytest.fixture(autouse=True)
def own_incident(desk: Desk) -> Iterator[None]:
    """End the incident of each test."""
    yield
    desk.close()
    desk.hook.texts.clear()
    desk.box.mails.clear()


def test_stopped_detection_is_restarted_and_the_questions_afterwards_are_answered(
    desk: Desk, testinfra_host: Callable[[str], testinfra.host.Host]
) -> None:
    host = testinfra_host(HOST)
    since = "docker inspect smartbox-admin-dashboard-1 --format '{{.State.StartedAt}}'"
    dashboard = host.check_output(since)
    on_host(HOST, BLIND)
    try:
        acted = desk.act()
    finally:
        on_host(HOST, f"cp -p /root/config.json {ROOT}/config.json; docker start smartbox-anomaly")
    assert acted.returncode == 0, acted.output
    assert (desk.incident()["level"], desk.incident()["state"]) == ("P1", "recovered")
    assert desk.steps() == {"incident_restart": "healed"}
    evidence = desk.evidence()
    assert any("smartbox-anomaly" in line and "Exited" in line for line in evidence["command compose ps"])
    assert evidence["command compose logs"]
    assert host.check_output(since) == dashboard, "only the detection was restarted"
    final = next((desk.state / "reports").glob("*.final.en.txt")).read_text(encoding="utf-8")
    asked, corrective = (
        next(part for part in final.split("\n\n") if part.startswith(f"■ {title}:")).splitlines()[1:]
        for title in ("Questions Afterwards", "Corrective Actions")
    )
    assert "- Was it a novel failure pattern? open" in asked
    (low,) = (line for line in asked if line.startswith("- Was contamination too low?"))
    assert "0.001" in low, "answered from the file"
    (running,) = (line for line in asked if line.startswith("- Was inference running?"))
    assert "The container of yaga has ended" in running, "as it was, not as it is now"
    assert any(line.startswith("- Raise contamination (sensitivity.yml) (Contamination: ") for line in corrective)
    assert not any("Retrain" in line for line in corrective), "the models are young"


def test_detection_that_cannot_start_waits_for_the_approval_of_a_reboot_and_is_told_once(desk: Desk) -> None:
    on_host(HOST, UNSTARTABLE)
    try:
        first = desk.act()
        told = list(desk.hook.texts)
        again = desk.act()
    finally:
        on_host(
            HOST,
            f"""cp -p /root/compose.yml {ROOT}/docker-compose.yml; cd {ROOT}
            docker compose up --detach --wait --wait-timeout 300""",
        )
    assert (first.returncode, again.returncode) == (2, 2)
    steps = [(each["detail"]["name"], each["detail"]["outcome"]) for each in desk.events() if each["kind"] == "rung"]
    assert steps[:2] == [("incident_restart", "failed"), ("incident_reboot", "waiting")]
    assert first.states["incident_reboot"] == "planned"
    assert "approval" in desk.incident()["categories"]
    assert desk.hook.texts == told, "the second run joined, nobody is told again"
    assert "infrastructure@example.com" in [mail["To"] for mail in desk.box.mails]
