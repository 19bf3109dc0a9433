# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that run programs: command, and security_updates with package managers that fail."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.security_updates import reboot_of
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from tests.unit.patience import given_time, quickly, until_ended

from .asking import look


def program(directory: Path, name: str, text: str) -> Path:
    """Write an executable script of this Python."""
    path = directory / name
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_command_is_run_where_and_how_the_profile_says(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os; print(os.getcwd(), os.environ['QUEUE'], 'and 12 more')"]
    result = look(
        "command",
        argv=argv,
        cwd=str(tmp_path),
        environment={"QUEUE": "mail"},
        expect_text=f"{tmp_path} mail",
        value_pattern=r"and (\d+) more",
        value_unit="count",
        warning="> 10",
    )
    assert (result["state"], result["value"], result["unit"]) == ("warning", 12, "count")


def test_an_argument_is_never_a_shell_line(tmp_path: Path) -> None:
    result = look("command", argv=["echo", f"; touch {tmp_path}/made"], expect_text="; touch")
    assert result["state"] == "ok"
    assert not (tmp_path / "made").exists()


def test_a_command_that_hangs_ends_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "child"
    argv = ["sh", "-c", f"sleep 600 & echo $! > {note}.new; mv {note}.new {note}; wait"]

    def hang(limit: float) -> dict[str, Any]:
        return quickly(partial(look, "command", argv=argv, timeout_seconds=limit), limit + 2)

    result = given_time(hang, lambda _result: note.exists())
    assert (result["state"], result["reason"]["id"]) == ("unknown", "timed_out")
    until_ended(int(note.read_text()))


def test_what_cannot_be_run_is_named(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    assert look("command", argv=[str(tmp_path / "none")])["reason"]["id"] == "command_missing"
    assert look("command", argv=[str(plain)])["reason"]["id"] == "permission_denied"
    assert look("command", argv=[])["reason"]["id"] == "parameter_needed"
    missing = look("command", argv=["true"], cwd=str(tmp_path / "none"))
    assert (missing["state"], missing["reason"]["id"]) == ("critical", "file_missing")


@pytest.mark.parametrize(("manager", "name"), [("apt", "apt-get"), ("dnf", "dnf"), ("dnf", "yum")])
def test_a_package_manager_that_fails_or_hangs_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: str, name: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, name, "import sys; sys.exit('E: dpkg was interrupted')")
    result = look("security_updates", manager=manager)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "package_manager_failed")
    assert "E: dpkg was interrupted" in result["evidence"]
    program(tmp_path, name, "import time; time.sleep(600)")
    result = look("security_updates", manager=manager, timeout_seconds=1)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "timed_out")


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        ("Reboot should not be necessary.", 0, (True, None)),
        ("  * kernel\n\nReboot is required to fully utilize these updates.", 1, (True, ["kernel"])),
        # The plugin is not installed: nothing is known, although dnf ends as if a reboot were required.
        ("No such command: needs-restarting.", 1, (False, None)),
        ("", 3, (False, None)),
    ],
)
@pytest.mark.parametrize("name", ["dnf", "needs-restarting"])
def test_whether_a_reboot_is_required_is_known_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str, status: int, expected: tuple[object, object]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, name, f"import sys; print({said!r}); sys.exit({status})")
    context = Context(now=time.time(), deadline=time.monotonic() + 60)
    assert reboot_of("dnf", context) == expected


@pytest.mark.parametrize("manager", ["auto", "dnf"])
def test_a_host_without_a_package_manager_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = look("security_updates", manager=manager)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "package_manager_missing")
