# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role writes the report of what the store holds, as a real play."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.assembly import assemble
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.writing import ReportError, write_files
from tests.unit.report import weeks

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: aiops.runbooks.report}
    - ansible.builtin.copy:
        content: "{{ report_result | ansible.builtin.to_json }}"
        dest: "{{ answer }}"
        mode: "0600"
      check_mode: false
"""


@pytest.fixture
def state_directory(tmp_path: Path) -> Path:
    """Return a state directory whose store holds the broken week."""
    directory = tmp_path / "state"
    directory.mkdir()
    runs, _current = weeks.broken_week()
    store.finish(store.open_store(f"sqlite:///{directory}/store.sqlite"), runs)
    return directory


def _play(tmp_path: Path, state_directory: Path, *options: str) -> dict[str, Any]:
    """Run the role and return what it registered."""
    playbook, answer = tmp_path / "report.yml", tmp_path / "answer.json"
    playbook.write_text(PLAY)
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(playbook)]
    command += ["-e", f"answer={answer}", "-e", f"ansible_python_interpreter={sys.executable}", *options]
    # Not in the checkout: its ansible.cfg is not that of somebody who installed the collection.
    environment = {**os.environ, "AIOPS_STATE_DIR": str(state_directory), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        command, check=False, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {**json.loads(answer.read_text()), "stdout": done.stdout}


def test_the_role_writes_page_and_texts_and_shows_the_table(tmp_path: Path, state_directory: Path) -> None:
    answer = _play(tmp_path, state_directory, "-e", f"report_finished={weeks.FINISHED}")
    reports = state_directory / "reports"
    assert answer["files"] == [
        str(reports / f"weekly-20251027T010000Z.{suffix}") for suffix in ("html", "en.txt", "ja.txt")
    ]
    assert "■ 稼働状況" in (reports / "weekly-20251027T010000Z.ja.txt").read_text(encoding="utf-8")
    assert (reports / "weekly-20251027T010000Z.html").stat().st_mode & 0o077 == 0
    assert answer["changed"] is False
    assert answer["contradictions"] == ["estimator-1: access: 6 of 1,840 is 0.33%, not 0.44%"]
    assert "Critical P2" in answer["stdout"]
    assert f"Report: {answer['files'][0]}" in answer["stdout"]


def test_check_mode_writes_nothing(tmp_path: Path, state_directory: Path) -> None:
    before = sorted(path.name for path in state_directory.rglob("*"))
    answer = _play(tmp_path, state_directory, "--check", "-e", f"report_finished={weeks.FINISHED}")
    assert answer["files"] == []
    assert "Critical P2" in answer["stdout"]
    assert sorted(path.name for path in state_directory.rglob("*")) == before


def test_a_week_without_runs_makes_no_report(state_directory: Path) -> None:
    report = assemble("weekly", [], f"sqlite:///{state_directory}/store.sqlite", "2024-01-01T00:00:00Z")
    assert report.runs == []


def test_the_zone_of_the_systems_names_the_days(state_directory: Path) -> None:
    report = assemble(
        "weekly", [], f"sqlite:///{state_directory}/store.sqlite", weeks.FINISHED, ["en"], hosts=["estimator-1"]
    )
    (text,) = [content for name, content in report.files.items() if name.endswith(".txt")]
    assert "2025-10-21 ~ 2025-10-27" in text
    assert "Times in Asia/Tokyo." in text


def test_a_directory_that_cannot_be_written_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ReportError, match=r"taken.*report_directory"):
        write_files(str(tmp_path / "taken"), {"a.txt": "x"})


def test_a_rewritten_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_files(str(tmp_path), {"a.txt": "one"})
    write_files(str(tmp_path), {"a.txt": "two"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "two"
