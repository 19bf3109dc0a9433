# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How URLs, endpoints and answers are read, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import http
from ansible_collections.aiops.runbooks.plugins.module_utils.connection import split_endpoint
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.http_exchange import Answer, join_url, parse_url
from tests.unit.cases import load_cases

from .asking import differences, judged


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_http"))
def test_an_answer_is_judged(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    said = arguments["answer"]
    answer = Answer(**{**said, "body": said["body"].encode()})
    result = judged("http", lambda: http.observe(answer, arguments["parameters"], []), arguments)
    assert not differences(result, expected)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_url"))
def test_a_url_is_taken_apart_or_refused(arguments: dict[str, str], expected: dict[str, Any] | None) -> None:
    if expected is None:
        with pytest.raises(CheckError, match="http_url_invalid"):
            parse_url(**arguments)
    else:
        address = parse_url(**arguments)
        assert {name: getattr(address, name) for name in expected} == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("join_url"))
def test_where_a_redirect_leads(arguments: dict[str, str], expected: str) -> None:
    assert join_url(parse_url(arguments["url"]), arguments["location"]) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("split_endpoint"))
def test_an_endpoint_is_a_host_and_a_port(arguments: dict[str, Any], expected: list[Any] | None) -> None:
    if expected is None:
        with pytest.raises(CheckError, match="endpoint_invalid"):
            split_endpoint(**arguments)
    else:
        assert list(split_endpoint(**arguments)) == expected
