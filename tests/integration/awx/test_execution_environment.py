# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-builder builds the execution environment, and jobs run in it as in AWX: only the store outlives a job."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from tests.conftest import CHECKOUT
from tests.hosts.containers import podman
from tests.hosts.definition import CONTAINERS_CONF
from tests.hosts.images import bootstrap
from tests.integration.awx import surveys
from tests.integration.weekly.runs import FAR_AHEAD, LONG_AGO

BUILDER = Path(sys.executable).with_name("ansible-builder")
IMAGE = "localhost/aiops-execution-environment:test"
#: Where an execution environment has its collections; AWX names more places, which are empty here.
PLACES = "/runner/requirements_collections:/usr/share/ansible/collections"
HEALTH = {"name": "health", "kind": "command", "every": ["weekly"], "parameters": {"argv": ["true"]}}
BROKEN = {**HEALTH, "name": "broken", "parameters": {"argv": ["false"]}}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create what the image is built from, with the collection as it is now."""
    here = tmp_path_factory.mktemp("builder")
    shutil.copy(CHECKOUT / "execution-environment.yml", here)
    (here / ".cache/build").mkdir(parents=True)
    for command in (
        [str(BUILDER.with_name("ansible-galaxy")), "collection", "build", "--output-path", str(here / ".cache/build")],
        [str(BUILDER), "create", "--file", str(here / "execution-environment.yml"), "--context", str(here / "context")],
    ):
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
    return here / "context"


def test_the_definition_takes_the_collection_of_this_version_and_what_a_store_needs(context: Path) -> None:
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"]
    archive = f"collections/aiops-runbooks-{version}.tar.gz"
    wanted = yaml.safe_load((context / "_build/requirements.yml").read_text())
    assert wanted["collections"] == [{"name": archive, "type": "file"}]
    assert (context / "_build" / archive).is_file()
    assert "psycopg[binary]" in (context / "_build/requirements.txt").read_text()
    containerfile = (context / "Containerfile").read_text()
    assert "ansible-core>=2.19,<2.20" in containerfile
    assert "USER 1000" in containerfile


@pytest.fixture(scope="module")
def image(context: Path) -> str:
    """Build the image on a Debian of this machine's own, because no registry is asked."""
    if os.geteuid() or not all(map(shutil.which, ("podman", "runc", "mmdebstrap"))):
        message = "NOT TESTED: the execution environment. It needs root, and podman, runc and mmdebstrap (Debian)."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    # The machine's network and its authorities: mirrors may be known here only.
    here = ["--network=host", "--volume=/etc/ssl/certs:/etc/ssl/certs:ro"]
    podman("build", "--quiet", *here, f"--build-arg=EE_BASE_IMAGE={bootstrap()}", f"--tag={IMAGE}", str(context))
    return IMAGE


def job(directory: Path, image: str, monkeypatch: pytest.MonkeyPatch, playbook: str, store_url: str) -> Any:
    """Run a job as AWX does: the project beside the inventory as a script, the survey's answers, and the credential."""
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "project").mkdir(parents=True)
    shutil.copytree(CHECKOUT / "playbooks", directory / "project/playbooks")
    shutil.copy(CHECKOUT / "ansible.cfg", directory / "project")
    (directory / "inventory").mkdir()
    script = directory / "inventory/hosts"
    script.write_text(f'#! /usr/bin/env python3\nprint(r"""{json.dumps(fleet())}""")\n')
    script.chmod(0o700)
    monkeypatch.setenv("CONTAINERS_CONF", str(CONTAINERS_CONF))
    spec = yaml.safe_load((CHECKOUT / "awx/surveys.yml").read_text())["awx_surveys"]
    return ansible_runner.run(
        private_data_dir=str(directory),
        playbook=f"playbooks/{playbook}.yml",
        extravars={**surveys.defaults({"spec": spec[playbook]}), "awx_user_name": "tanaka"},
        envvars={"AIOPS_STORE_URL": store_url, "ANSIBLE_COLLECTIONS_PATH": PLACES},
        process_isolation=True,
        process_isolation_executable="podman",
        container_image=image,
        # The user inside is the one outside, as AWX has it.
        container_options=["--network=host", "--user=root"],
        quiet=True,
    )


def fleet() -> dict[str, Any]:
    """Return the inventory of an invented system inside the job, as AWX's script prints it."""
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "system_name": "wiki",
        "system_checks": [HEALTH, BROKEN],
        "system_verification": ["health"],
    }
    return {"all": {"hosts": ["wiki-1"]}, "_meta": {"hostvars": {"wiki-1": host}}}


def test_the_image_has_the_collection_and_what_it_needs_for_a_user_without_rights(image: str) -> None:
    told = "id -u; ansible-galaxy collection list aiops.runbooks; python3 -c 'import sqlalchemy, psycopg'; which ssh"
    said = podman("run", "--rm", "--network=none", image, "bash", "-ec", told).split()
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"]
    assert (said[0], said[-1]) == ("1000", "/usr/bin/ssh")
    assert said[said.index("aiops.runbooks") + 1] == version


def test_a_weekly_job_in_the_image_looks_records_and_leaves_all_it_needs_in_the_store(
    image: str, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        ran = job(tmp_path / "job", image, monkeypatch, "weekly", store_url)
        said = ran.stdout.read()
        assert (ran.status, ran.rc) == ("failed", 2), said
        assert "Report: " in said
        # The job before is gone with its directory; what it found is known.
        opened = store.open_store(store_url, create=False, read_only=True)
        runs = store.runs_between(opened, None, None, LONG_AGO, FAR_AHEAD)
        assert len(runs) == number
        assert {run["operator"] for run in runs} == {"tanaka"}
        states = {result["check"]: result["state"] for result in runs[-1]["results"]}
        assert states == {"health": "ok", "broken": "critical"}
