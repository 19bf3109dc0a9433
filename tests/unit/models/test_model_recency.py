# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every configured service needs a recent model (SBX-17), in whichever layout training wrote it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import model_recency as kind
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.models import Model, by_service, dotted, services_in
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from tests.unit.cases import load_cases

DAY_SECONDS = 86400
#: 2026-11-21 10:00 UTC, 19:00 in Tokyo.
NOW = 1795255200.0
RUNBOOK: dict[str, Any] = {"layouts": ["{service}/*/metadata.json"], "trained_at_key": "trained_at"}
PUBLISHED: dict[str, Any] = {
    "layouts": ["{service}/{service}_*/model_data.json", "{service}_*/model_data.json"],
    "trained_at_key": "model_metadata.trained_at",
}


def looked_at(root: Path, timezone: str = "UTC", seconds: float = 60, **parameters: Any) -> Observation:
    """Look at models as the engine does."""
    complete = validated("check", kind.PARAMETERS, {"models_directory": str(root), **parameters})
    return kind.look(complete, Context(now=NOW, deadline=time.monotonic() + seconds, timezone=timezone))


def reason_of(seen: Observation) -> str:
    """Return the id of the reason; empty without one."""
    return seen.reason.id if seen.reason else ""


def write(path: Path, content: Any) -> None:
    """Write a metadata file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(("arguments", "expected"), load_cases("models_by_service"))
def test_the_models_of_a_service_are_summed_up(arguments: dict[str, Any], expected: dict[str, list[Any]]) -> None:
    models = [
        Model(
            model["service"],
            model["path"],
            None if model["age_days"] is None else NOW - model["age_days"] * DAY_SECONDS,
            model["problem"],
        )
        for model in arguments["models"]
    ]
    found = {
        summary.service: [
            summary.models,
            summary.unreadable,
            summary.oldest_age_days,
            summary.newest_age_days,
            summary.future,
        ]
        for summary in by_service(arguments["services"], models, NOW)
    }
    assert found == expected


def test_services_are_listed_by_dotted_keys_once_each() -> None:
    config: dict[str, Any] = {
        "services": {"critical": ["a", "b"], "admin": {"c": {}, "a": {}}, "core": None, "text": "d"}
    }
    keys = ["services.critical", "services.admin", "services.core", "services.text", "services.absent"]
    assert services_in(config, keys) == ["a", "b", "c"]
    assert dotted(config, "services.critical.x") is None
    assert dotted([1], "a") is None


def test_the_layout_of_the_runbook_is_read(tmp_path: Path) -> None:
    for service, day in (("booking", 20), ("search", 14)):
        for period in ("business_hours", "night_hours"):
            write(tmp_path / service / period / "metadata.json", {"trained_at": f"2026-11-{day}T10:00:00"})
    seen = looked_at(tmp_path, **RUNBOOK, services=["booking", "search"])
    assert (seen.state, seen.value, seen.coverage) == ("ok", 7.0, 1.0)
    assert seen.metrics == {
        "oldest_age_days": 7.0,
        "newest_age_days": 1.0,
        "services_expected": 2,
        "services_without_model": 0,
        "models": 4,
        "models_unreadable": 0,
    }
    assert seen.evidence[0].startswith("search: 2 models, oldest 7.0 days")


def test_both_published_layouts_are_read_and_services_come_from_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    write(config, {"services": {"critical": ["api", "api_v2"], "micro": ["mail"]}})
    models = tmp_path / "models"
    trained = {"model_metadata": {"trained_at": "2026-11-21T09:00:00.250000"}}
    write(models / "api" / "api_business_hours" / "model_data.json", trained)
    write(models / "api_v2_night_hours" / "model_data.json", trained)
    seen = looked_at(
        models,
        **PUBLISHED,
        services_from={"file": str(config), "keys": ["services.critical", "services.micro", "services.core"]},
    )
    # api_v2_night_hours fits the pattern of "api" as well; it belongs to the longer name.
    assert (seen.state, reason_of(seen)) == ("critical", "model_missing")
    assert seen.reason is not None
    assert seen.reason.fields == {"services": "mail", "count": 1}
    assert seen.metrics["models"] == 2


def test_a_time_without_zone_is_in_the_systems_zone(tmp_path: Path) -> None:
    write(tmp_path / "a" / "x" / "metadata.json", {"trained_at": "2026-11-21T19:00:00"})
    assert looked_at(tmp_path, "Asia/Tokyo", **RUNBOOK, services=["a"]).value == 0.0
    assert reason_of(looked_at(tmp_path, "UTC", **RUNBOOK, services=["a"])) == "model_from_the_future"
    write(tmp_path / "a" / "x" / "metadata.json", {"trained_at": "2026-11-20T19:00:00+09:00"})
    assert looked_at(tmp_path, "UTC", **RUNBOOK, services=["a"]).value == 1.0


@pytest.mark.parametrize(
    "garbage", ["", "{", "[]", "null", "{}", '{"trained_at": "soon"}', '{"trained_at": null}', "[" * 100000, "\x00\xff"]
)
def test_metadata_that_do_not_say_when_are_named_and_never_ok(tmp_path: Path, garbage: str) -> None:
    write(tmp_path / "a" / "x" / "metadata.json", garbage)
    write(tmp_path / "a" / "y" / "metadata.json", {"trained_at": "2026-11-21T09:00:00"})
    seen = looked_at(tmp_path, **RUNBOOK, services=["a"])
    assert (seen.state, reason_of(seen), seen.coverage) == ("unknown", "model_metadata_unreadable", 0.5)
    assert "metadata.json" in seen.evidence[0]


def test_what_is_no_file_cannot_hang_the_look(tmp_path: Path) -> None:
    (tmp_path / "a" / "x").mkdir(parents=True)
    os.mkfifo(tmp_path / "a" / "x" / "metadata.json")
    (tmp_path / "a" / "y" / "metadata.json").mkdir(parents=True)
    write(tmp_path / "a" / "z" / "metadata.json", {"trained_at": "2026-11-21T09:00:00", "padding": "x" * 1000})
    seen = looked_at(tmp_path, **RUNBOOK, services=["a"], maximum_bytes=500)
    assert (seen.metrics["models"], seen.metrics["models_unreadable"]) == (3, 3)


@pytest.mark.parametrize(
    ("parameters", "reason", "state"),
    [
        ({"services": []}, "models_no_services", "unknown"),
        ({"services": ["../other"]}, "models_no_services", "unknown"),
        ({"services": ["*"]}, "models_no_services", "unknown"),
        ({"services_from": {"file": "absent.json", "keys": ["services"]}}, "models_config_unreadable", "unknown"),
        ({"services_from": {"file": "broken.json", "keys": ["services"]}}, "models_config_unreadable", "unknown"),
        ({"services_from": {"file": "empty.json", "keys": ["services"]}}, "models_no_services", "unknown"),
        ({"models_directory": "absent", "services": ["a"]}, "models_directory_missing", "critical"),
    ],
)
def test_what_cannot_be_looked_at_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any], reason: str, state: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "broken.json", '{"services": [')
    write(tmp_path / "empty.json", {"services": []})
    (tmp_path / "models").mkdir()
    given = {"models_directory": "models", **RUNBOOK, **parameters}
    with pytest.raises(CheckError) as caught:
        kind.look(validated("check", kind.PARAMETERS, given), Context(now=NOW, deadline=time.monotonic() + 60))
    assert (caught.value.reason_id, caught.value.state) == (reason, state)
