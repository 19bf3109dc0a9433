# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the image holds the configuration it is built again with every change, and on every way back (SBX-27..29)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("smartbox-1")
HOST = "smartbox-1"
CONFIG = "/opt/smartbox/config.json"
CONTAINERS = "docker inspect smartbox-anomaly smartbox-admin-dashboard-1 --format '{{.Id}} {{.Image}}'"
MODELS = "cd /opt/smartbox; find smartbox_models -type f | sort | xargs sha256sum | sha256sum"
BAKED = ("-e", "smartbox_config_baked_in=true")
#: A training that fails after it has destroyed models.
TORN = (
    "-e",
    json.dumps(
        {
            "smartbox_run_prefix": [
                *["docker", "compose", "run", "--rm", "-T", "--name", "{{ smartbox_run_name }}"],
                *["-e", "DEMO_TRAP=torn", "{{ smartbox_compose_service }}"],
            ]
        }
    ),
)
Run = Callable[..., Acted]


@pytest.fixture(scope="module")
def host(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]
) -> Iterator[testinfra.host.Host]:
    """Return the host with an image that holds the configuration; it is as it was afterwards."""
    prepared(HOST)
    on_host(HOST, Path(__file__).with_name("baked.script").read_text(encoding="utf-8"))
    yield testinfra_host(HOST)
    on_host(
        HOST,
        f"""cd /opt/smartbox; cp -a /root/baked/* .
        rm -rf Dockerfile .dockerignore /root/baked smartbox_models/reviews sensitivity.json* {CONFIG}.*.bak
        docker compose up --detach --wait --wait-timeout 300
        docker rmi --force smartbox/anomaly:built smartbox/base:local; docker image prune --force""",
    )


@pytest.fixture
def run(act: Run) -> Run:
    """Return a function that runs a procedure on the host."""
    return lambda procedure, *arguments: act(procedure, HOST, *BAKED, *arguments)


def configured(host: testinfra.host.Host) -> tuple[str, str, str]:
    """Return the configuration of the file, of the detection's container and of the dashboard's."""
    inside = [f"docker exec {name} cat /app/config.json" for name in ("smartbox-anomaly", "smartbox-admin-dashboard-1")]
    return str(host.file(CONFIG).content_string), *(on_host(HOST, command) for command in inside)


def test_a_new_service_is_in_the_image_trained_and_watched(host: testinfra.host.Host, run: Run) -> None:
    new = ("-e", "smartbox_service=reviews", "-e", "smartbox_category=standard", "-e", "smartbox_new_service=true")
    [old, *_inside], containers = configured(host), host.check_output(CONTAINERS)
    assert run("sensitivity", "--check", *new).returncode == 0
    assert (configured(host), host.check_output(CONTAINERS)) == ((old, old, old), containers)
    done = run("sensitivity", *new)
    assert done.states == {"change_sensitivity": "done", "train": "done"}, done.output
    [config, *inside] = configured(host)
    assert inside == [config, config]
    # One name in one list; every other byte is as it was.
    assert "".join(config.replace('"reviews"', "").replace(",", "").split()) == "".join(old.replace(",", "").split())
    assert "reviews" in json.loads(config)["services"]["standard"]
    assert set(host.check_output(CONTAINERS).split()).isdisjoint(containers.split())
    assert done.detail("train")["trained"] == ["reviews"]
    assert any(step.startswith("inference: ") for step in done.detail("train")["steps"])
    assert host.file("/opt/smartbox/smartbox_models/reviews/night_hours/metadata.json").exists
    assert done.detail("change_sensitivity")["watch_until"]
    containers = host.check_output(CONTAINERS)
    assert run("sensitivity", *new).states == {"change_sensitivity": "skipped", "train": "skipped"}
    assert host.check_output(CONTAINERS) == containers


def test_a_temporary_change_is_in_the_image_and_goes_back_out_of_it_when_due(
    host: testinfra.host.Host, run: Run
) -> None:
    before = configured(host)
    change = ("-e", "smartbox_service=search", "-e", "smartbox_contamination=0.01", "-e", "smartbox_goal=fewer_alerts")
    done = run("sensitivity", *change, "-e", "smartbox_change_days=0.00001")
    assert done.states == {"change_sensitivity": "done", "train": "done"}, done.output
    assert all('"search": 0.01' in text for text in configured(host))
    back = run("retrain")
    assert back.detail("change_sensitivity")["put_back"] == ["search"], back.output
    assert configured(host) == before


def test_an_image_that_cannot_be_built_leaves_everything_as_it_was(host: testinfra.host.Host, run: Run) -> None:
    before, containers = (configured(host), on_host(HOST, MODELS)), host.check_output(CONTAINERS)
    on_host(HOST, "cd /opt/smartbox; mv Dockerfile whole; { cat whole; echo COPY missing /app/; } > Dockerfile")
    change = ("-e", "smartbox_service=search", "-e", "smartbox_contamination=0.01", "-e", "smartbox_goal=fewer_alerts")
    try:
        failed = run("sensitivity", *change)
    finally:
        on_host(HOST, "cd /opt/smartbox; mv whole Dockerfile")
    assert (failed.states["change_sensitivity"], failed.states["train"]) == ("failed", "skipped"), failed.output
    assert "the old configuration is back" in failed.detail("change_sensitivity")["message"]
    assert ((configured(host), on_host(HOST, MODELS)), host.check_output(CONTAINERS)) == (before, containers)


def test_a_training_that_fails_takes_the_configuration_back_out_of_the_image(
    host: testinfra.host.Host, run: Run
) -> None:
    before = configured(host), on_host(HOST, MODELS)
    change = ("-e", "smartbox_service=search", "-e", "smartbox_contamination=0.01", "-e", "smartbox_goal=fewer_alerts")
    failed = run("sensitivity", *change, *TORN)
    assert failed.states["train"] == "failed", failed.output
    assert failed.states["rollback_change_sensitivity"] == "done"
    assert (configured(host), on_host(HOST, MODELS)) == before
    # Nothing is noted either: the next retraining has no reason to train.
    assert run("retrain").states == {"change_sensitivity": "skipped", "train": "skipped"}


def test_drift_is_enabled_in_the_image_or_in_neither(host: testinfra.host.Host, run: Run) -> None:
    before = configured(host), on_host(HOST, MODELS)
    failed = run("enable_drift", *TORN)
    assert failed.states["train_baselines"] == "failed", failed.output
    assert (configured(host), on_host(HOST, MODELS)) == before
    done = run("enable_drift")
    assert set(done.states.values()) == {"done"}, done.output
    assert configured(host) == tuple(
        before[0][0].replace('"check_drift": false', '"check_drift": true') for _copy in "123"
    )
