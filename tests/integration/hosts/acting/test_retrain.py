# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""retrain.yml and sensitivity.yml on a host with Docker and a metrics database: trained, or all as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("smartbox-1")
HOST = "smartbox-1"
Act = Callable[..., Acted]
MODELS = "cd /opt/smartbox; find smartbox_models -type f | sort | xargs sha256sum | sha256sum"
EVERYTHING = "cd /opt/smartbox; find smartbox_models config.json -printf '%p %i %s %T@\\n' | sort | sha256sum; ls -a"
CONFIG = "/opt/smartbox/config.json"


@pytest.fixture(scope="module")
def host(prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]) -> testinfra.host.Host:
    """Return the host with its healthy system."""
    prepared(HOST)
    return testinfra_host(HOST)


@pytest.fixture(autouse=True)
def without_a_trap() -> Iterator[None]:
    """Let the application work again, whatever a test came to."""
    yield
    on_host(
        HOST,
        "rm -f /opt/smartbox/.trap; systemctl start victoria-metrics\n"
        "known='http://127.0.0.1:8428/api/v1/query?query=count(vm_app_version)'\n"
        'until curl -s "$known" | grep -q value; do sleep 0.5; done',
    )


def trained(host: testinfra.host.Host, service: str) -> str:
    """Return when the models of a service were trained."""
    return str(host.file(f"/opt/smartbox/smartbox_models/{service}/night_hours/metadata.json").content_string)


def test_a_detection_by_hand_is_believed_for_what_it_prints(host: testinfra.host.Host, act: Act) -> None:
    assert act("run_now", HOST).states["detect"] == "done"
    on_host(HOST, "echo no_models > /opt/smartbox/.trap")
    failed = act("run_now", HOST)
    assert '"error": "no_models"' in failed.detail("detect")["message"]


def test_one_service_is_trained_when_somebody_asks_and_nothing_otherwise(host: testinfra.host.Host, act: Act) -> None:
    before, booking, search = on_host(HOST, EVERYTHING), trained(host, "booking"), trained(host, "search")
    assert act("retrain", HOST, "--check", "-e", "smartbox_train_services=booking").returncode == 0
    assert on_host(HOST, EVERYTHING) == before
    done = act("retrain", HOST, "-e", "smartbox_train_services=booking")
    assert done.states["train"] == "done", done.output
    assert done.detail("train")["trained"] == ["booking"]
    assert trained(host, "booking") != booking
    assert trained(host, "search") == search
    assert "kept the old models" in done.detail("train")["steps"][0]
    again = act("retrain", HOST)
    assert again.states == {"change_sensitivity": "skipped", "train": "skipped"}


@pytest.mark.parametrize(
    ("trap", "fault"),
    [
        ("torn", "It ended with status 5"),
        ("no_models", '"error": "no_models"'),
        ("hang", "It was ended after 20 s"),
    ],
)
def test_a_training_that_does_not_work_leaves_the_old_models(
    host: testinfra.host.Host, act: Act, trap: str, fault: str
) -> None:
    before = on_host(HOST, MODELS)
    on_host(HOST, f"echo {trap} > /opt/smartbox/.trap")
    arguments = ["-e", "smartbox_train_services=booking"]
    failed = act("retrain", HOST, *arguments, *(["-e", "smartbox_training_seconds=20"] if trap == "hang" else []))
    assert failed.states["train"] == "failed", failed.output
    assert fault in failed.detail("train")["message"]
    assert "The old models are back" in failed.detail("train")["message"]
    assert on_host(HOST, MODELS) == before
    assert "smartbox-by-hand" not in on_host(HOST, "docker ps --all")
    if trap == "hang":
        # Whoever waits sees again and again that it is at work.
        assert failed.output.count(f"ASYNC POLL on {HOST}") >= 2


