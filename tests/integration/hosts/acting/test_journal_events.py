# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real journal's entry becomes an incident by a real ansible-rulebook, and the service is running again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hosts.definition import INVENTORY
from tests.hosts.ssh import CLIENT_CONFIGURATION
from tests.integration.eda.rulebooks import rulebook
from tests.integration.hosts.acting.incidents import Desk, desk_for
from tests.integration.hosts.plays import on_host, settle

HOST = "ai-diy-1"
pytestmark = pytest.mark.xdist_group("ai-diy-1")
NO_RESTART = "/run/systemd/system/ai-diy.service.d/stay-down.conf"

#: Keeps systemd from healing the service by itself.
STAY_DOWN = f"""
mkdir -p "$(dirname {NO_RESTART})"
printf '[Service]\\nRestart=no\\n' > {NO_RESTART}
systemctl daemon-reload
"""

#: An error of the last hour would keep the incident open after the restart.
WITHOUT_ERRORS = """
find /opt/ai-diy/logs -name '*.jsonl' -mmin -70 -exec sed -i '/"level": *"ERROR"/d' {} +
"""


@pytest.fixture
def desk(prepared: Callable[..., None], tmp_path: Path) -> Iterator[Desk]:
    """Return the host, whose service stays down when it dies, and its receivers."""
    prepared(HOST)
    on_host(HOST, WITHOUT_ERRORS + STAY_DOWN)
    with desk_for(HOST, tmp_path) as desk:
        yield desk
    on_host(HOST, f"rm {NO_RESTART}; systemctl daemon-reload; systemctl start ai-diy")
    settle(HOST)


def copied(directory: Path) -> Path:
    """Return a copy of the inventory, as the rule engine makes one, with keys that are found from there."""
    inventory = directory / "inventory"
    shutil.copytree(INVENTORY, inventory)
    keys = {"test_hosts_directory": str(CLIENT_CONFIGURATION.parent)}
    (inventory / "group_vars" / "test_hosts.yml").write_text(json.dumps(keys))
    return inventory


def test_what_systemd_says_of_a_dead_service_has_it_restarted(desk: Desk, tmp_path: Path) -> None:
    position = tmp_path / "position"
    settings = {
        "aiops_systems": [{"host": HOST}],
        "aiops_journal_ssh": HOST,
        "aiops_journal_ssh_config": str(CLIENT_CONFIGURATION),
        "aiops_journal_units": ["ai-diy.service"],
        "aiops_journal_priority": "warning",
        "aiops_journal_pattern": "Failed with result",
        "aiops_journal_position_file": str(position),
    }
    newest = on_host(HOST, "journalctl --lines=1 --quiet --output=json").strip()
    cursor = json.loads(newest)["__CURSOR"]
    position.write_text(cursor)
    # What happens while the rule engine is away is read when it comes.
    on_host(HOST, "systemctl kill --signal=KILL ai-diy")
    with rulebook("journal", copied(tmp_path), **settings) as running:
        running.until("the incident is over", desk.over)
        assert desk.events()[0]["key"].startswith("journal/")
        assert desk.steps() == {"incident_restart": "healed"}
        assert on_host(HOST, "systemctl is-active ai-diy") == "active\n"
        assert position.read_text() != cursor
    assert {mail["To"] for mail in desk.box.mails} == {"operations@example.com"}
