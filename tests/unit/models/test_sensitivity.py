# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensitivity is changed in the direction that is meant, in one place of the file, and goes back when it is due."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.retrain_questions import changed_since
from ansible_collections.aiops.runbooks.plugins.module_utils.sensitivity import backwards, settings_for
from ansible_collections.aiops.runbooks.plugins.modules.model_sensitivity import act
from tests.unit.cases import load_cases

CONFIG = """{
  "services": {"critical": ["booking"], "micro": []},
  "model": {
    "contamination": 0.03,
    "contamination_by_service": { "booking":0.06 , "search": 0.05}
  },
  "comment": "\u4e88\u7d04"
}
"""
DAY = 86400.0


def answer(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Return what a function says, or what it refuses to say."""
    try:
        return [list(setting) for setting in function(**arguments)]
    except RunbooksError as error:
        return str(error)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("settings_for"))
def test_what_is_meant_is_written_and_what_cannot_be_meant_is_refused(arguments: dict[str, Any], expected: Any) -> None:
    said = answer(settings_for, arguments)
    assert expected["refused"] in said if isinstance(expected, dict) else said == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("backwards"))
def test_a_change_goes_back_unless_somebody_else_made_another(arguments: dict[str, Any], expected: Any) -> None:
    said = answer(backwards, arguments)
    assert expected["refused"] in said if isinstance(expected, dict) else said == expected


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """Return the module's parameters for a configuration."""
    (tmp_path / "config.json").write_text(CONFIG, encoding="utf-8")
    return {
        "config": str(tmp_path / "config.json"),
        "changes_file": str(tmp_path / "sensitivity.json"),
        "service": "booking",
        "contamination": 0.01,
        "category": None,
        "new_service": False,
        "goal": "fewer_alerts",
        "days": 7.0,
        "put_back": False,
        "watch_days": None,
        "contamination_key": "model.contamination_by_service",
        "default_key": "model.contamination",
        "contamination_is_read": True,
        "category_lists": ["services.critical", "services.micro"],
        "in_place": True,
        "undo": False,
        "keep_copies": 20,
        "keep_copies_days": 365,
    }


def config_of(given: dict[str, Any]) -> str:
    """Return the configuration's text."""
    return Path(given["config"]).read_text(encoding="utf-8")


def test_a_temporary_change_is_one_value_and_goes_back_byte_for_byte(given: dict[str, Any]) -> None:
    inode = os.stat(given["config"]).st_ino
    planned = act(given, True, 1000.0)
    assert (planned["changed"], config_of(given), os.path.exists(given["changes_file"])) == (True, CONFIG, False)
    done = act(given, False, 1000.0)
    assert (done["services"], done["until"]) == (["booking"], 1000.0 + 7 * DAY)
    assert config_of(given) == CONFIG.replace('"booking":0.06', '"booking":0.01')
    assert os.stat(given["config"]).st_ino == inode
    assert act(given, False, 2000.0)["changed"] is False
    idle = {**given, "service": None, "contamination": None}
    assert act(idle, False, 1000.0 + 6.9 * DAY)["changed"] is False
    assert act(idle, True, 1000.0 + 7 * DAY)["put_back"] == ["booking"]
    back = act(idle, False, 1000.0 + 7 * DAY)
    assert (back["put_back"], config_of(given)) == (["booking"], CONFIG)
    assert act(idle, False, 1000.0 + 8 * DAY)["changed"] is False
    # Its models have to be trained again because of the way back, too.
    assert changed_since(given["changes_file"]) == {"booking": 1000.0 + 7 * DAY}


def test_what_others_changed_meanwhile_stays(given: dict[str, Any]) -> None:
    act(given, False, 1000.0)
    Path(given["config"]).write_text(config_of(given).replace('"search": 0.05', '"search": 0.04'), encoding="utf-8")
    act({**given, "put_back": True}, False, 2000.0)
    assert config_of(given) == CONFIG.replace('"search": 0.05', '"search": 0.04')


def test_a_value_that_somebody_else_set_is_not_overwritten(given: dict[str, Any]) -> None:
    act(given, False, 1000.0)
    changed = config_of(given).replace("0.01", "0.02")
    Path(given["config"]).write_text(changed, encoding="utf-8")
    with pytest.raises(RunbooksError, match="not the temporary"):
        act({**given, "put_back": True}, False, 2000.0)
    assert config_of(given) == changed


def test_one_temporary_change_at_a_time(given: dict[str, Any]) -> None:
    act(given, False, 1000.0)
    with pytest.raises(RunbooksError, match="temporary change already"):
        act({**given, "contamination": 0.005}, False, 2000.0)


def test_a_change_that_was_noted_but_not_written_goes_back_to_nothing(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.aiops.runbooks.plugins.module_utils import config_file

    def killed(*_arguments: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(config_file, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            act(given, False, 1000.0)
    assert config_of(given) == CONFIG
    # The value is what it was: 0.06 is neither the temporary one nor another.
    act({**given, "put_back": True}, False, 2000.0)
    assert config_of(given) == CONFIG


def test_a_category_is_changed_for_good(given: dict[str, Any]) -> None:
    done = act({**given, "contamination": None, "category": "micro", "days": None}, False, 1000.0)
    assert done["until"] is None
    assert '"critical": [], "micro": ["booking"]' in config_of(given)


def test_a_broken_configuration_is_not_touched(given: dict[str, Any]) -> None:
    Path(given["config"]).write_text("{", encoding="utf-8")
    with pytest.raises(RunbooksError, match="is no JSON"):
        act(given, False, 1000.0)


def test_the_last_call_is_taken_back_as_a_whole_and_only_once(given: dict[str, Any]) -> None:
    act(given, False, 1000.0)
    act({**given, "service": "search", "contamination": 0.02, "days": None, "new_service": True}, False, 2000.0)
    changed, undo = config_of(given), {**given, "undo": True}
    assert act(undo, True, 3000.0)["changed"] is True
    assert config_of(given) == changed
    assert act(undo, False, 3000.0)["changed"] is True
    assert config_of(given) == CONFIG.replace('"booking":0.06', '"booking":0.01')
    assert changed_since(given["changes_file"]) == {"booking": 1000.0}
    assert act(undo, False, 3000.0)["changed"] is False


def test_what_was_put_back_comes_again_when_that_is_taken_back(given: dict[str, Any]) -> None:
    act(given, False, 1000.0)
    changed, idle = config_of(given), {**given, "service": None, "contamination": None}
    act(idle, False, 1000.0 + 8 * DAY)
    assert config_of(given) == CONFIG
    act({**given, "undo": True}, False, 1000.0 + 8 * DAY + 1)
    assert config_of(given) == changed
    assert act(idle, False, 1000.0 + 9 * DAY)["put_back"] == ["booking"]
    assert config_of(given) == CONFIG


def test_what_somebody_changed_since_is_not_taken_back(given: dict[str, Any]) -> None:
    act(given, False, 1000.0)
    Path(given["config"]).write_text(config_of(given).replace('"search": 0.05', '"search": 0.04'), encoding="utf-8")
    changed = config_of(given)
    with pytest.raises(RunbooksError, match="changed by somebody else since"):
        act({**given, "undo": True}, False, 2000.0)
    assert config_of(given) == changed


def test_what_was_noted_but_not_written_is_taken_back_too(given: dict[str, Any]) -> None:
    act(given, False, 1000.0)
    Path(given["config"]).write_text(CONFIG, encoding="utf-8")
    act({**given, "undo": True}, False, 2000.0)
    assert (config_of(given), changed_since(given["changes_file"])) == (CONFIG, {})