def test_while_another_training_is_at_work_none_is_begun(host: testinfra.host.Host, act: Act) -> None:
    before = on_host(HOST, MODELS)
    train = "python3 -m demo run train --root /app --layout runbook --timezone UTC --service booking"
    on_host(
        HOST,
        f"""cd /opt/smartbox; docker compose run --detach --rm --name other -e DEMO_TRAP=hang yaga {train}
        until docker logs other 2>&1 | grep -q "Training booking"; do sleep 0.2; done""",
    )
    try:
        refused = act("retrain", HOST, "-e", "smartbox_train_services=booking")
    finally:
        on_host(HOST, "docker rm --force other")
    assert refused.states["train"] == "failed", refused.output
    assert "demo run train" in refused.detail("train")["message"]
    assert on_host(HOST, MODELS) == before


def test_without_data_nothing_is_trained(host: testinfra.host.Host, act: Act) -> None:
    on_host(HOST, "systemctl stop victoria-metrics")
    before = on_host(HOST, MODELS)
    refused = act("retrain", HOST, "-e", "smartbox_train_services=all")
    assert "the source of the data does not answer" in refused.detail("train")["message"]
    assert on_host(HOST, MODELS) == before


def test_a_temporary_change_is_trained_and_goes_back_when_it_is_due(host: testinfra.host.Host, act: Act) -> None:
    before, inode = host.file(CONFIG).content_string, on_host(HOST, f"stat -c %i {CONFIG}")
    search = trained(host, "search")
    change = ("-e", "smartbox_service=search", "-e", "smartbox_contamination=0.01", "-e", "smartbox_change_days=0.0001")
    wrong = act("sensitivity", HOST, *change, "-e", "smartbox_goal=more_alerts")
    assert "does the opposite of more_alerts" in wrong.detail("change_sensitivity")["message"]
    assert host.file(CONFIG).content_string == before
    done = act("sensitivity", HOST, *change, "-e", "smartbox_goal=fewer_alerts")
    assert done.states == {"change_sensitivity": "done", "train": "done"}, done.output
    assert done.detail("train")["decisions"][2]["reasons"] == ["sensitivity_changed"]
    assert '"search": 0.01' in host.file(CONFIG).content_string
    changed = trained(host, "search")
    assert changed != search
    # Then the nine seconds are over, however fast the training was.
    on_host(HOST, "sleep 9")
    back = act("retrain", HOST)
    assert back.states == {"change_sensitivity": "done", "train": "done"}, back.output
    assert back.detail("change_sensitivity")["put_back"] == ["search"]
    assert host.file(CONFIG).content_string == before
    assert on_host(HOST, f"stat -c %i {CONFIG}") == inode
    assert trained(host, "search") != changed


def test_a_new_service_gets_its_category_its_models_and_a_watch(host: testinfra.host.Host, act: Act) -> None:
    new = ("-e", "smartbox_service=reviews", "-e", "smartbox_category=standard", "-e", "smartbox_new_service=true")
    done = act("sensitivity", HOST, *new)
    assert done.states == {"change_sensitivity": "done", "train": "done"}, done.output
    assert done.detail("train")["trained"] == ["reviews"]
    assert done.detail("change_sensitivity")["watch_until"]
    assert host.file("/opt/smartbox/smartbox_models/reviews/night_hours/metadata.json").exists
    on_host(HOST, f"cd /opt/smartbox; rm -rf smartbox_models/reviews; cp $(ls {CONFIG}.*.bak | tail -1) {CONFIG}")


def test_drift_is_looked_for_with_new_baselines_or_not_at_all(host: testinfra.host.Host, act: Act) -> None:
    before = host.file(CONFIG).content_string
    on_host(HOST, "echo noop > /opt/smartbox/.trap")
    failed = act("enable_drift", HOST)
    assert failed.states["train_baselines"] == "failed", failed.output
    assert host.file(CONFIG).content_string == before
    on_host(HOST, "rm /opt/smartbox/.trap")
    done = act("enable_drift", HOST)
    assert set(done.states.values()) == {"done"}, done.output
    assert host.file(CONFIG).content_string == before.replace('"check_drift": false', '"check_drift": true')
