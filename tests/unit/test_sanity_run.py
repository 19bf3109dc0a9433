# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sanity run that left something out is not a pass."""

from __future__ import annotations

from tests.sanity_run import REQUIRED_TESTS, missing_tests, names_of_run


def output_of(names: frozenset[str]) -> str:
    return "".join(f'Running sanity test "{name}"\n' for name in sorted(names))


def test_a_complete_run_lacks_nothing() -> None:
    assert missing_tests(output_of(REQUIRED_TESTS)) == []


def test_a_test_that_did_not_start_is_named() -> None:
    assert missing_tests(output_of(REQUIRED_TESTS - {"pylint"})) == ["pylint did not run"]


def test_a_run_without_files_lacks_everything() -> None:
    assert len(missing_tests("WARNING: All targets skipped.\n")) == len(REQUIRED_TESTS) + 1


def test_a_tool_that_is_not_there_is_named() -> None:
    warning = 'WARNING: Required program "shellcheck" not found.\n'
    assert missing_tests(output_of(REQUIRED_TESTS) + warning) == ['Required program "shellcheck" not found.']


def test_a_python_that_is_not_there_is_said_elsewhere() -> None:
    warning = 'WARNING: Skipping sanity test "compile" on Python 3.8 because it could not be found.\n'
    assert missing_tests(output_of(REQUIRED_TESTS) + warning) == []


def test_a_test_on_several_pythons_counts_once() -> None:
    lines = 'Running sanity test "compile" on Python 3.8\nRunning sanity test "compile" on Python 3.13\n'
    assert names_of_run(lines) == {"compile"}


def test_a_virtualenv_that_cannot_be_made_is_named() -> None:
    reason = 'Skipping sanity test "import" on Python 3.8 due to missing virtual environment support.'
    assert missing_tests(output_of(REQUIRED_TESTS) + f"WARNING: {reason}\n") == [reason]
