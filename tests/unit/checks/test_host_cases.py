# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds that read a host make of what the host says, case by case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_items import BackupSet, ItemFault, read_name
from ansible_collections.aiops.runbooks.plugins.module_utils.checks import (
    backup_set,
    command,
    cpu,
    database_lock,
    directory_size,
    disk,
    file,
    log_size,
    memory,
    security_updates,
    service,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.compose import observe_compose
from ansible_collections.aiops.runbooks.plugins.module_utils.file_tree import Tree
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.pid_file import parse_pid
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Completed
from tests.unit.cases import load_cases

from .asking import differences, judged

# Cases whose arguments are JSON values already.
_PLAIN: dict[str, Callable[..., Observation]] = {
    "disk": disk.observe,
    "memory": memory.observe,
    "cpu": cpu.observe,
    "database_lock": database_lock.observe,
    "file": file.observe,
    "log_size": log_size.observe,
    "security_updates": security_updates.observe,
}


def _kind_cases(kinds: dict[str, Any]) -> list[Any]:
    return [
        pytest.param(kind, *parameters.values, id=f"{kind}-{parameters.id}")
        for kind in kinds
        for parameters in load_cases(f"observe_{kind}")
    ]


@pytest.mark.parametrize(("kind", "arguments", "expected"), _kind_cases(_PLAIN))
def test_an_observation_is_judged(kind: str, arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    def observe() -> Observation:
        mount = arguments.get("mount")
        if mount:
            arguments["mount"] = tuple(mount)
        return _PLAIN[kind](**arguments)

    assert not differences(judged(kind, observe, arguments), expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_directory_size"))
def test_trees_are_added_up(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    found = [(path, Tree(**figures)) for path, figures in arguments["found"]]
    result = judged("directory_size", lambda: directory_size.observe(found), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_systemd"))
def test_what_systemd_says_of_a_unit(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    asked = Completed(**arguments.pop("asked"))
    result = judged("service", lambda: service.observe_systemd(asked=asked, **arguments), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_compose"))
def test_what_compose_says_of_a_service(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    asked = Completed(**arguments.pop("asked"))
    result = judged("service", lambda: observe_compose(asked=asked, **arguments), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_command"))
def test_what_a_command_says(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    done = Completed(**arguments.pop("done"))
    result = judged("command", lambda: command.observe(done, **arguments), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_backup_set"))
def test_what_the_backup_sets_amount_to(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    arguments["sets"] = [BackupSet(**one) for one in arguments["sets"]]
    arguments["whole"] = BackupSet(**arguments["whole"]) if arguments["whole"] else None
    arguments["newest_faults"] = [ItemFault(**fault) for fault in arguments["newest_faults"]]
    result = judged("backup_set", lambda: backup_set.observe(**arguments), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("mount_of"))
def test_the_mount_that_holds_a_path(arguments: dict[str, str], expected: list[str] | None) -> None:
    assert disk.mount_of(**arguments) == (tuple(expected) if expected else None)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_pid"))
def test_the_process_that_a_pid_file_names(arguments: dict[str, str], expected: int | None) -> None:
    assert parse_pid(**arguments) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_apt"))
def test_what_apt_would_install(arguments: dict[str, str], expected: list[list[str]]) -> None:
    assert list(security_updates.parse_apt(**arguments)) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_dnf"))
def test_what_dnf_would_install(arguments: dict[str, str], expected: list[str]) -> None:
    assert security_updates.parse_dnf(**arguments) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("read_name"))
def test_the_time_in_a_sets_name(arguments: dict[str, str], expected: float | None) -> None:
    assert read_name(**arguments) == expected
