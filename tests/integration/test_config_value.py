# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""config_value through Ansible: the plan, the deed, nothing left to do, and the way back."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.integration.ansible_module import call_module
from tests.unit.databases.making import everything_in

BEFORE = b"# The budget.\r\nDAILY_BUDGET_USD=10.0  # a day\r\nAPI_KEY=sk-secret\r\n"


def test_check_then_set_then_nothing_left_then_back(tmp_path: Path) -> None:
    path = tmp_path / ".env.local"
    path.write_bytes(BEFORE)
    refuse = "import sys; sys.exit('DAILY_BUDGET_USD=0' in open(sys.argv[1]).read())"
    arguments = {
        "path": str(path),
        "settings": [{"key": "DAILY_BUDGET_USD", "value": 5.0}, {"key": "API_KEY", "value": "sk-other"}],
        "validate": [sys.executable, "-c", refuse, "{candidate}"],
    }
    untouched = everything_in(tmp_path)
    planned = call_module("config_value", arguments, "--check", "--diff")
    assert planned.word == "CHANGED"
    assert everything_in(tmp_path) == untouched
    assert "-DAILY_BUDGET_USD: 10.0" in planned.difference
    assert "sk-" not in planned.difference
    done = call_module("config_value", arguments)
    assert done.result["changes"] == planned.result["changes"]
    assert path.read_bytes() == BEFORE.replace(b"10.0", b"5.0").replace(b"sk-secret", b"sk-other")
    assert Path(done.result["backup"]).read_bytes() == BEFORE
    again = call_module("config_value", arguments)
    assert (again.word, again.result["backup"]) == ("SUCCESS", None)
    zero = [{"key": "DAILY_BUDGET_USD", "value": 0}]
    for options in (["--check"], []):
        refused = call_module("config_value", {**arguments, "settings": zero}, *options)
        assert "refuses it with status 1" in refused.result["msg"]
    back = call_module("config_value", {"path": str(path), "restore": "previous"})
    assert back.result["restored"] == done.result["backup"]
    assert path.read_bytes() == BEFORE
    assert len(back.result["backups"]) == 1


def test_old_copies_are_planned_and_go_and_the_way_back_stays(tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    path.write_text("A=0\n")
    for number in range(1, 4):
        call_module("config_value", {"path": str(path), "settings": [{"key": "A", "value": number}]})
    before = everything_in(tmp_path)
    arguments = {"path": str(path), "settings": [{"key": "A", "value": 9}], "keep_copies": 2}
    planned = call_module("config_value", arguments, "--check")
    assert everything_in(tmp_path) == before
    assert planned.result["removed_copies"] == planned.result["backups"][1:]
    done = call_module("config_value", arguments)
    assert done.result["removed_copies"] == planned.result["removed_copies"]
    assert len(list(tmp_path.glob("*.bak"))) == 2
    assert call_module("config_value", arguments).result["removed_copies"] == []
    call_module("config_value", {"path": str(path), "restore": "previous", "keep_copies": 1})
    assert path.read_text() == "A=3\n"
    assert len(list(tmp_path.glob("*.bak"))) == 1


def test_old_evidence_is_planned_and_goes(tmp_path: Path) -> None:
    old = [tmp_path / f"2026010{day}_000000_restart" for day in (1, 2)]
    for directory in old:
        directory.mkdir()
        (directory / "evidence.txt").write_text("old")
    arguments = {"directory": str(tmp_path), "label": "restart", "keep": 2, "keep_days": 0}
    before = everything_in(tmp_path)
    planned = call_module("evidence_save", arguments, "--check")
    assert everything_in(tmp_path) == before
    done = call_module("evidence_save", arguments)
    assert done.result["removed"] == planned.result["removed"] == [str(old[0])]
    assert sorted(tmp_path.iterdir()) == sorted([old[1], Path(done.result["directory"])])
