# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedures `data_export` and `data_import`: out, back in, and back again (DIY-12, DIY-21)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.weekly.runs import Played, digests, play


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Return the directory of a wiki's pages."""
    pages = tmp_path / "wiki" / "pages"
    (pages / "deep").mkdir(parents=True)
    (pages / "home.txt").write_text("welcome\n")
    (pages / "deep" / "picture").write_bytes(bytes(range(256)))
    (tmp_path / "wiki" / "config.json").write_text("{}")
    return pages


def run(pages: Path, playbook: str, *arguments: str, health: str = "true", **parameters: Any) -> Played:
    """Run a procedure of an invented system on this machine."""
    root = pages.parent.parent
    contents = [
        {"name": "pages", "type": "files", "source": str(pages)},
        {"name": "config.json", "type": "files", "source": str(pages.parent / "config.json")},
    ]
    export = {"directory": str(root / "exports"), "prefix": "wiki-data", "contents": contents}
    bring = {"contents": contents, "state_directory": str(root / "import"), "seconds": 1}
    actions = [
        {"name": "export", "type": "data_export", "every": ["data_export"], "parameters": {**export, **parameters}},
        {"name": "import", "type": "data_import", "every": ["data_import"], "parameters": {**bring, **parameters}},
    ]
    if parameters:
        actions = [action for action in actions if action["every"] == [playbook]]
    check = {"name": "health", "kind": "command", "parameters": {"argv": ["sh", "-c", health]}}
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "system_name": "wiki",
        "system_checks": [check],
        "system_verification": ["health"],
        "system_actions": actions,
    }
    inventory = root / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"wiki-1": host}}}))
    return play(inventory, root / "state", *arguments, playbook=f"playbooks/{playbook}.yml")


def test_out_in_and_back(pages: Path) -> None:
    root = pages.parent.parent
    planned = run(pages, "data_export", "--check")
    assert planned.status == 0, planned.output
    assert not (root / "exports").exists()
    (root / "exports").mkdir()
    (root / "exports" / "wiki-data-20200101.json").write_text("{}")
    done = run(pages, "data_export")
    assert done.status == 0, done.output
    (export,) = (root / "exports").iterdir()
    exported = digests(pages)

    (pages / "home.txt").write_text("vandalised\n")
    (pages / "new.txt").write_text("made since\n")
    changed = digests(pages)
    asked = ("-e", f"data_import_file={export}")
    looked = run(pages, "data_import", *asked, "--check")
    assert looked.status == 0, looked.output
    assert run(pages, "data_import", *asked).status != 0, "nobody has named the host"
    assert digests(pages) == changed

    hostile = root / "hostile.json"
    hostile.write_text(export.read_text().replace('"pages/home.txt"', '"pages/../../../evil"'))
    refused = run(pages, "data_import", "-e", f"data_import_file={hostile}", "-e", "run_confirm=wiki-1")
    assert refused.status != 0
    assert "is not a plain path" in " ".join(refused.output.split())
    assert digests(pages) == changed

    unwell = run(pages, "data_import", *asked, "-e", "run_confirm=wiki-1", health=f"test -e {pages}/new.txt")
    assert unwell.status != 0
    assert digests(pages) == changed, "it goes back when the system is not well with it"

    imported = run(pages, "data_import", *asked, "-e", "run_confirm=wiki-1")
    assert imported.status == 0, imported.output
    assert digests(pages) == exported
    (action,) = imported.newest()["wiki-1"]["actions"]
    assert action["state"] == "done"
    assert not (root / "import" / "import.tar").exists()


def test_the_application_s_own_commands(pages: Path) -> None:
    root = pages.parent.parent
    command = ["sh", "-c", f'echo \'{{"pages": ["home"]}}\'; touch {root}/asked']
    planned = run(pages, "data_export", "--check", command=command)
    assert planned.status == 0, planned.output
    assert not (root / "asked").exists()
    done = run(pages, "data_export", command=command)
    assert done.status == 0, done.output
    (export,) = (root / "exports").iterdir()
    assert json.loads(export.read_text()) == {"pages": ["home"]}
    bring = ["cp", "--target-directory", str(pages)]
    done = run(pages, "data_import", "-e", f"data_import_file={export}", "-e", "run_confirm=wiki-1", command=bring)
    assert done.status == 0, done.output
    assert (pages / export.name).read_text() == export.read_text()
