# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What error logs and the durations in logs add up to, case by case, and that no bytes bring their parsers down."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine, registry
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from tests.unit.cases import load_cases

NOW = 1795255200.0
APACHE_LINE = (
    b"[Sat Nov 21 09:30:00.123456 2026] [core:error] [pid 1:tid 2] [client 192.0.2.7:5] AH00128: File does not exist"
)
JSON_LINE = b'{"timestamp": "2026-11-21T09:30:00Z", "level": "ERROR", "message": "timed out", "duration": 3.2}'


def looked(
    kind: str,
    log: Path,
    contents: bytes,
    parameters: dict[str, Any],
    timezone: str = "UTC",
    now: float = NOW,
    **judged: Any,
) -> dict[str, Any]:
    """Write a log as of ``now`` and return the Result of a look at it."""
    log.write_bytes(contents)
    os.utime(log, (now, now))
    described = {"name": "log", "kind": kind, "parameters": {"path": [str(log)], **parameters}, **judged}
    check = engine.parse_check(described, registry.load)
    context = Context(now=now, deadline=time.monotonic() + 30, timezone=timezone)
    return engine.answer("wiki", check, registry.load(kind), context, "2026-11-21T10:00:00Z").to_dict()


def _assert_case(kind: str, arguments: dict[str, Any], expected: dict[str, Any], log: Path) -> None:
    contents = "".join(line + "\n" for line in arguments["lines"]).encode()
    timezone, now = arguments.get("timezone", "UTC"), arguments.get("now", NOW)
    judged = arguments.get("judged_by", {})
    result = looked(kind, log, contents, arguments["parameters"], timezone, now, **judged)
    assert result["state"] == expected["state"], result["reason"]
    assert result["reason"]["id"] == expected["reason"]
    assert result["coverage"] == pytest.approx(expected["coverage"], abs=1e-3)
    for name, value in expected["metrics"].items():
        assert result["metrics"][name] == (None if value is None else pytest.approx(value)), name
    for text in expected.get("evidence", []):
        assert any(text in line for line in result["evidence"]), result["evidence"]


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_error_log"))
def test_an_error_log_is_counted_by_cause(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    _assert_case("error_log", arguments, expected, tmp_path / "error.log")


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_durations"))
def test_durations_are_those_of_the_window(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    _assert_case("durations", arguments, expected, tmp_path / "app.log")


def test_rotated_and_compressed_error_logs_are_read(tmp_path: Path) -> None:
    import gzip

    old = tmp_path / "error.log.1.gz"
    old.write_bytes(gzip.compress(APACHE_LINE + b"\n"))
    os.utime(old, (NOW, NOW))
    result = looked("error_log", tmp_path / "error.log", APACHE_LINE + b"\n", {})
    assert result["metrics"]["errors"] == 2


@pytest.mark.parametrize("clusters", [{"errors": ["x"]}, {"mine": "x"}, {"mine": []}, {"mine": ["("]}])
def test_a_cluster_that_cannot_be_counted_is_refused(clusters: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ProfileError):
        registry.load("error_log").rules_of(
            {"clusters": clusters, "log_format": "apache", "error_levels": [], "authentication": [], "ignore": []}
        )


@given(
    st.lists(
        st.one_of(st.binary(max_size=80), st.sampled_from([APACHE_LINE, JSON_LINE, APACHE_LINE[:40], JSON_LINE[:50]])),
        max_size=8,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_counted_and_never_a_crash(tmp_path: Path, lines: list[bytes]) -> None:
    contents = b"\n".join(lines)
    clusters = {"timeout": ["timed? ?out"]}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("error_log", {"clusters": clusters}),
        ("error_log", {"clusters": clusters, "log_format": "json_lines"}),
        ("durations", {"pattern": r"taken (?P<duration>\S+)"}),
    ]
    for kind, parameters in asked:
        result = looked(kind, tmp_path / "any.log", contents, parameters)
        assert result["reason"]["id"] not in ("internal_error", "timed_out")
        assert result["coverage"] is None or 0 <= result["coverage"] <= 1
