# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check kind has cases for ok, warning, critical, unknown and garbage; some of them are looks at real files."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import registry
from tests.unit.cases import FIXTURES, load_cases

from .asking import differences, look
from .authority import issue

STATES = ("ok", "warning", "critical", "unknown")
GARBAGE = "garbage"
#: Where the cases of a kind are that have other names than its own.
OTHER_FOLDERS = {
    "service": ("observe_systemd", "observe_compose"),
    "security_updates": ("observe_security_updates", "parse_apt", "parse_dnf"),
}


@pytest.mark.parametrize("kind", registry.KINDS)
def test_a_kind_has_a_case_for_each_state_and_for_garbage(kind: str) -> None:
    found = [case["expected"] for _name, case in cases_of(kind)]
    states = {expected.get("state") for expected in found if isinstance(expected, dict)}
    assert set(STATES) <= states
    assert any(GARBAGE in name for name, _case in cases_of(kind))


def cases_of(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and content of all cases of a kind."""
    for folder in OTHER_FOLDERS.get(kind, (f"observe_{kind}",)):
        for path in sorted((FIXTURES / folder).glob("*.json")):
            yield path.stem, json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((FIXTURES / "look").glob(f"{kind}-*.json")):
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("arguments", "expected"), load_cases("look"))
def test_a_look_at_real_files(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    make(arguments, tmp_path)
    levels = {**arguments.get("levels", {}), "limits": arguments.get("limits", {})}
    result = look(arguments["kind"], **filled(arguments["parameters"], tmp_path), **levels)
    assert not differences(result, expected), result


def make(arguments: dict[str, Any], root: Path) -> None:
    """Make what a case looks at: files with an age, databases, certificates."""
    ages: dict[Path, float] = defaultdict(float)
    for name, statements in arguments.get("sqlite", {}).items():
        with sqlite3.connect(root / name) as database:
            for statement in statements:
                database.execute(statement)
        database.close()
    for name, statements in arguments.get("duckdb", {}).items():
        with duckdb.connect(str(root / name)) as session:
            for statement in statements:
                session.execute(statement)
    for name, days in arguments.get("certificates", {}).items():
        (root / name).write_bytes(issue("wiki.example.com", days=days).pem)
    for name, content in arguments.get("files", {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "hex" in content:
            path.write_bytes(bytes.fromhex(content["hex"]))
        else:
            path.write_text(filled(content["text"], root), encoding="utf-8")
        ages[path] = content.get("age_days", 0.0)
        ages[path.parent] = max(ages[path.parent], ages[path])
    for path, days in ages.items():
        moment = time.time() - days * 86400
        os.utime(path, (moment, moment))


def filled(value: Any, root: Path) -> Any:
    """Return a value with the paths, the process and the moments that only this run knows."""
    if isinstance(value, dict):
        return {key: filled(one, root) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, root) for one in value]
    if not isinstance(value, str):
        return value
    text = value.replace("{root}", str(root)).replace("{python}", sys.executable).replace("{pid}", str(os.getpid()))
    if "{gone}" in text:
        ended = subprocess.Popen(["true"])
        ended.wait()
        text = text.replace("{gone}", str(ended.pid))
    return re.sub(r"\{(\d+) days ago\}", lambda found: days_ago(int(found.group(1))), text)


def days_ago(days: int) -> str:
    """Return a moment as an application writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400))
