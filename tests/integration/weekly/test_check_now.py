# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One check now, in one line, with the exit status of a Nagios plugin (SBX-04)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.weekly.runs import play


@pytest.mark.parametrize(
    ("kind", "parameters", "levels", "status"),
    [
        ("memory", {}, {"critical": "> 100"}, 0),
        ("memory", {}, {"warning": ">= 0"}, 1),
        ("memory", {}, {"critical": ">= 0"}, 2),
        ("command", {"argv": ["no-such-command"]}, {}, 3),
    ],
)
def test_the_exit_status_is_the_state(
    tmp_path: Path, kind: str, parameters: dict[str, object], levels: dict[str, str], status: int
) -> None:
    check = {"name": "one", "kind": kind, "every": ["daily"], "parameters": parameters, **levels}
    host = {"ansible_connection": "local", "system_name": "wiki", "system_checks": [check, {**check, "name": "two"}]}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"wiki-1": host}}}))
    played = play(
        tmp_path / "hosts.json",
        tmp_path / "state",
        "-e",
        '{"run_checks": ["one"]}',
        playbook="playbooks/check.yml",
        ANSIBLE_STDOUT_CALLBACK="aiops.runbooks.nagios",
    )
    assert played.status == status, played.output
    (line,) = played.output.splitlines()
    assert line.startswith(("OK", "WARNING", "CRITICAL", "UNKNOWN")[status] + ": ")
    assert [result["check"] for result in played.newest()["wiki-1"]["results"]] == ["one"]
