# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as somebody gets it: built, installed without a network, documented, runnable."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
TIMEOUT_SECONDS = 900
ROLES = sorted(path.name for path in (CHECKOUT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted(path.stem for path in (CHECKOUT / "playbooks").glob("*.yml"))
# What a user of the archive has no use for.
DEVELOPMENT = (".cache", ".ci", ".demo", ".venv", "demo/", "inventories/demo", "tests/", "Makefile", "ansible.cfg")


def _names(folder: str) -> list[str]:
    return sorted(path.stem for path in (CHECKOUT / "plugins" / folder).glob("*.py") if path.stem != "__init__")


def run(arguments: list[str], directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's programs away from the checkout, with nothing of its settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))}
    return subprocess.run(
        [str(PROGRAMS / arguments[0]), *arguments[1:]],
        cwd=directory,
        env={**inherited, "HOME": str(directory), "ANSIBLE_NOCOLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the collection once."""
    directory = tmp_path_factory.mktemp("build")
    built = run(["ansible-galaxy", "collection", "build", str(CHECKOUT), "--output-path", str(directory)], directory)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = directory.glob("aiops-runbooks-*.tar.gz")
    return path


@pytest.fixture(scope="module")
def installed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the archive into an empty directory; return the collections path."""
    directory = tmp_path_factory.mktemp("collections")
    answer = run(
        ["ansible-galaxy", "collection", "install", str(archive), "--offline", "--collections-path", str(directory)],
        directory,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return directory


def test_the_archive_holds_what_users_need_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        members = opened.getnames()
    assert {"LICENSE", "README.md", "meta/runtime.yml", "playbooks/weekly.yml", "requirements.txt"} <= set(members)
    assert not [name for name in members if name.startswith(DEVELOPMENT) or name.endswith(".pyc")]


def documented(installed: Path, *arguments: str) -> str:
    """Return what ansible-doc says of the installed collection; starting it costs more than a page."""
    answer = run(["ansible-doc", *arguments], installed, ANSIBLE_COLLECTIONS_PATH=str(installed))
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def modules(installed: Path) -> dict[str, Any]:
    """Return the documentation of all modules by their full names."""
    names = [f"aiops.runbooks.{name}" for name in _names("modules")]
    pages: dict[str, Any] = json.loads(documented(installed, "-t", "module", "--json", *names))
    return pages


@pytest.fixture(scope="module")
def shown(installed: Path) -> dict[str, str]:
    """Return the page of each module as a person reads it, by its full name."""
    text = documented(installed, "-t", "module", *(f"aiops.runbooks.{name}" for name in _names("modules")))
    titles = list(re.finditer(r"^> MODULE (\S+)", text, re.MULTILINE))
    ends = [title.start() for title in titles[1:]] + [len(text)]
    return {title[1]: text[title.end() : end] for title, end in zip(titles, ends, strict=True)}


@pytest.mark.parametrize("module", _names("modules"))
def test_every_module_is_documented_after_an_install(
    modules: dict[str, Any], shown: dict[str, str], module: str
) -> None:
    page = modules[f"aiops.runbooks.{module}"]
    assert page["doc"]["short_description"]
    assert page["examples"]
    assert page["return"]
    assert all(option["description"] for option in page["doc"].get("options", {}).values())
    text = shown[f"aiops.runbooks.{module}"]
    assert [part for part in ("ATTRIBUTES:", "AUTHOR:", "EXAMPLES:", "RETURN VALUES:") if part not in text] == []


@pytest.mark.parametrize("kind", ["filter", "callback"])
def test_every_other_plugin_is_documented(installed: Path, kind: str) -> None:
    listed = json.loads(documented(installed, "-t", kind, "--list", "--json", "aiops.runbooks"))
    assert set(listed) == {f"aiops.runbooks.{name}" for name in _names(kind)}
    assert all(listed.values())


@pytest.fixture(scope="module")
def roles(installed: Path) -> dict[str, Any]:
    """Return the documentation of all roles by their full names."""
    names = [f"aiops.runbooks.{name}" for name in ROLES]
    pages: dict[str, Any] = json.loads(documented(installed, "-t", "role", "--json", *names))
    return pages


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_documented(roles: dict[str, Any], role: str) -> None:
    assert roles[f"aiops.runbooks.{role}"]["entry_points"]["main"]["short_description"]


def test_every_playbook_is_found_by_its_full_name(installed: Path) -> None:
    answer = run(
        ["ansible-playbook", *(f"aiops.runbooks.{name}" for name in PLAYBOOKS), "--syntax-check", "-i", "localhost,"],
        installed,
        ANSIBLE_COLLECTIONS_PATH=str(installed),
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found = re.findall(r"^playbook: (.+)$", answer.stdout, re.MULTILINE)
    assert sorted(Path(path).stem for path in found) == PLAYBOOKS


def test_an_installed_playbook_looks_records_and_reports(installed: Path, tmp_path: Path) -> None:
    check = {"name": "load", "kind": "cpu", "every": ["weekly"], "parameters": {"sample_seconds": 0.1}}
    host = {"ansible_connection": "local", "system_name": "wiki", "system_checks": [check]}
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"wiki-1": host}}}))
    answer = run(
        ["ansible-playbook", "aiops.runbooks.weekly", "-i", str(inventory)],
        tmp_path,
        ANSIBLE_COLLECTIONS_PATH=str(installed),
        ANSIBLE_PYTHON_INTERPRETER=sys.executable,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    kept = tmp_path / ".local" / "state" / "aiops-runbooks"
    assert (kept / "store.sqlite").is_file()
    # Without the callback of this checkout's configuration the action shows the table itself.
    assert f"Report: {kept / 'reports'}" in answer.stdout
