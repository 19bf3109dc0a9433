# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds around containers, models and their logs make of what they read, case by case."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import containers
from ansible_collections.aiops.runbooks.plugins.module_utils.checks import (
    command_in_container,
    compose_service,
    diagnosis,
    drift,
    json_file,
    metrics_query,
    model_files,
    registry,
    text_log,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.http_exchange import Answer
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Completed, Context
from tests.unit.cases import load_cases

from .asking import differences, judged


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_compose_service"))
def test_what_docker_says_of_a_service(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    found = containers.read_inspection(arguments.pop("inspected"))
    assert found is not None
    arguments["containers"], arguments["usages"] = found, containers.read_usage(arguments.pop("stats"))
    result = judged("compose_service", lambda: compose_service.observe(**arguments), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("size_bytes"))
def test_a_size_as_docker_writes_it(arguments: dict[str, str], expected: int | None) -> None:
    assert containers.size_bytes(**arguments) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_command_in_container"))
def test_what_a_command_in_a_container_says(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    done = Completed(**arguments.pop("done"))
    result = judged("command_in_container", lambda: command_in_container.observe(done, **arguments), arguments)
    assert not differences(result, expected)


def log_result(kind: str, module: Any, arguments: dict[str, Any], path: Path) -> dict[str, Any]:
    """Write the case's text to a file, look at it at the case's time and return the Result."""
    path.write_text(arguments.pop("text"), encoding="utf-8")
    written = arguments.pop("written")
    os.utime(path, (written, written))
    parameters = validated(kind, module.PARAMETERS, {**arguments.pop("parameters"), "path": [str(path)]})
    context = Context(now=arguments.pop("now"), deadline=time.monotonic() + 60)
    return judged(kind, lambda: module.look(parameters, context), arguments)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_text_log"))
def test_what_a_log_says_of_its_program(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    assert not differences(log_result("text_log", text_log, arguments, tmp_path / "inference.log"), expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_drift"))
def test_how_far_models_have_drifted(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    assert not differences(log_result("drift", drift, arguments, tmp_path / "inference.log"), expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_json_file"))
def test_what_a_json_file_holds(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    text, parameters = arguments.pop("text").encode(), arguments.pop("parameters")
    result = judged("json_file", lambda: json_file.observe("/app/config.json", text, parameters), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_model_files"))
def test_which_model_files_are_missing(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    found = [
        model_files.ModelDirectory(
            one["service"],
            one["period"],
            None
            if one["files"] is None
            else [model_files.ModelFile(**{**file, "head": bytes.fromhex(file["head"])}) for file in one["files"]],
        )
        for one in arguments.pop("found")
    ]
    parameters = arguments.pop("parameters")
    result = judged("model_files", lambda: model_files.observe(found, parameters), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_metrics_query"))
def test_what_a_metrics_database_answers(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    answer = Answer(
        arguments.pop("status"), body=arguments.pop("body").encode(), complete=arguments.pop("complete"), seconds=0.01
    )
    parameters = arguments.pop("parameters")
    result = judged("metrics_query", lambda: metrics_query.observe(answer, parameters), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_diagnosis"))
def test_the_cause_that_a_diagnosis_names(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    result = judged("diagnosis", lambda: diagnosis.observe(**arguments), arguments)
    assert not differences(result, expected)


def test_what_a_diagnosis_asks_is_sent_with_it() -> None:
    causes = [{"cause": {"en": "full", "ja": "満杯"}, "kind": "disk"}]
    assert registry.kinds_asked("diagnosis", {"symptom": {"kind": "cpu"}, "causes": causes}) == {
        "cpu",
        "diagnosis",
        "disk",
    }
