# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that AWX reads, keeps and hands to a job as a script describes the same systems."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import CHECKOUT

SAID = (
    "msg={{ [system_actions, system_checks, system_channels, system_contacts, system_report, ansible_become]"
    " | to_json(sort_keys=true) | hash('sha256') }}"
)
EXAMPLE = "inventories/example/hosts.yml"


def said(program: str, inventory: str, *arguments: str) -> str:
    """Run one of Ansible's programs on an inventory and return what it prints."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), "-i", inventory, *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "AIOPS_SLACK_WEBHOOK_URL": "https://chat.example.org/x"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def profiles(inventory: str) -> dict[str, str]:
    """Return a digest of each host's profile."""
    printed = said("ansible", inventory, "all", "-m", "ansible.builtin.debug", "-a", SAID)
    return dict(re.findall(r"^(\S+) \| SUCCESS =>\s+msg: (\w{64})$", printed, re.MULTILINE))


def test_a_job_sees_the_profiles_of_the_project(tmp_path: Path) -> None:
    exported = said("ansible-inventory", EXAMPLE, "--list", "--export")
    script = tmp_path / "hosts"
    script.write_text(f'#! /usr/bin/env python3\nprint(r"""{exported}""")\n')
    script.chmod(0o700)
    there = profiles(EXAMPLE)
    assert len(there) == 5
    assert profiles(str(script)) == there
