# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an update has left running, and what a functional test makes of an answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import http_sequence, rpm_updates, stale_processes
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.security_updates import (
    installed_by_apt,
    parse_restarting,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.http_exchange import Answer
from ansible_collections.aiops.runbooks.plugins.module_utils.security_updates import UpdateError, names_of
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("deleted_code"))
def test_replaced_code_is_told_from_everything_else_that_is_deleted(
    arguments: dict[str, Any], expected: list[str]
) -> None:
    assert stale_processes.deleted_code(arguments["maps"]) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("unit_of"))
def test_a_process_belongs_to_a_unit(arguments: dict[str, Any], expected: str | None) -> None:
    assert stale_processes.unit_of(arguments["cgroup"]) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("sort_out"))
def test_what_a_restart_renews_is_told_from_what_it_does_not(
    arguments: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    processes = list(map(tuple, arguments["processes"]))
    found = stale_processes.sort_out(processes, arguments.get("unseen", ()))
    assert {name: list(value) for name, value in vars(found).items()} == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("fault_of"))
def test_an_answer_is_compared_with_what_was_expected(arguments: dict[str, Any], expected: str | None) -> None:
    given = arguments["answer"]
    answer = Answer(given["status"], {}, given["body"].encode(), True, 0.1)
    assert http_sequence.fault_of(arguments["step"], answer) == expected


def test_steps_are_refused_before_anything_is_sent() -> None:
    with pytest.raises(ProfileError, match="Step 1 \\(read\\) uses task, which no step before it keeps"):
        http_sequence.checked_steps([{"name": "read", "path": "/tasks/{task}"}])
    with pytest.raises(ProfileError, match="has no key pth"):
        http_sequence.checked_steps([{"pth": "/"}])
    made, read = http_sequence.checked_steps(
        [{"path": "/tasks", "json": {}, "keep": {"task": "id"}}, {"path": "/tasks/{task}"}]
    )
    assert (made["method"], read["method"], read["name"]) == ("POST", "GET", "/tasks/{task}")


def test_what_was_kept_is_filled_in_at_any_depth_and_other_braces_stay() -> None:
    value = {"a": ["{task}", "{other}"], "b": {"c": "x{task}y"}, "d": 5}
    assert http_sequence.fill(value, {"task": "7"}) == {"a": ["7", "{other}"], "b": {"c": "x7y"}, "d": 5}


def test_a_functional_test_cleans_up_after_a_failure() -> None:
    steps = http_sequence.checked_steps(
        [
            {"name": "make", "path": "/x", "keep": {"task": "id"}},
            {"name": "clean", "path": "/x/{task}", "method": "DELETE", "always": True},
        ]
    )
    # Nobody listens: the first step fails, and there is nothing to clean up.
    with pytest.raises(RunbooksError, match="make"):
        http_sequence.run_steps("http://127.0.0.1:9", steps, {}, 1)


def test_packages_are_named_with_the_version_that_was_looked_at() -> None:
    assert names_of(["openssl 3.0.15-1 -> 3.0.17-1~deb12u2"], "apt") == ["openssl=3.0.17-1~deb12u2"]
    assert names_of(["openssl.x86_64 -> 1:3.2.2-6"], "dnf") == ["openssl-1:3.2.2-6.x86_64"]
    with pytest.raises(UpdateError):
        names_of(["--option -> 1"], "apt")


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_transaction"))
def test_what_dnf_would_change(arguments: dict[str, str], expected: list[list[str]]) -> None:
    found = rpm_updates.parse_transaction(**arguments)
    assert [[change.kind, change.package, change.version] for change in found] == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("parse_advisories"))
def test_what_dnf_says_of_its_advisories(arguments: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    found = [asdict(advisory) for advisory in rpm_updates.parse_advisories(**arguments)]
    assert [
        {name: list(value) if isinstance(value, tuple) else value for name, value in one.items()} for one in found
    ] == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("installed_by_apt"))
def test_what_apt_takes_along(arguments: dict[str, str], expected: list[str]) -> None:
    assert installed_by_apt(**arguments) == expected


def test_a_line_names_what_was_there_when_something_was() -> None:
    installed = rpm_updates.parse_installed("zlib.x86_64 0:1.2.11-1\nopenssl.x86_64 1:3.0.7-1\n")
    changes = [rpm_updates.Change("install", name, "9-1") for name in ("zlib.x86_64", "openssl.x86_64", "new.noarch")]
    assert rpm_updates.lines_of(changes, installed) == [
        "zlib.x86_64 1.2.11-1 -> 9-1",
        "openssl.x86_64 1:3.0.7-1 -> 9-1",
        "new.noarch -> 9-1",
    ]


def test_packages_that_want_a_reboot_are_read_from_the_list() -> None:
    text = (
        "Core libraries or services have been updated since boot-up:\n  * kernel\n  * glibc\n\nReboot is required to\n"
    )
    assert parse_restarting(text) == ["kernel", "glibc"]
