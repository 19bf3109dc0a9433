# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check may not read is unknown, never missing and never fine."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import registry
from tests.unit.patience import until_called

from .asking import look

NOBODY = 65534


@pytest.fixture
def closed() -> Iterator[Path]:
    """Return a directory that others may enter, with a file and a directory that they must not read."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "file").write_text("4711")
        (root / "directory" / "inner").mkdir(parents=True)
        (root / "open" / "closed").mkdir(parents=True)
        (root / "open" / "readable").write_text("12345")
        for path in (root / "file", root / "directory", root / "open" / "closed"):
            path.chmod(0)
        yield root
        for path in (root / "directory", root / "open" / "closed"):
            path.chmod(0o700)


def look_as_nobody(kind: str, **keys: Any) -> dict[str, Any]:
    """Look without the rights of root, in a child process that gives them up."""
    # Imported before the rights are gone: the interpreter's own library may be closed to others.
    registry.load(kind)
    time.strptime("2026", "%Y")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.write(writer, json.dumps(look(kind, **keys)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    result: dict[str, Any] = json.loads(answer)
    return result


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("disk", {"path": "directory/inner"}),
        ("file", {"path": "directory/inner"}),
        ("database_lock", {"path": "directory/inner"}),
        ("directory_size", {"paths": ["directory"]}),
        ("log_size", {"paths": ["directory"]}),
        ("log_size", {"paths": ["directory/*.log"]}),
        ("log_size", {"paths": ["*/app.log"]}),
        ("certificate", {"file": "file"}),
        ("certificate", {"certbot_directory": "directory"}),
        ("service", {"manager": "pid_file", "pid_file": "file"}),
        ("backup_set", {"root": "directory", "items": [{"name": "app.db"}]}),
    ],
)
def test_no_permission_is_unknown(closed: Path, kind: str, parameters: dict[str, Any]) -> None:
    placed = {
        key: [str(closed / one) for one in value] if key == "paths" else str(closed / value)
        for key, value in parameters.items()
        if key not in ("manager", "items")
    }
    result = look_as_nobody(kind, **{**parameters, **placed})
    assert (result["state"], result["reason"]["id"]) == ("unknown", "permission_denied")


def test_a_tree_with_a_closed_part_is_counted_but_not_known(closed: Path) -> None:
    result = look_as_nobody("directory_size", paths=[str(closed / "open")], warning="> 100")
    assert (result["state"], result["reason"]["id"]) == ("unknown", "directory_size_partly_unreadable")
    assert (result["value"], result["coverage"]) == (5, 0.5)


def test_a_backup_item_that_must_not_be_read_is_not_called_bad(closed: Path) -> None:
    (closed / "20261121_030000").mkdir()
    (closed / "20261121_030000" / "uploads").mkdir(mode=0)
    items = [{"name": "uploads", "type": "directory"}]
    result = look_as_nobody("backup_set", root=str(closed), items=items)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "backup_item_not_checked")


def test_a_process_of_another_user_is_seen(closed: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        until_called(process.pid, "sleep 600")
        (closed / "pid").write_text(str(process.pid))
        result = look_as_nobody(
            "service", manager="pid_file", pid_file=str(closed / "pid"), command_contains="sleep 600"
        )
        process.kill()
    assert result["state"] == "ok"
