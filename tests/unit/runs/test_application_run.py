# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run is believed for what it left, not for its exit status (AIMO-03, SBX-02)."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.application_run import (
    Command,
    Ended,
    faults_of,
    new_since,
    run,
    snapshot,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.run_figures import figures_in, lines_with
from tests.unit.cases import load_cases
from tests.unit.patience import given_time, quickly, until_ended

CHILD_OUTLIVES = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1] + ".new", "w").write(str(child.pid))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


@pytest.mark.parametrize(("arguments", "expected"), load_cases("faults_of"))
def test_the_faults_of_a_run_are_named(arguments: dict[str, Any], expected: list[str]) -> None:
    assert faults_of(**arguments) == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("figures_in"))
def test_figures_are_found_or_called_missing(arguments: dict[str, Any], expected: list[Any]) -> None:
    assert list(figures_in(**arguments)) == expected


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(ProfileError, match="failure_patterns"):
        lines_with("", ["("], "failure_patterns")


def test_what_a_command_prints_can_be_followed_and_is_kept(tmp_path: Path) -> None:
    program = "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)"
    ended = run(Command((sys.executable, "-c", program), log_directory=str(tmp_path), environment={"A": "b"}))
    assert (ended.returncode, ended.timed_out, ended.tail()) == (3, False, ["out", "err"])
    assert [Path(log).read_text(encoding="utf-8") for log in ended.logs] == ["out\n", "err\n"]


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    child, stopped = tmp_path / "child", tmp_path / "stopped"
    argv, stop = (sys.executable, "-c", CHILD_OUTLIVES, str(child)), ("touch", str(stopped))

    def hang(limit: float) -> Ended:
        return quickly(partial(run, Command(argv, timeout_seconds=limit, grace_seconds=0.5, stop_argv=stop)), limit + 9)

    ended = given_time(hang, lambda _ended: child.exists())
    assert ended.timed_out
    assert stopped.exists()
    until_ended(int(child.read_text()))


def test_a_program_that_is_not_there_is_named_and_leaves_no_log(tmp_path: Path) -> None:
    with pytest.raises(RunbooksError, match="/no/such cannot be started"):
        run(Command(("/no/such",), log_directory=str(tmp_path)))
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_replaced_by_an_equal_one_is_new(tmp_path: Path) -> None:
    old, pattern = tmp_path / "model.json", str(tmp_path / "*.json")
    old.write_text("{}")
    before = snapshot([pattern, "/no/such/*"])
    assert new_since(before, snapshot([pattern])) == []
    fresh = tmp_path / "fresh"
    fresh.write_text("{}")
    os.replace(fresh, old)
    (tmp_path / "another.json").touch()
    assert new_since(before, snapshot([pattern])) == [str(tmp_path / "another.json"), str(old)]
