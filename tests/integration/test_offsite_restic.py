# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What restic stored is read back, and the repository's password is seen by nobody."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_module import Answer, call_module
from tests.integration.vault import HOST, PASSWORD, Vault, make_vault

# One of them looks at the arguments of all processes, those of the other ones included.
pytestmark = pytest.mark.xdist_group("offsite_restic")


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """Return a set, and a host to which it can be copied."""
    made = make_vault(tmp_path)
    monkeypatch.setenv("PATH", made.path)
    return made


class Watch(threading.Thread):
    """Looks at the arguments of all processes of the machine for as long as it runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[str] = set()
        self.done = threading.Event()

    def run(self) -> None:
        """Look, again and again."""
        while not self.done.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
                except OSError:
                    continue


def copy(vault: Vault, **changes: Any) -> Answer:
    """Copy the set; what the module is told goes through a file, as in a play."""
    asked = {"source": str(vault.set), "repository": f"sftp:{HOST}:{vault.directory}/repository", **vault.reach}
    return call_module("offsite_restic", {**asked, "system": "wiki", "host": "wiki-1", **changes}, "-vvv")


def test_a_copy_a_password_and_a_repository_that_is_damaged(vault: Vault, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    # Ansible's own command line, which is this test's, has the name of a file instead.
    password = f"{{{{ lookup('ansible.builtin.file', '{secret}') }}}}"
    watch = Watch()
    watch.start()
    made = copy(vault, password=password, initialise=True)
    watch.done.set()
    watch.join()
    assert (made.word, made.result.get("verified")) == ("CHANGED", True), made
    assert PASSWORD not in str(made)
    assert any(" backup --json" in line and line.startswith("restic ") for line in watch.seen), (
        "it looked at the right time"
    )
    assert not [line for line in watch.seen if PASSWORD in line]
    again = copy(vault, password=password)
    assert (again.word, again.result["verified"]) == ("SUCCESS", True)

    wrong = copy(vault, password="not-the-right-one")
    assert (wrong.word, "not-the-right-one" in str(wrong)) == ("FAILED", False)

    packs = [path for path in (vault.directory / "repository" / "data").rglob("*") if path.is_file()]
    pack = max(packs, key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    pack.chmod(0o600)
    pack.write_bytes(content)
    damaged = copy(vault, password=password)
    assert damaged.word == "FAILED", "what is stored is not what was sent"
    assert "restic could not" in damaged.result["msg"]
    assert "github.com" not in damaged.result["msg"]
    pack.unlink()
    lost = copy(vault, password=password)
    assert lost.word == "FAILED"
    assert "restic could not" in lost.result["msg"]


def test_somebody_else_s_lock_is_waited_for(vault: Vault) -> None:
    repository = vault.directory / "repository"
    assert copy(vault, password=PASSWORD, initialise=True).word == "CHANGED"
    held = subprocess.Popen(
        ["restic", "--no-cache", "--quiet", "--repo", str(repository), "backup", "--stdin"],
        env={**os.environ, "RESTIC_PASSWORD": PASSWORD},
        stdin=subprocess.PIPE,
    )
    deadline = time.monotonic() + 300
    while not any((repository / "locks").iterdir()):
        assert held.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    let_go = threading.Timer(8, held.communicate, [b"what somebody else stores"])
    let_go.start()
    waited = copy(vault, password=PASSWORD)
    let_go.join()
    assert held.returncode == 0
    assert (waited.word, waited.result.get("verified")) == ("SUCCESS", True), waited


def test_a_password_within_the_address_is_not_shown(vault: Vault) -> None:
    shown = copy(vault, repository="rest:http://wiki:in-the-address@127.0.0.1:1/wiki", password=PASSWORD)
    assert shown.word == "FAILED"
    assert "in-the-address" not in str(shown)


@pytest.mark.parametrize("stored", ["snapshots", "index"])
def test_a_repository_that_lost_its_configuration_is_not_made_anew(vault: Vault, stored: str) -> None:
    for place in ("", "local:", f"sftp:{HOST}:"):
        directory = vault.directory / "repository" / stored
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ("1" * 64)).write_text("something")
        asked = {"repository": f"{place}{vault.directory}/repository", "password": PASSWORD, "initialise": True}
        refused = copy(vault, **asked)
        assert refused.word == "FAILED"
        assert "but no configuration" in refused.result["msg"]
        assert [path.name for path in (vault.directory / "repository").rglob("*") if path.is_file()] == ["1" * 64]
