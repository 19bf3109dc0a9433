# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application is tried out in a copy: described endings, and real programs that crash, hang and write."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import trial_run
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Completed
from tests.unit.cases import load_cases
from tests.unit.checks.asking import differences, judged, look
from tests.unit.patience import given_time

DEFAULTS: dict[str, Any] = {
    "argv": ["/opt/wiki/bin/python"],
    "tree": "/opt/wiki",
    "closing": "pytest",
    "expect_text": None,
    "figures": {},
}


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_trial_run"))
def test_observe_trial_run(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    done = Completed(arguments["returncode"], arguments["stdout"], arguments["stderr"])
    parameters = {**DEFAULTS, **arguments["parameters"]}
    assert differences(judged("trial_run", lambda: trial_run.observe(done, parameters), arguments), expected) == {}


@given(st.text(max_size=300))
def test_any_output_is_counted_or_not(output: str) -> None:
    counts = trial_run.closing_counts(output)
    assert counts is None or all(number >= 0 for number in counts.values())


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 9999))
def test_a_closing_line_is_read_as_it_was_written(failed: int, passed: int, errors: int) -> None:
    counts = trial_run.closing_counts(f"x\n== {failed} failed, {passed} passed, {errors} errors in 1.50s ==\n")
    assert counts is not None
    assert (counts["failed"], counts["passed"], counts["errors"]) == (failed, passed, errors)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small application: a module, a passing test, data, a secret and a link that leads out."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    top = tmp_path / "wiki"
    for name, text in {
        "src/main.py": "def answer():\n    return 42\n",
        "tests/test_main.py": "from src.main import answer\n\ndef test_answer():\n    assert answer() == 42\n",
        "data/wiki.db": "the only copy",
        ".env.local": "OPENAI_API_KEY=secret",
    }.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    (tmp_path / "outside").mkdir()
    (top / "outside").symlink_to(tmp_path / "outside")
    (top / "source").symlink_to("src")
    os.mkfifo(top / "pipe")
    return top


def _everything(top: Path) -> dict[str, Any]:
    return {str(path): path.lstat().st_mtime_ns for path in [top, *top.rglob("*")]}


def _try(tree: Path, program: str, timeout_seconds: float = 60, **parameters: Any) -> dict[str, Any]:
    return look(
        "trial_run",
        timeout_seconds,
        tree=str(tree),
        argv=[sys.executable, "-c", program],
        **{"closing": "none", **parameters},
    )


def test_the_application_s_own_tests_run_in_a_copy(tree: Path) -> None:
    before = _everything(tree)
    pytest_argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--rootdir", ".", "tests"]
    result = look("trial_run", 60, tree=str(tree), argv=pytest_argv)
    assert (result["state"], result["metrics"]["passed"]) == ("ok", 1), result
    (tree / "src" / "main.py").write_text("def answer():\n    return 41\n")
    result = look("trial_run", 60, tree=str(tree), argv=pytest_argv)
    assert (result["state"], result["value"], result["reason"]["id"]) == ("critical", 1, "trial_tests_failed")
    changed = {path for path, when in _everything(tree).items() if before.get(path) != when}
    assert changed == {str(tree / "src" / "main.py")}
    assert list((tree.parent / "scratch").iterdir()) == []


def test_what_it_writes_is_gone_and_what_it_must_not_see_is_not_there(tree: Path) -> None:
    before = _everything(tree)
    program = (
        "import os, pathlib; pathlib.Path('src/main.py').write_text('x'); os.mkdir('data')\n"
        "pathlib.Path(os.environ['HOME'], 'cache').write_text('x')\n"
        "print('seen:', sorted(os.listdir('.')), os.path.islink('source'))"
    )
    result = _try(tree, program)
    assert result["state"] == "ok"
    assert "seen: ['data', 'source', 'src', 'tests'] True" in result["evidence"]
    assert _everything(tree) == before
    assert list((tree.parent / "scratch").iterdir()) == []


def test_a_crash_is_a_failure(tree: Path) -> None:
    program = "import os, signal; print('5 passed in 0.01s', flush=True); os.kill(os.getpid(), signal.SIGSEGV)"
    result = _try(tree, program, closing="pytest")
    assert (result["state"], result["reason"]["id"], result["reason"]["fields"]["signal"]) == (
        "critical",
        "trial_crashed",
        11,
    )


def test_a_run_that_hangs_is_unknown_and_leaves_nothing(tree: Path) -> None:
    program = "import time; print('on my way', flush=True); time.sleep(600)"
    result = given_time(lambda limit: _try(tree, program, limit), lambda seen: "on my way" in seen["evidence"])
    assert (result["state"], result["reason"]["id"]) == ("unknown", "timed_out")
    assert "on my way" in result["evidence"]
    assert list((tree.parent / "scratch").iterdir()) == []


def test_a_tree_that_is_too_large_is_not_copied(tree: Path) -> None:
    result = _try(tree, "", maximum_bytes=10)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "trial_tree_too_large")
    assert _try(tree / "none", "")["reason"]["id"] == "file_missing"
    assert list((tree.parent / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("program", "state", "reason"),
    [("pass", "warning", "trial_copy_left"), ("raise SystemExit(3)", "critical", "trial_failed")],
)
def test_a_copy_that_cannot_be_removed_is_told(
    tree: Path, monkeypatch: pytest.MonkeyPatch, program: str, state: str, reason: str
) -> None:
    def refuse(path: Any, **_named: Any) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)

    monkeypatch.setattr(os, "rmdir", refuse)
    result = _try(tree, program)
    (left,) = (tree.parent / "scratch").iterdir()
    assert (result["state"], result["reason"]["id"]) == (state, reason)
    assert f"{left} could not be removed: Device or resource busy" in result["evidence"][-1]
