# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lean lane and the ordinary module give the same results, and neither shows a password."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine, registry
from ansible_collections.aiops.runbooks.plugins.plugin_utils import payload
from tests.integration.weekly.runs import BINARIES, CHECKOUT

SECRET = "hunter22-never-shown"
OLD_PYTHONS = sorted(
    Path(path)
    for version in ("3.8", "3.9", "3.10")
    for path in (f"/usr/bin/python{version}", *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    if os.access(path, os.X_OK)
)


def checks(directory: Path) -> list[dict[str, Any]]:
    """Return checks with every kind of answer, among them one with a password."""
    url = {"url": "http://127.0.0.1:9/", "username": "operator", "password": SECRET}
    return [
        {"name": "disk", "kind": "disk", "parameters": {"path": "/"}, "warning": ">= 0", "runbook": "EST-03"},
        {"name": "missing", "kind": "file", "parameters": {"path": str(directory / "none")}},
        {"name": "refused", "kind": "http", "parameters": url, "timeout_seconds": 60},
        {"name": "no_such", "kind": "command", "parameters": {"argv": ["no-such-command"]}},
        {"name": "hang", "kind": "command", "parameters": {"argv": ["sleep", "60"]}, "timeout_seconds": 1},
    ]


def look(directory: Path, transport: str) -> tuple[list[dict[str, Any]], str]:
    """Look through one lane; return the results and everything that was printed at the highest verbosity."""
    play = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                {
                    "aiops.runbooks.checks_info": {
                        "system": "wiki",
                        "transport": transport,
                        "checks": checks(directory),
                    },
                    "register": "seen",
                },
                {
                    "ansible.builtin.copy": {
                        "content": "{{ seen.results | to_json }}",
                        "dest": str(directory / transport),
                    }
                },
            ],
        }
    ]
    (directory / "play.yml").write_text(json.dumps(play))
    completed = subprocess.run(
        [
            str(BINARIES / "ansible-playbook"),
            "-vvv",
            "-i",
            "localhost,",
            str(directory / "play.yml"),
            "-e",
            f"ansible_python_interpreter={sys.executable}",
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    printed = completed.stdout + completed.stderr
    assert completed.returncode == 0, printed
    assert re.search(rf"transport: {transport}", printed)
    results = json.loads((directory / transport).read_text())
    for result in results:
        # What differs from look to look: the clock, and figures of a host that lives.
        for key in ("seconds", "started", "value", "metrics", "evidence"):
            result.pop(key)
        result["reason"]["fields"].pop("value", None)
    return results, printed


def test_both_lanes_give_the_same_results_and_keep_passwords_to_themselves(tmp_path: Path) -> None:
    lean, printed_lean = look(tmp_path, "lean")
    module, printed_module = look(tmp_path, "module")
    assert lean == module
    assert [result["state"] for result in lean] == ["warning", "critical", "critical", "unknown", "unknown"]
    assert SECRET not in printed_lean + printed_module


def test_only_what_the_kinds_need_is_sent() -> None:
    sources = payload.library_sources()
    sent = set(payload.needed(sources, ["disk"]))
    assert f"{payload.PACKAGE}.checks.disk" in sent
    assert f"{payload.PACKAGE}.checks.http" not in sent
    assert len(sent) < 20


def test_a_host_without_a_named_interpreter_is_asked_which_it_has() -> None:
    completed = subprocess.run(
        ["sh", "-c", payload.command(None)],
        input=payload.pack(payload.library_sources(), "wiki", "UTC", []),
        capture_output=True,
        check=False,
        timeout=900,
    )
    assert payload.unpack(completed.stdout.decode()) == []
    nothing = subprocess.run(
        ["/bin/sh", "-c", payload.command(None).replace("/usr/", "/nowhere/")],
        env={"PATH": "/nowhere"},
        capture_output=True,
        check=False,
        timeout=900,
    )
    assert nothing.returncode == 127
    assert payload.NO_PYTHON in nothing.stderr.decode()


@pytest.mark.parametrize("python", OLD_PYTHONS or [Path(sys.executable)], ids=str)
def test_every_kind_loads_on_the_oldest_pythons_there_are(python: Path) -> None:
    """All kinds are sent to one interpreter; each is asked with parameters that cannot be fulfilled."""
    asked = [engine.Check(name=kind, kind=kind, parameters=_hollow(kind)) for kind in registry.KINDS]
    completed = subprocess.run(
        ["sh", "-c", payload.command(str(python))],
        input=payload.pack(payload.library_sources(), "wiki", "UTC", asked),
        capture_output=True,
        check=False,
        timeout=900,
    )
    results = payload.unpack(completed.stdout.decode())
    assert results is not None, completed.stderr.decode()
    assert [result["kind"] for result in results] == list(registry.KINDS)


def _hollow(kind: str) -> dict[str, Any]:
    hollow: dict[str, Any] = {"str": "/nonexistent/x", "path": "/nonexistent/x", "list": [], "dict": {}}
    return {
        name: rule.get("default", hollow.get(rule["type"], 1) if rule.get("required") else None)
        for name, rule in registry.load(kind).PARAMETERS.items()
    }
