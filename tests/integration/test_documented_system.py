# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system that docs/extending.md describes step by step is one that runs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.integration.weekly.runs import CHECKOUT, play

BLOCK = re.compile(
    r"^```yaml\n# (?:inventories/production/)?(group_vars/\S+\.yml)\n(.*?)^```", re.DOTALL | re.MULTILINE
)


@pytest.fixture
def documented(tmp_path: Path) -> Path:
    """Write the files of the documentation, with the example's contacts and a free port; return the inventory."""
    blocks = BLOCK.findall((CHECKOUT / "docs" / "extending.md").read_text(encoding="utf-8"))
    assert {Path(name).name for name, _text in blocks} >= {"system.yml", "site.yml", "backup.yml", "incident.yml"}
    for name, text in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("---\n" + text, encoding="utf-8")
    shutil.copytree(CHECKOUT / "inventories" / "example" / "group_vars" / "all", tmp_path / "group_vars" / "all")
    host = {"ansible_connection": "local", "wiki_port": 9, "wiki_root": str(tmp_path), "wiki_logs": str(tmp_path)}
    groups = {"children": {"wiki_containers": {"hosts": {"wiki-1": host}}}}
    inventory = {"all": {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}, "wiki": groups}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    return tmp_path / "hosts.json"


def test_its_week_and_its_incident_are_planned_from_the_files_alone(documented: Path) -> None:
    state = documented.parent / "state"
    week = play(documented, state, "--check")
    said = " ".join(week.output.split())
    assert (week.status, "Traceback" in said) == (2, False), "its health check finds nobody at the port"
    assert "Health check" in said
    assert "Failed at: profile" not in said
    incident = play(documented, state, "--check", playbook="playbooks/incident.yml")
    # The restart's plan asks systemd, which this machine may not have; the rung after it only waits.
    assert "incident_restart" in incident.output, incident.output
    assert "incident_reboot" in incident.output, incident.output
    assert not state.exists()
